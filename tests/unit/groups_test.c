/* Levels of priority: who gets which part, by who is well; over real endpoints and balancers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "place.h"
#include "upstream/backend.h"
#include "upstream/balance_draw.h"
#include "upstream/health.h"

enum { N = 6, PICKS = 20000, PERCENT = 100 };

/* ---- the arithmetic ---- */

/* "50 100" percent that are well, of levels that weigh the same: "70 30" percent of requests. */
static void
check_levels(const char *well, const char *shares)
{
	struct level v[8] = {{0}};
	struct str rest = str_from(well), one;
	char text[64] = "";
	size_t len = 0;
	uint64_t percent, sum = 0;
	uint32_t n = 0;

	while (rest.len > 0 && str_cut(&rest, ' ', &one)) {
		assert_true(str_to_u64(one, PERCENT, &percent));
		v[n++] = (struct level){.weight = PERCENT, .well = percent, .usable = percent};
	}
	levels_divide(v, n);
	for (uint32_t i = 0; i < n; i++) {
		sum += v[i].share;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.0f", i > 0 ? " " : "",
		    (double)v[i].share * PERCENT / LEVEL_ALL);
	}
	assert_int_equal(sum, LEVEL_ALL);
	assert_string_equal(text, shares);
}

static void
what_is_missing_goes_to_the_next_level(void **state)
{
	(void)state;
	check_levels("100 100", "100 0");
	check_levels("72 100", "100 0");
	check_levels("71 71", "99 1");
	check_levels("50 50", "70 30");
	check_levels("25 100", "35 65");
	check_levels("25 25", "50 50");
	check_levels("0 100", "0 100");
	check_levels("0 20", "0 100");
	check_levels("72 72 100", "100 0 0");
	check_levels("50 50 100", "70 30 0");
	check_levels("25 25 100", "35 35 30");
	check_levels("0 0 100", "0 0 100");
	check_levels("20 20 10", "40 40 20");
	check_levels("0 0 0", "100 0 0");
	check_levels("5", "100");
}

static void
those_that_panic_get_theirs_by_weight(void **state)
{
	struct level v[2] = {{.weight = 4, .usable = 3}, {.weight = 4, .usable = 1}};

	(void)state;
	levels_divide(v, 2);
	assert_int_equal(v[0].share, LEVEL_ALL * 3 / 4);
	assert_int_equal(v[1].share, LEVEL_ALL / 4);
	assert_false(levels_suffice(v, 2));
	v[0].well = 1;
	v[1].well = 2;
	assert_true(levels_suffice(v, 2));
}

/* "a60 b30/2" parts of zones by weight, each of so many endpoints: "a55 b45" of a hundred. */
static void
check_zones(enum zones_mode mode, const char *here, const char *parts, const char *shares)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	struct zones z = {.mode = mode};
	struct zone_part v[8] = {{0}};
	struct str rest = str_from(parts), one;
	char text[64] = "";
	size_t len = 0;
	uint32_t n = 0, sum = 0;

	while (rest.len > 0 && str_cut(&rest, ' ', &one)) {
		struct zone_part *p = &v[n++];
		uint64_t well;

		if (one.p[0] != '?')
			p->zone = names[one.p[0] - 'a'];
		assert_true(str_to_u64(str_of(one.p + 1, one.len - 1), 1000, &well));
		p->well = p->usable = well;
		p->n_well = (uint32_t)well;
	}
	z.here = names[here[0] - 'a'];
	zones_divide(&z, v, n, LEVEL_ALL);
	for (uint32_t i = 0; i < n; i++) {
		sum += v[i].share;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s%.0f",
		    i > 0 ? " " : "", v[i].zone != NULL ? v[i].zone : "?",
		    (double)v[i].share * PERCENT / LEVEL_ALL);
	}
	assert_int_equal(sum, LEVEL_ALL);
	assert_string_equal(text, shares);
}

static void
as_much_leaves_the_zone_as_it_cannot_bear(void **state)
{
	(void)state;
	check_zones(ZONES_PROPORTIONAL, "a", "a3 b3", "a100 b0");
	check_zones(ZONES_PROPORTIONAL, "a", "a4 b2 c2", "a100 b0 c0");
	check_zones(ZONES_PROPORTIONAL, "b", "a4 b2 c2", "a25 b75 c0");
	check_zones(ZONES_PROPORTIONAL, "c", "a4 b4 c1", "a33 b33 c33");
	check_zones(ZONES_PROPORTIONAL, "d", "a4 b4 c1", "a50 b50 c0"); /* nobody at home */
	check_zones(ZONES_PROPORTIONAL, "a", "a0 b6 c2", "a0 b100 c0"); /* nobody left */
	check_zones(ZONES_PROPORTIONAL, "a", "a4 b1", "a80 b20");       /* too few */
	check_zones(ZONES_PROPORTIONAL, "a", "a4 ?4", "a50 ?50");       /* who knows */
}

static void
who_prefers_leaves_when_nobody_is_left(void **state)
{
	struct zones z = {ZONES_PREFER, "a"};
	struct zone_part panic[2] = {{.zone = z.here, .well = 1, .usable = 3}, {.usable = 9}};

	(void)state;
	check_zones(ZONES_PREFER, "a", "a1 b9 c9", "a100 b0 c0");
	check_zones(ZONES_PREFER, "a", "a0 b3 c1", "a0 b75 c25");
	check_zones(ZONES_PREFER, "d", "a3 ?1", "a75 ?25");
	zones_divide(&z, panic, 2, LEVEL_ALL);
	assert_int_equal(panic[0].share, LEVEL_ALL / 4);
}

/* ---- over endpoints ---- */

