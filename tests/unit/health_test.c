#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "place.h"
#include "upstream/health.h"
#include "upstream/registry.h"

static struct endpoint *
endpoint(struct place *p, const char *name)
{
	struct addr a;

	assert_true(addr_parse(str_from(name), false, &a));
	return registry_endpoint(p->registry, STR("b"), str_from(name), &a);
}

/* What each cause leads to, with nothing before it. */
static const enum endpoint_state states[] = {
    [HEALTH_BY_HAND] = ENDPOINT_DOWN,
    [HEALTH_NAMELESS] = ENDPOINT_DOWN,
    [HEALTH_DRAINED] = ENDPOINT_DRAINING,
    [HEALTH_REMOVED] = ENDPOINT_DRAINING,
    [HEALTH_FAILS] = ENDPOINT_UNHEALTHY,
    [HEALTH_IS_EJECTED] = ENDPOINT_EJECTED,
    [HEALTH_IS_AWAITED] = ENDPOINT_UNCHECKED,
    [HEALTH_WARMS] = ENDPOINT_WARMING,
    [HEALTH_PASSES] = ENDPOINT_HEALTHY,
    [HEALTH_NOTHING_SAID] = ENDPOINT_UNCHECKED,
};

struct heard {
	uint32_t n;
	enum endpoint_state from, to;
	bool was_well, well;
	char why[64];
};

static void
hear(void *arg, const struct health_event *event)
{
	struct heard *heard = arg;

	heard->n++;
	heard->from = event->from;
	heard->to = event->to;
	heard->was_well = event->was_well;
	heard->well = event->well;
	snprintf(heard->why, sizeof(heard->why), "%s", event->why);
}

/* Every set of causes, one after the other: the state is always that of the first that holds. */
static void
the_first_cause_that_holds_decides(void **state)
{
	struct endpoint *e = endpoint(*state, "10.0.0.1:80");
	unsigned warms = 1u << HEALTH_WARMS;

	for (unsigned set = 0; set < 1u << HEALTH_CAUSES; set++) {
		unsigned first = 0;

		for (unsigned c = 0; c < HEALTH_CAUSES; c++)
			health_release(e, (enum health_cause)c, "again");
		for (unsigned c = HEALTH_CAUSES; c-- > 0;)
			if ((set & ~warms) >> c & 1)
				health_hold(e, (enum health_cause)c, "cause %u", c);
		while (first < HEALTH_CAUSES && !((set & ~warms) >> first & 1))
			first++;
		assert_int_equal(endpoint_state(e), states[first]);
		assert_int_equal(endpoint_usable(e), first > HEALTH_IS_AWAITED);
		assert_int_equal(endpoint_word(e) & ENDPOINT_FACTOR, ENDPOINT_FULL);
	}
	endpoint_unref(&e);
}

static void
tells_each_change_once_with_its_reason(void **state)
{
	struct place *p = *state;
	struct endpoint *e = endpoint(p, "10.0.0.1:80");
	struct heard heard = {0};

	health_attend(p->registry, hear, &heard);
	health_hold(e, HEALTH_FAILS, "refused (%u of 3 checks)", 3);
	assert_int_equal(heard.n, 1);
	assert_true(heard.from == ENDPOINT_UNCHECKED && heard.to == ENDPOINT_UNHEALTHY);
	assert_true(heard.was_well && !heard.well);
	assert_string_equal(heard.why, "refused (3 of 3 checks)");
	health_hold(e, HEALTH_FAILS, "timeout");
	assert_int_equal(heard.n, 1);
	assert_string_equal(health_reason(e), "timeout");
	health_hold(e, HEALTH_DRAINED, "by root");
	assert_int_equal(heard.n, 2);
	health_release(e, HEALTH_FAILS, "passed");
	assert_int_equal(heard.n, 2);
	health_release(e, HEALTH_DRAINED, "ready, by root");
	assert_int_equal(heard.n, 3);
	assert_true(heard.to == ENDPOINT_UNCHECKED && heard.well);
	assert_string_equal(heard.why, "ready, by root");
	assert_null(health_reason(e));
	assert_int_equal(e->health->changes[ENDPOINT_DRAINING], 1);
	health_attend(p->registry, NULL, NULL);
	endpoint_unref(&e);
}

