#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "place.h"
#include "upstream/backend.h"
#include "upstream/health.h"

static struct addr
address(const char *text)
{
	struct addr a;

	assert_true(addr_parse(str_from(text), false, &a));
	return a;
}

static struct endpoint *
endpoint(struct place *p, const char *backend, const char *name, const char *addr)
{
	struct addr a = address(addr);

	return registry_endpoint(p->registry, str_from(backend), str_from(name), &a);
}

static void
finds_the_living_one_by_backend_name_and_address(void **state)
{
	struct endpoint *e = endpoint(*state, "b", "host:80", "10.0.0.1:80");
	struct endpoint *same = endpoint(*state, "b", "host:80", "10.0.0.1:80");
	struct endpoint *others[] = {
	    endpoint(*state, "c", "host:80", "10.0.0.1:80"),
	    endpoint(*state, "b", "host:81", "10.0.0.1:80"),
	    endpoint(*state, "b", "host:80", "10.0.0.2:80"),
	    endpoint(*state, "b", "host:80", "10.0.0.1:81"),
	    endpoint(*state, "b", "host:80", "[::1]:80"),
	    endpoint(*state, "b", "host:80", "[::2]:80"),
	};

	assert_ptr_equal(e, same);
	assert_int_equal(e->refs, 2);
	assert_int_equal((uintptr_t)e % CACHE_LINE, 0);
	assert_true(str_eq(e->backend, STR("b")) && str_eq(e->name, STR("host:80")));
	assert_int_equal(endpoint_state(e), ENDPOINT_UNCHECKED);
	assert_true(endpoint_usable(e));
	for (size_t i = 0; i < nelem(others); i++) {
		assert_ptr_not_equal(e, others[i]);
		assert_int_not_equal(e->id, others[i]->id);
		endpoint_unref(&others[i]);
	}
	endpoint_unref(&e);
	endpoint_unref(&same);
	assert_null(same);
}

static void
gives_an_id_again_only_after_the_sweep(void **state)
{
	struct place *p = *state;
	struct endpoint *a = endpoint(p, "b", "a", "10.0.0.1:1");
	struct endpoint *b = endpoint(p, "b", "b", "10.0.0.1:2");
	uint32_t id = a->id;

	assert_int_equal(registry_ids(p->registry), 2);
	endpoint_unref(&a);
	a = endpoint(p, "b", "c", "10.0.0.1:3");
	assert_int_equal(a->id, 2);
	registry_sweep(p->registry);
	endpoint_unref(&a);
	a = endpoint(p, "b", "d", "10.0.0.1:4");
	assert_int_equal(a->id, id);
	assert_int_equal(registry_ids(p->registry), 3);
	endpoint_unref(&a);
	endpoint_unref(&b);
}

static void
comes_back_with_its_state_before_the_sweep(void **state)
{
	struct place *p = *state;
	struct endpoint *e = endpoint(p, "b", "a", "10.0.0.1:1"), *was = e;

	health_hold(e, HEALTH_BY_HAND, "by root");
	endpoint_unref(&e);
	e = endpoint(p, "b", "a", "10.0.0.1:1");
	assert_ptr_equal(e, was);
	registry_sweep(p->registry);
	assert_int_equal(endpoint_state(e), ENDPOINT_DOWN);
	assert_false(endpoint_usable(e));
	assert_int_equal(e->refs, 1);
	endpoint_unref(&e);
}

static void
lives_while_something_is_in_flight(void **state)
{
	struct place *p = *state;
	struct endpoint *e = endpoint(p, "b", "a", "10.0.0.1:1"), *was = e;

	atomic_fetch_add(&e->in_flight, 1);
	endpoint_unref(&e);
	registry_sweep(p->registry);
	atomic_fetch_add(&was->conns, 1);
	atomic_fetch_sub(&was->in_flight, 1);
	registry_sweep(p->registry);
	e = endpoint(p, "b", "a", "10.0.0.1:1");
	assert_ptr_equal(e, was);
	assert_int_equal(e->conns, 1);
	atomic_fetch_sub(&e->conns, 1);
	endpoint_unref(&e);
	registry_sweep(p->registry);
	e = endpoint(p, "b", "b", "10.0.0.1:1");
	assert_int_equal(e->id, 0);
	endpoint_unref(&e);
}

static void
stays_small_over_many_reloads(void **state)
{
	enum { RELOADS = 300, N = 20 };
	struct place *p = *state;
	struct endpoint *held[N] = {0};
	char name[32];

	for (int r = 0; r < RELOADS; r++) {
		struct endpoint *next[N];

		for (int i = 0; i < N; i++) {
			snprintf(name, sizeof(name), "e%d", i < N / 2 ? i : i + r);
			next[i] = endpoint(p, "b", name, "10.0.0.1:1");
		}
		for (int i = 0; i < N; i++) {
			endpoint_unref(&held[i]);
			held[i] = next[i];
		}
		registry_sweep(p->registry);
		assert_true(registry_ids(p->registry) <= 2 * N);
	}
	for (int i = 0; i < N; i++)
		endpoint_unref(&held[i]);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *
hold_and_give(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct endpoint *e = endpoint_ref(arg);

		atomic_fetch_add_explicit(&e->in_flight, 1, memory_order_relaxed);
		atomic_fetch_sub_explicit(&e->in_flight, 1, memory_order_release);
		endpoint_unref(&e);
	}
	endpoint_unref((struct endpoint **)&arg);
	return NULL;
}

/* To be run under TSan, too. */
static void
is_freed_by_the_sweep_whoever_was_last(void **state)
{
	struct place *p = *state;
	struct endpoint *e = endpoint(p, "b", "a", "10.0.0.1:1");
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, hold_and_give, endpoint_ref(e)), 0);
	endpoint_unref(&e);
	for (int i = 0; i < 1000; i++)
		registry_sweep(p->registry);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	registry_sweep(p->registry);
	e = endpoint(p, "b", "b", "10.0.0.1:1");
	assert_int_equal(e->id, 0);
	endpoint_unref(&e);
}

#define REGISTRY_TEST(f) cmocka_unit_test_setup_teardown(f, place_open, place_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    REGISTRY_TEST(finds_the_living_one_by_backend_name_and_address),
	    REGISTRY_TEST(gives_an_id_again_only_after_the_sweep),
	    REGISTRY_TEST(comes_back_with_its_state_before_the_sweep),
	    REGISTRY_TEST(lives_while_something_is_in_flight),
	    REGISTRY_TEST(stays_small_over_many_reloads),
	    REGISTRY_TEST(is_freed_by_the_sweep_whoever_was_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
