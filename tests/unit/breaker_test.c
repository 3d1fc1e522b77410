#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "upstream/breaker.h"

enum { S = 1000000, THREADS = 4, ROUNDS = 20000 };

static const struct breaker_spec spec = {
    .errors = 50, .volume = 20, .window_us = 10 * S, .open_us = 5 * S, .probes = 3};

static void
results(struct breaker *b, unsigned well, unsigned failed, uint64_t now)
{
	while (well-- > 0)
		(void)breaker_result(b, &spec, false, false, now);
	while (failed-- > 0)
		(void)breaker_result(b, &spec, false, true, now);
}

/* One that has opened at `now`. */
static struct breaker
opened(uint64_t now)
{
	struct breaker b = {0};

	results(&b, 0, 20, now);
	assert_int_equal(b.at, BREAKER_OPEN);
	return b;
}

static void
opens_when_half_of_enough_results_failed(void **state)
{
	struct breaker b = {0};

	(void)state;
	results(&b, 10, 9, S);
	assert_int_equal(breaker_ask(&b, &spec, S), BREAKER_LETS);
	assert_true(breaker_result(&b, &spec, false, true, S));
	assert_int_equal(breaker_ask(&b, &spec, S), BREAKER_REFUSES);
	assert_int_equal(b.opened, 1);
}

static void
stays_closed_on_few_results_and_on_few_failures(void **state)
{
	struct breaker b = {0};

	(void)state;
	results(&b, 0, 19, S);
	assert_int_equal(b.at, BREAKER_CLOSED);
	b = (struct breaker){0};
	results(&b, 1000, 999, S);
	assert_int_equal(b.at, BREAKER_CLOSED);
}

static void
forgets_what_is_older_than_its_window(void **state)
{
	struct breaker b = {0};

	(void)state;
	results(&b, 0, 19, S);
	results(&b, 0, 1, 12 * S);
	assert_int_equal(b.at, BREAKER_CLOSED);
	results(&b, 0, 18, 17 * S + S / 2); /* the next half: the one before still counts */
	assert_int_equal(b.at, BREAKER_CLOSED);
	results(&b, 0, 1, 17 * S + S / 2);
	assert_int_equal(b.at, BREAKER_OPEN);
}

static void
lets_a_few_probes_through_after_a_while(void **state)
{
	struct breaker b = opened(S);

	(void)state;
	assert_int_equal(breaker_ask(&b, &spec, 6 * S - 1), BREAKER_REFUSES);
	for (int i = 0; i < 3; i++)
		assert_int_equal(breaker_ask(&b, &spec, 6 * S), BREAKER_PROBES);
	assert_int_equal(breaker_ask(&b, &spec, 6 * S), BREAKER_REFUSES);
	breaker_spare(&b); /* one ended without a word */
	assert_int_equal(breaker_ask(&b, &spec, 6 * S), BREAKER_PROBES);
	assert_int_equal(breaker_ask(&b, &spec, 6 * S), BREAKER_REFUSES);
}

static void
closes_when_all_probes_are_well(void **state)
{
	struct breaker b = opened(S);

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(breaker_ask(&b, &spec, 7 * S), BREAKER_PROBES);
		assert_int_equal(breaker_result(&b, &spec, true, false, 7 * S), i == 2);
	}
	assert_int_equal(b.at, BREAKER_CLOSED);
	assert_int_equal(breaker_ask(&b, &spec, 7 * S), BREAKER_LETS);
	results(&b, 0, 19, 7 * S); /* what was before is forgotten */
	assert_int_equal(b.at, BREAKER_CLOSED);
}

static void
opens_again_when_a_probe_fails(void **state)
{
	struct breaker b = opened(S);

	(void)state;
	assert_int_equal(breaker_ask(&b, &spec, 7 * S), BREAKER_PROBES);
	assert_int_equal(breaker_ask(&b, &spec, 7 * S), BREAKER_PROBES);
	assert_true(breaker_result(&b, &spec, true, true, 8 * S));
	assert_false(breaker_result(&b, &spec, true, false, 8 * S)); /* too late to matter */
	assert_int_equal(breaker_ask(&b, &spec, 13 * S - 1), BREAKER_REFUSES);
	assert_int_equal(breaker_ask(&b, &spec, 13 * S), BREAKER_PROBES);
	assert_int_equal(b.opened, 2);
}

static void
ignores_results_of_before_it_opened(void **state)
{
	struct breaker b = opened(S);

	(void)state;
	results(&b, 100, 0, 2 * S);
	assert_int_equal(b.at, BREAKER_OPEN);
}

static void *
fail_a_lot(void *arg)
{
	struct breaker *b = arg;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		uint64_t now = i * S / 100;
		enum breaker_pass pass = breaker_ask(b, &spec, now);

		if (pass != BREAKER_REFUSES)
			(void)breaker_result(b, &spec, pass == BREAKER_PROBES, i % 8 != 0, now);
	}
	return NULL;
}

static void
counts_for_all_workers_at_once(void **state)
{
	pthread_t threads[THREADS];
	struct breaker b = {0};

	(void)state;
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, fail_a_lot, &b), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_true(b.opened > 1);
	assert_true(b.probing <= spec.probes + THREADS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(opens_when_half_of_enough_results_failed),
	    cmocka_unit_test(stays_closed_on_few_results_and_on_few_failures),
	    cmocka_unit_test(forgets_what_is_older_than_its_window),
	    cmocka_unit_test(lets_a_few_probes_through_after_a_while),
	    cmocka_unit_test(closes_when_all_probes_are_well),
	    cmocka_unit_test(opens_again_when_a_probe_fails),
	    cmocka_unit_test(ignores_results_of_before_it_opened),
	    cmocka_unit_test(counts_for_all_workers_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
