/* Slow start by a clock of our own: curves, who begins, and when it would spare nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "place.h"
#include "upstream/health.h"

enum { S = 1000000, MS = 1000 };

static const struct warming_spec even = {.span = 10 * S, .curve = 100, .lowest = 50};

/* A backend of n endpoints from `first` on, in force. */
static struct backend *
backend(struct place *p, uint32_t first, uint32_t n)
{
	return place_backend(p, (struct backend_spec){.name = STR("b"), .warming = even}, first, n);
}

static struct endpoint *
nth(const struct backend *b, uint32_t i)
{
	return backend_targets(b)->v[i].endpoint;
}

static uint32_t
part(const struct backend *b, uint32_t i)
{
	return endpoint_word(nth(b, i)) & ENDPOINT_FACTOR;
}

static void
the_part_rises_by_its_curve(void **state)
{
	struct warming_spec fast = even, slow = even;

	(void)state;
	fast.curve = 200;
	slow.curve = 50;
	assert_int_equal(warming_part(&even, 0), 100); /* the first second counts as over */
	assert_int_equal(warming_part(&even, 5 * S), 500);
	assert_int_equal(warming_part(&even, 10 * S), ENDPOINT_FULL);
	assert_int_equal(warming_part(&even, 99 * S), ENDPOINT_FULL);
	assert_int_equal(warming_part(&fast, 4 * S), 632);
	assert_int_equal(warming_part(&slow, 4 * S), 160);
	assert_int_equal(warming_part(&slow, 1 * S), 50); /* never below the lowest */
}

static void
who_is_new_among_others_warms_up_and_the_first_ones_do_not(void **state)
{
	struct backend *old = backend(*state, 1, 3), *new;

	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(part(old, i), ENDPOINT_FULL);
	assert_false(warming_step(old, 1 * S));
	new = backend(*state, 1, 4);
	assert_int_equal(endpoint_state(nth(new, 3)), ENDPOINT_WARMING);
	assert_int_equal(part(new, 3), even.lowest);
	assert_int_equal(part(new, 2), ENDPOINT_FULL);
	assert_true(warming_step(new, 100 * S));
	assert_true(warming_step(new, 105 * S));
	assert_int_equal(part(new, 3), 500);
	assert_false(warming_step(new, 110 * S));
	assert_int_equal(part(new, 3), ENDPOINT_FULL);
	assert_int_equal(endpoint_state(nth(new, 3)), ENDPOINT_UNCHECKED);
	backend_free(&old);
	backend_free(&new);
}

static void
a_backend_that_is_all_new_is_warm(void **state)
{
	struct backend *old = backend(*state, 1, 2), *new = backend(*state, 5, 2);

	assert_false(warming_step(new, 1 * S));
	assert_int_equal(part(new, 0), ENDPOINT_FULL);
	backend_free(&old);
	backend_free(&new);
}

static void
while_most_warm_up_each_counts_in_full(void **state)
{
	struct backend *b = backend(*state, 1, 3);

	for (uint32_t i = 0; i < 2; i++) {
		health_hold(nth(b, i), HEALTH_IS_EJECTED, "fails");
		health_release(nth(b, i), HEALTH_IS_EJECTED, "its time is over");
		assert_int_equal(endpoint_state(nth(b, i)), ENDPOINT_WARMING);
	}
	assert_true(warming_step(b, 100 * S)); /* two of three */
	assert_int_equal(part(b, 0), ENDPOINT_FULL);
	assert_int_equal(part(b, 1), ENDPOINT_FULL);
	health_hold(nth(b, 0), HEALTH_FAILS, "refused"); /* one of two */
	assert_true(warming_step(b, 105 * S));
	assert_int_equal(part(b, 1), 500);
	assert_false(health_holds(nth(b, 0), HEALTH_WARMS));
	backend_free(&b);
}

static void
it_ends_when_it_is_wanted_no_more(void **state)
{
	struct backend *b = backend(*state, 1, 3);

	health_hold(nth(b, 0), HEALTH_IS_EJECTED, "fails");
	health_release(nth(b, 0), HEALTH_IS_EJECTED, "its time is over");
	assert_true(warming_step(b, 100 * S));
	b->warming.span = 0;
	assert_false(warming_step(b, 101 * S));
	assert_int_equal(part(b, 0), ENDPOINT_FULL);
	backend_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_part_rises_by_its_curve),
	    cmocka_unit_test_setup_teardown(
		who_is_new_among_others_warms_up_and_the_first_ones_do_not, place_open,
		place_close),
	    cmocka_unit_test_setup_teardown(
		a_backend_that_is_all_new_is_warm, place_open, place_close),
	    cmocka_unit_test_setup_teardown(
		while_most_warm_up_each_counts_in_full, place_open, place_close),
	    cmocka_unit_test_setup_teardown(
		it_ends_when_it_is_wanted_no_more, place_open, place_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
