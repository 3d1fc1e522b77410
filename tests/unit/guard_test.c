#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "upstream/guard.h"

enum { S = 1000000, WORKERS = 2, THREADS = 4, ROUNDS = 20000, LIMIT = 3 };

static int
guard_open(void **state)
{
	static struct guard g;

	g = (struct guard){0};
	guard_init(&g, WORKERS);
	*state = &g;
	return 0;
}

static int
guard_close(void **state)
{
	struct guard *g = *state;

	assert_true(guard_is_unused(g));
	guard_fini(g);
	return 0;
}

static void
holds_exactly_as_many_as_the_limit(void **state)
{
	const struct guard_spec spec = {.max_requests = 2};
	struct guard_pass p[3] = {0};
	struct guard *g = *state;

	assert_int_equal(guard_enter(g, &spec, &p[0], S), FAULT_none);
	assert_int_equal(guard_enter(g, &spec, &p[1], S), FAULT_none);
	assert_int_equal(guard_enter(g, &spec, &p[2], S), FAULT_connection_limit_reached);
	assert_false(p[2].inside);
	guard_leave(g, &p[2]); /* was never inside: counts nothing */
	guard_leave(g, &p[0]);
	assert_int_equal(guard_enter(g, &spec, &p[2], S), FAULT_none);
	guard_leave(g, &p[1]);
	guard_leave(g, &p[2]);
	guard_leave(g, &p[2]); /* twice is safe */
}

static void
lets_everybody_in_without_limits(void **state)
{
	const struct guard_spec spec = {0};
	struct guard_pass p[50] = {0};
	struct guard *g = *state;

	for (size_t i = 0; i < nelem(p); i++)
		assert_int_equal(guard_enter(g, &spec, &p[i], S), FAULT_none);
	for (size_t i = 0; i < nelem(p); i++)
		guard_leave(g, &p[i]);
}

static void
says_which_limit_it_was(void **state)
{
	const struct guard_spec spec = {.max_requests = 30, .concurrency = {1, 100, 150}};
	struct guard_pass p[21] = {0};
	struct guard *g = *state;

	for (size_t i = 0; i < 20; i++)
		assert_int_equal(guard_enter(g, &spec, &p[i], S), FAULT_none);
	assert_int_equal(guard_enter(g, &spec, &p[20], S), FAULT_concurrency_limited);
	for (size_t i = 0; i < 20; i++)
		guard_leave(g, &p[i]);
}

static const struct guard_spec broken = {
    .breaker = {.errors = 50, .volume = 5, .window_us = 10 * S, .open_us = S, .probes = 1}};

static void
one_result(struct guard *g, bool failed, uint64_t now, enum fault expected)
{
	struct guard_pass p = {0};

	assert_int_equal(guard_enter(g, &broken, &p, now), expected);
	if (expected == FAULT_none)
		(void)guard_result(g, &broken, &p, failed, 1000, now);
	guard_leave(g, &p);
}

static void
leaves_a_failing_backend_alone_and_comes_back(void **state)
{
	struct guard *g = *state;

	for (int i = 0; i < 5; i++)
		one_result(g, true, S, FAULT_none);
	one_result(g, true, S, FAULT_circuit_open);
	one_result(g, false, 2 * S, FAULT_none); /* the probe */
	one_result(g, false, 2 * S, FAULT_none);
}

static void
gives_a_probe_without_a_result_to_another(void **state)
{
	struct guard_pass probe = {0};
	struct guard *g = *state;

	for (int i = 0; i < 5; i++)
		one_result(g, true, S, FAULT_none);
	assert_int_equal(guard_enter(g, &broken, &probe, 2 * S), FAULT_none);
	one_result(g, false, 2 * S, FAULT_circuit_open);
	guard_leave(g, &probe); /* its client has left */
	one_result(g, false, 2 * S, FAULT_none);
	assert_int_equal(g->breaker.at, BREAKER_CLOSED);
}

