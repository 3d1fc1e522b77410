/* Outliers by a clock of our own: streaks, how long an ejection lasts, and who stands out. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "upstream/outlier.h"

enum { S = 1000000 };

static const struct outlier_spec mild = {
    .on = true,
    .streak = {[OUTLIER_FAILURES] = 5},
    .interval = 10 * (uint64_t)S,
    .ejection = 30 * (uint64_t)S,
    .max_ejection = 300 * (uint64_t)S,
    .max_ejected = 10,
    .success_rate = 190,
    .min_endpoints = 5,
    .min_requests = 100,
};

/* Notes results by letter: g good, e error, w gateway, l local. How many times somebody is told. */
static unsigned
note(_Atomic uint64_t *streaks, const struct outlier_spec *spec, const char *results,
    enum outlier_detector *which)
{
	unsigned told = 0;

	for (; *results != '\0'; results++) {
		enum outlier_detector d = OUTLIER_DETECTORS;
		enum outlier_result r = *results == 'g'   ? OUTLIER_GOOD
					: *results == 'e' ? OUTLIER_ERROR
					: *results == 'w' ? OUTLIER_GATEWAY
							  : OUTLIER_LOCAL;

		if (outlier_note(streaks, spec, r, &d)) {
			*which = d;
			told++;
		}
	}
	return told;
}

