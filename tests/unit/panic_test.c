/* Panic: real endpoints, real states; who may be chosen in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "place.h"
#include "upstream/health.h"

enum { N = 4 };

static struct backend *
backend(struct place *p, uint32_t panic)
{
	return place_backend(p, (struct backend_spec){.name = STR("b"), .panic = panic}, 1, N);
}

/* Bits of those that may be chosen. */
static uint32_t
chosen(const struct backend *b)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < N; i++)
		bits |= (uint32_t)endpoint_usable(backend_targets(b)->v[i].endpoint) << i;
	return bits;
}

static void
with_too_few_left_all_are_used(void **state)
{
	struct backend *b = backend(*state, 50);
	const struct balance_target *v = backend_targets(b)->v;

	assert_false(panic_review(b));
	health_hold(v[0].endpoint, HEALTH_FAILS, "refused");
	health_hold(v[1].endpoint, HEALTH_IS_EJECTED, "fails");
	assert_false(panic_review(b)); /* half of them are left: that is enough */
	assert_int_equal(chosen(b), 0xc);
	health_hold(v[2].endpoint, HEALTH_FAILS, "refused");
	assert_true(panic_review(b));
	assert_true(b->state->panic.on && b->state->panic.well == 1 && b->state->panic.n == 4);
	assert_int_equal(chosen(b), 0xf);
	assert_false(health_is_well(v[2].endpoint));
	assert_int_equal(endpoint_state(v[2].endpoint), ENDPOINT_UNHEALTHY);
	health_hold(v[3].endpoint, HEALTH_FAILS, "refused");
	assert_false(panic_review(b)); /* it goes on */
	assert_int_equal(chosen(b), 0xf);
	health_release(v[0].endpoint, HEALTH_FAILS, "passed");
	health_release(v[3].endpoint, HEALTH_FAILS, "passed");
	assert_true(panic_review(b));
	assert_int_equal(chosen(b), 0x9);
	backend_free(&b);
}

static void
panic_uses_nobody_who_leaves_is_down_or_is_new(void **state)
{
	struct backend *b = backend(*state, 100);
	const struct balance_target *v = backend_targets(b)->v;

	health_hold(v[0].endpoint, HEALTH_DRAINED, "by hand");
	health_hold(v[1].endpoint, HEALTH_BY_HAND, "by hand");
	health_hold(v[2].endpoint, HEALTH_IS_AWAITED, "first check");
	assert_false(panic_review(b)); /* one of one is left */
	assert_int_equal(chosen(b), 0x8);
	health_hold(v[3].endpoint, HEALTH_FAILS, "refused");
	assert_true(panic_review(b));
	assert_int_equal(chosen(b), 0x8);
	health_hold(v[3].endpoint, HEALTH_DRAINED, "by hand");
	assert_true(panic_review(b)); /* of none, none is missing */
	assert_int_equal(chosen(b), 0);
	backend_free(&b);
}

static void
without_a_threshold_nobody_panics(void **state)
{
	struct backend *b = backend(*state, 0);

	for (uint32_t i = 0; i < N; i++)
		health_hold(backend_targets(b)->v[i].endpoint, HEALTH_FAILS, "refused");
	assert_false(panic_review(b));
	assert_int_equal(chosen(b), 0);
	backend_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		with_too_few_left_all_are_used, place_open, place_close),
	    cmocka_unit_test_setup_teardown(
		panic_uses_nobody_who_leaves_is_down_or_is_new, place_open, place_close),
	    cmocka_unit_test_setup_teardown(
		without_a_threshold_nobody_panics, place_open, place_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
