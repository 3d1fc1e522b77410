/* Ejections: the letter's way home, and what comes of it for a real endpoint's state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "upstream/ejection.h"
#include "upstream/health.h"
#include "upstream/registry.h"

enum { S = 1000000 };

static const struct outlier_spec spec = {
    .on = true,
    .streak = {[OUTLIER_FAILURES] = 5},
    .interval = 10 * (uint64_t)S,
    .ejection = 30 * (uint64_t)S,
    .max_ejection = 300 * (uint64_t)S,
    .max_ejected = 10,
};
static const struct ejection_crowd three = {.n = 3, .ejected = 0, .usable = 3};
static const struct outlier_case streak = {
    .found = true, .which = OUTLIER_FAILURES, .value = 5, .threshold = 5};

struct rig {
	struct meters *meters;
	struct registry *registry;
	struct endpoint *endpoint;
	enum outlier_detector which; /* noticed last */
	unsigned noticed, changes;
	char why[128];
};

static void
rig_noticed(void *arg, struct endpoint *e, enum outlier_detector which)
{
	struct rig *r = arg;

	assert_ptr_equal(e, r->endpoint);
	r->which = which;
	r->noticed++;
}

static void
rig_changed(void *arg, const struct health_event *event)
{
	struct rig *r = arg;

	r->changes++;
	(void)snprintf(r->why, sizeof(r->why), "%s", event->why);
}

static void
rig_open(struct rig *r)
{
	struct addr at;

	assert_true(addr_parse(STR("10.0.0.1:80"), false, &at));
	*r = (struct rig){.meters = meters_new(1)};
	r->registry = registry_new(r->meters, sizeof(uint64_t), sizeof(uint64_t));
	r->endpoint = registry_endpoint(r->registry, STR("b"), STR("10.0.0.1:80"), &at);
	ejection_attend(r->registry, rig_noticed, r);
	health_attend(r->registry, rig_changed, r);
}

static void
rig_close(struct rig *r)
{
	endpoint_unref(&r->endpoint);
	registry_free(&r->registry);
	meters_free(&r->meters);
}

static void
stop_loop(struct letter *letter, void *owner)
{
	(void)letter;
	loop_stop(*(struct loop **)owner);
}

static void
a_letter_keeps_its_endpoint_until_it_is_read(void **state)
{
	struct loop *l = NULL;
	struct letter last = {.run = stop_loop};
	struct rig r;

	(void)state;
	rig_open(&r);
	l = loop_new(&l);
	assert_non_null(l);
	atomic_store(&r.endpoint->streaks, UINT64_MAX);
	ejection_ask(r.endpoint, OUTLIER_LOCALS, l);
	assert_int_equal(atomic_load(&r.endpoint->refs), 2);
	assert_int_equal(r.noticed, 0);
	loop_post(l, &last);
	loop_run(l);
	assert_int_equal(r.noticed, 1);
	assert_int_equal(r.which, OUTLIER_LOCALS);
	assert_true(atomic_load(&r.endpoint->streaks) == 0);
	assert_int_equal(atomic_load(&r.endpoint->refs), 1);
	loop_free(&l);
	rig_close(&r);
}

static void
one_that_is_ejected_is_not_used_until_its_time_is_over(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	assert_int_equal(ejection_try(r.endpoint, &spec, &three, &streak, 100 * S), OUTLIER_EJECT);
	assert_false(endpoint_usable(r.endpoint));
	assert_int_equal(endpoint_state(r.endpoint), ENDPOINT_EJECTED);
	assert_string_equal(r.why, "5 failures in a row, left out for 30 s (ejection 1)");
	assert_true(ejection_lasts(r.endpoint));
	assert_true(r.endpoint->ejection->term.until == 130 * S);
	assert_int_equal(r.endpoint->ejection->counts[OUTLIER_FAILURES], 1);
	ejection_end(r.endpoint, 130 * S, "its time is over");
	assert_true(endpoint_usable(r.endpoint));
	assert_false(ejection_lasts(r.endpoint));
	assert_string_equal(r.why, "its time is over");
	assert_int_equal(ejection_try(r.endpoint, &spec, &three, &streak, 131 * S), OUTLIER_EJECT);
	assert_string_equal(r.why, "5 failures in a row, left out for 60 s (ejection 2)");
	assert_int_equal(r.changes, 3);
	rig_close(&r);
}

static void
one_that_cannot_be_spared_stays_and_is_counted(void **state)
{
	static const struct ejection_crowd rows[] = {
	    {.n = 1, .ejected = 0, .usable = 1},
	    {.n = 2, .ejected = 1, .usable = 1},
	    {.n = 3, .ejected = 1, .usable = 2},
	};
	struct rig r;

	(void)state;
	rig_open(&r);
	for (size_t i = 0; i < nelem(rows); i++)
		assert_int_not_equal(
		    ejection_try(r.endpoint, &spec, &rows[i], &streak, 0), OUTLIER_EJECT);
	assert_true(endpoint_usable(r.endpoint));
	assert_int_equal(r.endpoint->ejection->withheld, nelem(rows));
	assert_int_equal(r.changes, 0);
	rig_close(&r);
}

static void
each_kind_of_finding_has_words(void **state)
{
	static const struct {
		struct outlier_case found;
		const char *words;
	} rows[] = {
	    {{.which = OUTLIER_GATEWAYS, .value = 3}, "3 gateway errors in a row"},
	    {{.which = OUTLIER_LOCALS, .value = 4}, "4 times no answer in a row"},
	    {{.which = OUTLIER_SUCCESS_RATE, .value = 7005, .threshold = 9120},
		"70.05% succeed, the limit is 91.20%"},
	    {{.which = OUTLIER_FAILURE_PERCENTAGE, .value = 9500, .threshold = 8500},
		"95.00% fail, the limit is 85.00%"},
	    {{.which = OUTLIER_LATENCY, .value = 812345, .threshold = 300000},
		"19 of 20 answers take up to 812 ms, the limit is 300 ms"},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		char *words = outlier_case_words(&rows[i].found);

		assert_string_equal(words, rows[i].words);
		free(words);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_letter_keeps_its_endpoint_until_it_is_read),
	    cmocka_unit_test(one_that_is_ejected_is_not_used_until_its_time_is_over),
	    cmocka_unit_test(one_that_cannot_be_spared_stays_and_is_counted),
	    cmocka_unit_test(each_kind_of_finding_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