static void
tells_of_a_streak_once_and_at_its_threshold(void **state)
{
	static const struct {
		uint32_t failures, gateways, locals;
		const char *results;
		unsigned told;
		enum outlier_detector which;
	} rows[] = {
	    {5, 0, 0, "eeee", 0, 0},
	    {5, 0, 0, "eewle", 1, OUTLIER_FAILURES},
	    {5, 0, 0, "eeeegeeee", 0, 0},
	    {5, 0, 0, "eeeeeeeeeeeeeeee", 1, OUTLIER_FAILURES},
	    {5, 0, 0, "eeeeegeeeee", 1, OUTLIER_FAILURES}, /* not heard yet: not told again */
	    {0, 3, 0, "wwewwew", 0, 0},
	    {0, 3, 0, "wlw", 1, OUTLIER_GATEWAYS},
	    {5, 3, 0, "eewww", 1, OUTLIER_FAILURES},
	    {3, 0, 3, "eelel", 1, OUTLIER_FAILURES}, /* split: local ones neither add nor end */
	    {5, 0, 3, "lelel", 0, 0},                /* split: an answer ends local ones */
	    {5, 0, 3, "lll", 1, OUTLIER_LOCALS},
	    {0, 0, 0, "eeeeeeeeelllllllll", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct outlier_spec spec = {
		    .streak = {rows[i].failures, rows[i].gateways, rows[i].locals}};
		_Atomic uint64_t streaks = 0;
		enum outlier_detector which = OUTLIER_DETECTORS;

		assert_int_equal(note(&streaks, &spec, rows[i].results, &which), rows[i].told);
		if (rows[i].told > 0)
			assert_int_equal(which, rows[i].which);
	}
}

static void
counts_from_none_when_it_was_heard(void **state)
{
	_Atomic uint64_t streaks = 0;
	enum outlier_detector which;

	(void)state;
	assert_int_equal(note(&streaks, &mild, "eeeeeee", &which), 1);
	outlier_heard(&streaks);
	assert_int_equal(note(&streaks, &mild, "eeee", &which), 0);
	assert_int_equal(note(&streaks, &mild, "e", &which), 1);
}

static void
a_streak_does_not_spill_into_its_neighbour(void **state)
{
	struct outlier_spec spec = {.streak = {0}};
	_Atomic uint64_t streaks = 0;
	enum outlier_detector which;

	(void)state;
	for (int i = 0; i < 70000; i++)
		assert_false(outlier_note(&streaks, &spec, OUTLIER_ERROR, &which));
	assert_true(streaks == 0xffff);
	assert_false(outlier_note(&streaks, &spec, OUTLIER_GOOD, &which));
	assert_true(streaks == 0);
}

static void
knows_what_failed_by_the_status(void **state)
{
	(void)state;
	assert_int_equal(outlier_of_status(200), OUTLIER_GOOD);
	assert_int_equal(outlier_of_status(404), OUTLIER_GOOD);
	assert_int_equal(outlier_of_status(429), OUTLIER_GOOD);
	assert_int_equal(outlier_of_status(500), OUTLIER_ERROR);
	assert_int_equal(outlier_of_status(501), OUTLIER_ERROR);
	assert_int_equal(outlier_of_status(503), OUTLIER_GATEWAY);
	assert_int_equal(outlier_of_grpc(GRPC_OK), OUTLIER_GOOD);
	assert_int_equal(outlier_of_grpc(GRPC_NOT_FOUND), OUTLIER_GOOD);
	assert_int_equal(outlier_of_grpc(GRPC_INTERNAL), OUTLIER_ERROR);
	assert_int_equal(outlier_of_grpc(GRPC_UNAVAILABLE), OUTLIER_GATEWAY);
}

static void
ejects_for_longer_each_time_and_forgives_in_peace(void **state)
{
	struct outlier_spec spec = mild;
	struct outlier_term t = {0};

	(void)state;
	assert_true(outlier_eject(&t, &spec, 100 * S, 7) == 30 * S);
	assert_true(t.until == 130 * S);
	outlier_peace(&t, &spec, 120 * S); /* it is out: that is no peace */
	assert_int_equal(t.nth, 1);
	outlier_return(&t, 130 * S);
	assert_true(outlier_eject(&t, &spec, 200 * S, 7) == 60 * S);
	outlier_return(&t, 260 * S);
	outlier_peace(&t, &spec, 265 * S); /* not for a whole interval */
	assert_int_equal(t.nth, 2);
	for (uint64_t now = 270 * S; now < 300 * S; now += 10 * S)
		outlier_peace(&t, &spec, now);
	assert_int_equal(t.nth, 0);
	for (int i = 0; i < 20; i++)
		assert_true(outlier_eject(&t, &spec, 0, 0) <= 300 * (uint64_t)S);
	assert_true(outlier_eject(&t, &spec, 0, 0) == 300 * (uint64_t)S);
	spec.jitter = 5 * S;
	assert_true(outlier_eject(&t, &spec, 0, 3 * S) == 303 * (uint64_t)S);
	spec.ejection = 900 * (uint64_t)S; /* more than the most: then it is the most */
	spec.jitter = 0;
	assert_true(outlier_eject(&t, &spec, 0, 0) == 900 * (uint64_t)S);
}

static void
ejects_one_always_a_tenth_at_most_and_never_the_last(void **state)
{
	static const struct {
		uint32_t n, ejected, usable;
		enum outlier_verdict verdict;
	} rows[] = {
	    {1, 0, 1, OUTLIER_LAST},
	    {2, 0, 2, OUTLIER_EJECT},
	    {2, 0, 1, OUTLIER_LAST},
	    {3, 1, 2, OUTLIER_ENOUGH},
	    {19, 1, 18, OUTLIER_ENOUGH},
	    {20, 1, 19, OUTLIER_EJECT},
	    {20, 2, 18, OUTLIER_ENOUGH},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++)
		assert_int_equal(outlier_may(&mild, rows[i].n, rows[i].ejected, rows[i].usable),
		    rows[i].verdict);
}

static void
finds_by_success_rate_only_who_is_clearly_worse_than_the_others(void **state)
{
	struct outlier_case v[6] = {
	    {.good = 990, .failed = 10}, {.good = 1000, .failed = 0}, {.good = 995, .failed = 5},
	    {.good = 998, .failed = 2}, {.good = 700, .failed = 300},
	    {.good = 1, .failed = 20}, /* too few to be judged */
	};

	(void)state;
	outlier_compare(&mild, v, 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(v[i].found, i == 4);
	assert_int_equal(v[4].which, OUTLIER_SUCCESS_RATE);
	assert_int_equal(v[4].value, 7000);
	assert_true(v[4].threshold > 7000 && v[4].threshold < 9500);
	outlier_compare(&mild, v + 1, 5); /* only four have enough requests */
	assert_false(v[4].found);
	v[4] =
	    (struct outlier_case){.good = 970, .failed = 30}; /* far in deviations, near in fact */
	outlier_compare(&mild, v, 6);
	assert_false(v[4].found);
}

static void
finds_by_percentage_and_latency_when_asked(void **state)
{
	struct outlier_spec spec = mild;
	struct outlier_case v[5];

	(void)state;
	for (size_t i = 0; i < 5; i++)
		v[i] = (struct outlier_case){.good = 10, .failed = 190, .p95_us = 20000};
	outlier_compare(&spec, v, 5);
	for (size_t i = 0; i < 5; i++)
		assert_false(v[i].found); /* all alike: none stands out */
	spec.failure_percentage = 85;
	outlier_compare(&spec, v, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_true(v[i].found && v[i].which == OUTLIER_FAILURE_PERCENTAGE);
		assert_true(v[i].value == 9500 && v[i].threshold == 8500);
	}
	spec.failure_percentage = 0;
	spec.latency = 300;
	v[2].p95_us = 70000;
	outlier_compare(&spec, v, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(v[i].found, i == 2);
	assert_true(v[2].which == OUTLIER_LATENCY && v[2].threshold == 60000);
	for (size_t i = 0; i < 5; i++) /* ten times the others, and fast nevertheless */
		v[i].p95_us = i == 2 ? 9000 : 900;
	outlier_compare(&spec, v, 5);
	assert_false(v[2].found);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *
fail_much(void *arg)
{
	uintptr_t told = 0;

	for (int i = 0; i < ROUNDS; i++) {
		enum outlier_detector which;

		told += outlier_note(arg, &mild, OUTLIER_LOCAL, &which);
	}
	return (void *)told;
}

/* To be run under TSan, too. */
static void
only_one_of_many_workers_tells(void **state)
{
	_Atomic uint64_t streaks = 0;
	pthread_t threads[THREADS];
	uintptr_t sum = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, fail_much, &streaks), 0);
	for (int i = 0; i < THREADS; i++) {
		void *told;

		pthread_join(threads[i], &told);
		sum += (uintptr_t)told;
	}
	assert_int_equal(sum, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tells_of_a_streak_once_and_at_its_threshold),
	    cmocka_unit_test(counts_from_none_when_it_was_heard),
	    cmocka_unit_test(a_streak_does_not_spill_into_its_neighbour),
	    cmocka_unit_test(knows_what_failed_by_the_status),
	    cmocka_unit_test(ejects_for_longer_each_time_and_forgives_in_peace),
	    cmocka_unit_test(ejects_one_always_a_tenth_at_most_and_never_the_last),
	    cmocka_unit_test(finds_by_success_rate_only_who_is_clearly_worse_than_the_others),
	    cmocka_unit_test(finds_by_percentage_and_latency_when_asked),
	    cmocka_unit_test(only_one_of_many_workers_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
