#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "upstream/check.h"

enum { EVERY = 1000, CHANGING = 200, DOWN = 5000 };

static const struct check_spec spec = {.kind = CHECK_HTTP,
    .ask = STR_INIT("GET /"),
    .every = EVERY,
    .every_changing = CHANGING,
    .every_down = DOWN,
    .up = 2,
    .down = 3};

/* Results as letters: the verdict after each is a letter, too. */
static void
run(struct check_count *c, const char *results, const char *verdicts)
{
	for (size_t i = 0; results[i] != '\0'; i++) {
		enum check_verdict before = c->verdict;
		bool changed = check_note(c, &spec,
		    results[i] == 'p'   ? CHECK_PASSED
		    : results[i] == 'f' ? CHECK_FAILED
					: CHECK_SKIPPED);

		assert_int_equal(changed, before != c->verdict);
		assert_int_equal(verdicts[i], "?ud"[c->verdict]);
	}
}

static void
the_first_result_decides(void **state)
{
	struct check_count good = {.row = 0}, bad = {.row = 0};

	(void)state;
	run(&good, "p", "u");
	run(&bad, "f", "d");
}

static void
who_is_in_use_is_not_taken_away_by_one_result(void **state)
{
	struct check_count c = {.trusted = true};

	(void)state;
	run(&c, "ffpfff", "??uuud");
	assert_int_equal(c.row, 3);
}

static void
as_many_in_a_row_as_are_wanted(void **state)
{
	struct check_count c = {.row = 0};

	(void)state;
	run(&c, "pffpfffpfppff", "uuuuuudddduuu");
	assert_int_equal(c.results[CHECK_PASSED], 5);
	assert_int_equal(c.results[CHECK_FAILED], 8);
}

static void
what_was_skipped_says_nothing(void **state)
{
	struct check_count c = {.row = 0};

	(void)state;
	run(&c, "spsfsfsf", "?uuuuuud");
	assert_int_equal(c.results[CHECK_SKIPPED], 4);
}

/* The spread of many waits around what is meant. */
static void
waits(const struct check_count *c, uint64_t least, uint64_t most)
{
	uint64_t min = UINT64_MAX, max = 0;

	for (uint64_t i = 0; i < 10000; i++) {
		uint64_t wait = check_wait(c, &spec, i * 7919);

		min = wait < min ? wait : min;
		max = wait > max ? wait : max;
	}
	assert_true(min >= least && min <= least + least / 10);
	assert_true(max <= most && max >= most - most / 10);
}

static void
the_next_one_comes_in_time_give_or_take_a_tenth(void **state)
{
	struct check_count c = {.row = 0};

	(void)state;
	run(&c, "p", "u");
	waits(&c, 0, EVERY); /* the first wait spreads those that came together */
	run(&c, "p", "u");
	waits(&c, EVERY * 9 / 10, EVERY * 11 / 10);
	run(&c, "f", "u");
	waits(&c, CHANGING * 9 / 10, CHANGING * 11 / 10);
	run(&c, "ff", "ud");
	waits(&c, DOWN * 9 / 10, DOWN * 11 / 10);
	run(&c, "p", "d");
	waits(&c, CHANGING * 9 / 10, CHANGING * 11 / 10);
}

static void
only_what_is_expected_is_good(void **state)
{
	static const unsigned good[] = {200, 264, 399, 599}, bad[] = {0, 199, 201, 263, 598, 600};
	struct check_spec mine = spec;

	(void)state;
	for (size_t i = 0; i < nelem(good); i++)
		statuses_add(&mine.expect, good[i], good[i]);
	for (size_t i = 0; i < nelem(good); i++)
		assert_true(statuses_have(&mine.expect, good[i]));
	for (size_t i = 0; i < nelem(bad); i++)
		assert_false(statuses_have(&mine.expect, bad[i]));
}

static void
a_check_owns_all_it_says(void **state)
{
	char text[] = "GET /healthz", value[] = "weir";
	struct check_field fields[] = {{STR("X"), str_from(value)}};
	struct check_spec mine = spec;
	struct check *c, *other;

	(void)state;
	mine.ask = str_from(text);
	mine.fields = fields;
	mine.n_fields = nelem(fields);
	c = check_new(&mine);
	other = check_ref(c);
	memset(text, 'x', sizeof(text) - 1);
	memset(value, 'x', sizeof(value) - 1);
	fields[0].name = STR_NONE;
	check_unref(&c);
	assert_null(c);
	assert_true(str_eq(other->spec.ask, STR("GET /healthz")));
	assert_true(str_eq(other->spec.fields[0].name, STR("X")));
	assert_true(str_eq(other->spec.fields[0].value, STR("weir")));
	check_unref(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_result_decides),
	    cmocka_unit_test(who_is_in_use_is_not_taken_away_by_one_result),
	    cmocka_unit_test(as_many_in_a_row_as_are_wanted),
	    cmocka_unit_test(what_was_skipped_says_nothing),
	    cmocka_unit_test(the_next_one_comes_in_time_give_or_take_a_tenth),
	    cmocka_unit_test(only_what_is_expected_is_good),
	    cmocka_unit_test(a_check_owns_all_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