/* Three of priority 0 and three of 7, turn about, so that they are brought in order. */
static struct backend *
backend(struct place *p, enum balance_kind kind)
{
	struct balance_target targets[N];
	struct backend_spec spec = {
	    .name = STR("b"), .balance = {kind, targets, N, 0, NULL}, .panic = 50};
	struct backend *b;
	struct addr at;
	char name[32];

	for (uint32_t i = 0; i < N; i++) {
		(void)snprintf(name, sizeof(name), "10.0.0.%u:80", i + 1);
		assert_true(addr_parse(str_from(name), false, &at));
		targets[i] = (struct balance_target){
		    .endpoint = registry_endpoint(p->registry, STR("b"), str_from(name), &at),
		    .weight = 1,
		    .priority = i % 2 == 0 ? 0 : 7};
	}
	b = backend_new(p->registry, &spec);
	backend_publish(b, NULL);
	return b;
}

static void
hold(const struct backend *b, uint32_t i)
{
	health_hold(backend_targets(b)->v[i].endpoint, HEALTH_FAILS, "refused");
}

/* How many of a hundred go to the first level. */
static double
first_level(struct backend *b)
{
	uint64_t random = 1;
	uint32_t first = 0;

	for (uint32_t i = 0; i < PICKS; i++) {
		struct balance_pick pick = {.random = draw_next(&random)};
		enum fault why;
		struct endpoint *e;

		pick.key = draw_next(&random);
		e = backend_pick(b, &pick, &why);
		assert_non_null(e);
		for (uint32_t j = 0; j < N / 2; j++)
			first += e == backend_targets(b)->v[j].endpoint;
		backend_pick_done(e);
	}
	return (double)first * PERCENT / PICKS;
}

static void
requests_spill_over_as_endpoints_fail(void **state)
{
	static const enum balance_kind kinds[] = {BALANCE_KIND_LEAST, BALANCE_KIND_ROUND,
	    BALANCE_KIND_RANDOM, BALANCE_KIND_MAGLEV, BALANCE_KIND_RING};

	for (size_t i = 0; i < nelem(kinds); i++) {
		struct backend *b = backend(*state, kinds[i]);
		const struct groups *g = &backend_targets(b)->groups;

		assert_int_equal(g->n, 2);
		assert_int_equal(g->v[1].priority, 7);
		assert_false(groups_divide(g));
		assert_true(first_level(b) == PERCENT);
		hold(b, 0);
		assert_true(groups_divide(g));
		assert_in_range((uint64_t)first_level(b), 91, 95); /* 1.4 times 2 of 3 */
		hold(b, 1);
		assert_false(panic_review(b));
		assert_true(groups_divide(g));
		assert_in_range((uint64_t)first_level(b), 44, 48);
		hold(b, 2);
		assert_false(panic_review(b));
		assert_true(groups_divide(g));
		assert_true(first_level(b) == 0);
		for (uint32_t j = 0; j < N; j++)
			health_release(backend_targets(b)->v[j].endpoint, HEALTH_FAILS, "passed");
		assert_false(panic_review(b));
		assert_true(groups_divide(g));
		assert_true(first_level(b) == PERCENT);
		backend_free(&b);
		registry_sweep(((struct place *)*state)->registry);
	}
}

static void
a_backup_that_bears_all_keeps_panic_away(void **state)
{
	struct backend *b = backend(*state, BALANCE_KIND_LEAST);

	for (uint32_t i = 0; i < N / 2 + 1; i++)
		hold(b, i);
	(void)panic_review(b);
	assert_true(b->state->panic.on); /* 2 of 6 are left, and 1.4 times 2 of 3 is not all */
	health_release(backend_targets(b)->v[N / 2].endpoint, HEALTH_FAILS, "passed");
	hold(b, 0);
	(void)panic_review(b);
	assert_false(b->state->panic.on);
	backend_free(&b);
}

/* The try that failed a moment ago. */
static void
nobody_waits_for_the_division(void **state)
{
	struct backend *b = backend(*state, BALANCE_KIND_LEAST);
	const struct balance_target *v = backend_targets(b)->v;
	struct balance_pick pick = {.random = 1};
	enum fault why;
	struct endpoint *e;

	for (uint32_t i = 0; i < N / 2; i++)
		pick.tried[pick.n_tried++] = v[i].endpoint;
	e = backend_pick(b, &pick, &why);
	assert_true(e == v[3].endpoint || e == v[4].endpoint || e == v[5].endpoint);
	backend_pick_done(e);
	backend_free(&b);
}

static void
a_key_stays_in_its_group(void **state)
{
	struct backend *b = backend(*state, BALANCE_KIND_MAGLEV);
	const struct groups *g = &backend_targets(b)->groups;
	uint64_t random = 1;

	hold(b, 0);
	hold(b, 1);
	(void)groups_divide(g);
	for (uint32_t i = 0; i < PERCENT; i++) {
		struct balance_pick pick = {.key = draw_next(&random)};
		struct endpoint *first = groups_pick(g, &pick);

		pick.random = draw_next(&random);
		assert_ptr_equal(first, groups_pick(g, &pick));
	}
	backend_free(&b);
}

#define GROUPS_TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_missing_goes_to_the_next_level),
	    cmocka_unit_test(those_that_panic_get_theirs_by_weight),
	    cmocka_unit_test(as_much_leaves_the_zone_as_it_cannot_bear),
	    cmocka_unit_test(who_prefers_leaves_when_nobody_is_left),
	    GROUPS_TEST(requests_spill_over_as_endpoints_fail),
	    GROUPS_TEST(a_backup_that_bears_all_keeps_panic_away),
	    GROUPS_TEST(nobody_waits_for_the_division),
	    GROUPS_TEST(a_key_stays_in_its_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