/* Enters one of p and wants another try for it. */
static bool
one_retry(struct guard *g, const struct guard_spec *spec, struct guard_pass *p)
{
	if (!p->inside)
		assert_int_equal(guard_enter(g, spec, p, S), FAULT_none);
	return guard_retry(g, spec, p);
}

static void
retries_are_a_share_of_the_requests_that_are_none(void **state)
{
	const struct guard_spec spec = {.retry_budget = 20};
	struct guard_pass p[120] = {0};
	struct guard *g = *state;
	unsigned retries = 0;

	for (size_t i = 0; i < nelem(p); i++)
		assert_int_equal(guard_enter(g, &spec, &p[i], S), FAULT_none);
	for (size_t i = 0; i < nelem(p); i++)
		retries += guard_retry(g, &spec, &p[i]);
	assert_int_equal(retries, 20);             /* of 100 others: 1.2 times the load */
	assert_true(guard_retry(g, &spec, &p[0])); /* is counted once, however often it tries */
	assert_false(guard_retry(g, &spec, &p[119]));
	guard_retry_done(g, &p[0]);
	guard_retry_done(g, &p[0]);
	assert_true(guard_retry(g, &spec, &p[119]));
	for (size_t i = 0; i < nelem(p); i++)
		guard_leave(g, &p[i]);
	assert_int_equal(g->retries, 0);
}

static void
three_may_always_be_tried_again(void **state)
{
	const struct guard_spec spec = {.retry_budget = 1};
	struct guard_pass p[4] = {0};
	struct guard *g = *state;

	for (size_t i = 0; i < nelem(p); i++)
		assert_int_equal(one_retry(g, &spec, &p[i]), i < 3);
	guard_leave(g, &p[1]);
	assert_true(one_retry(g, &spec, &p[3]));
	for (size_t i = 0; i < nelem(p); i++)
		guard_leave(g, &p[i]);
	assert_int_equal(g->retries, 0);
}

static void
without_a_budget_all_may_be(void **state)
{
	const struct guard_spec spec = {0};
	struct guard_pass p[50] = {0};
	struct guard *g = *state;

	for (size_t i = 0; i < nelem(p); i++)
		assert_true(one_retry(g, &spec, &p[i]));
	assert_int_equal(g->retries, 0);
	for (size_t i = 0; i < nelem(p); i++)
		guard_leave(g, &p[i]);
}

struct crowd {
	struct guard *guard;
	uint32_t worker;
	_Atomic uint32_t *inside, *most;
};

static void *
come_and_go(void *arg)
{
	const struct guard_spec spec = {.max_requests = LIMIT};
	struct crowd *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct guard_pass p = {0};
		uint32_t inside;

		if (guard_enter(c->guard, &spec, &p, S) != FAULT_none)
			continue;
		inside = atomic_fetch_add(c->inside, 1) + 1;
		if (inside > atomic_load(c->most))
			atomic_store(c->most, inside);
		atomic_fetch_sub(c->inside, 1);
		guard_leave(c->guard, &p);
	}
	return NULL;
}

static void
never_lets_one_too_many_in(void **state)
{
	_Atomic uint32_t inside = 0, most = 0;
	struct crowd crowds[THREADS];
	pthread_t threads[THREADS];

	for (uint32_t i = 0; i < THREADS; i++) {
		crowds[i] = (struct crowd){*state, i % WORKERS, &inside, &most};
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &crowds[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_in_range(most, 1, LIMIT);
}

int
main(void)
{
#define GUARD(test) cmocka_unit_test_setup_teardown(test, guard_open, guard_close)
	const struct CMUnitTest tests[] = {
	    GUARD(holds_exactly_as_many_as_the_limit),
	    GUARD(lets_everybody_in_without_limits),
	    GUARD(says_which_limit_it_was),
	    GUARD(leaves_a_failing_backend_alone_and_comes_back),
	    GUARD(gives_a_probe_without_a_result_to_another),
	    GUARD(retries_are_a_share_of_the_requests_that_are_none),
	    GUARD(three_may_always_be_tried_again),
	    GUARD(without_a_budget_all_may_be),
	    GUARD(never_lets_one_too_many_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