static void
who_comes_back_warms_up_if_that_is_wanted(void **state)
{
	struct endpoint *e = endpoint(*state, "10.0.0.1:80");

	e->health->warm_from = 100;
	health_hold(e, HEALTH_PASSES, "200");
	assert_int_equal(endpoint_state(e), ENDPOINT_HEALTHY);
	health_hold(e, HEALTH_FAILS, "500");
	health_release(e, HEALTH_FAILS, "200");
	assert_int_equal(endpoint_state(e), ENDPOINT_WARMING);
	assert_int_equal(endpoint_word(e) & ENDPOINT_FACTOR, 100);
	assert_true(endpoint_usable(e));
	health_warm(e, 700);
	assert_int_equal(endpoint_word(e) & ENDPOINT_FACTOR, 700);
	health_release(e, HEALTH_WARMS, "warm");
	assert_int_equal(endpoint_state(e), ENDPOINT_HEALTHY);
	assert_int_equal(endpoint_word(e) & ENDPOINT_FACTOR, ENDPOINT_FULL);
	health_hold(e, HEALTH_IS_EJECTED, "5 failures in a row");
	health_release(e, HEALTH_IS_EJECTED, "30 s are over");
	assert_int_equal(endpoint_state(e), ENDPOINT_WARMING);
	health_hold(e, HEALTH_FAILS, "500");
	assert_false(health_holds(e, HEALTH_WARMS));
	endpoint_unref(&e);
}

static uint32_t
factor(const struct endpoint *e)
{
	return endpoint_word(e) & ENDPOINT_FACTOR;
}

static void
a_weight_by_hand_keeps_the_ratios_of_its_backend(void **state)
{
	struct endpoint *a = endpoint(*state, "10.0.0.1:80"), *b = endpoint(*state, "10.0.0.2:80");

	assert_true(health_list(a, 10) && health_list(b, 10));
	health_weight_by_hand(a, 5);
	assert_true(factor(a) == 500 && factor(b) == ENDPOINT_FULL);
	health_weight_by_hand(a, 40);
	assert_true(factor(a) == ENDPOINT_FULL && factor(b) == 250);
	assert_int_equal(health_weight(a), 40);
	health_weight_by_hand(a, 0);
	assert_false(endpoint_usable(a));
	assert_int_equal(factor(b), ENDPOINT_FULL);
	health_weight_by_hand(a, HEALTH_NO_WEIGHT);
	assert_true(factor(a) == ENDPOINT_FULL && endpoint_usable(a));
	endpoint_unref(&a);
	endpoint_unref(&b);
}

static void
who_is_named_no_more_drains(void **state)
{
	struct place *p = *state;
	struct endpoint *a = endpoint(p, "10.0.0.1:80"), *b = endpoint(p, "10.0.0.2:80");

	assert_true(health_list(a, 1) && health_list(b, 1));
	atomic_store(&a->listed, 1);
	atomic_store(&b->listed, 1);
	health_drain_unlisted(p->registry);
	assert_true(endpoint_usable(a) && endpoint_usable(b));
	assert_false(health_list(a, 1));
	atomic_store(&b->listed, 0);
	health_drain_unlisted(p->registry);
	assert_true(endpoint_usable(a) && endpoint_state(b) == ENDPOINT_DRAINING);
	assert_true(health_list(b, 1)); /* as good as new */
	assert_true(endpoint_usable(b));
	endpoint_unref(&a);
	endpoint_unref(&b);
}

#define HEALTH_TEST(f) cmocka_unit_test_setup_teardown(f, place_open, place_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HEALTH_TEST(the_first_cause_that_holds_decides),
	    HEALTH_TEST(tells_each_change_once_with_its_reason),
	    HEALTH_TEST(who_comes_back_warms_up_if_that_is_wanted),
	    HEALTH_TEST(a_weight_by_hand_keeps_the_ratios_of_its_backend),
	    HEALTH_TEST(who_is_named_no_more_drains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
