#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"

static struct position
at(uint32_t line, uint32_t column, uint32_t width)
{
	return (struct position){"weir.yaml", line, column, width};
}

static void
assert_printed(struct errors *e, const char *want)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	errors_print(e, out, false);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
	errors_free(e);
}

static void
prints_line_caret_and_hint(void **state)
{
	struct errors e;

	(void)state;
	errors_init(&e);
	error_hint(errors_add(&e, SEVERITY_ERROR, at(13, 5, 7), STR("    retires: 2"),
		       "unknown key \"%s\" in a route", "retires"),
	    "did you mean \"retry\"?");
	assert_int_equal(e.error_count, 1);
	assert_printed(&e, "weir.yaml:13:5: error: unknown key \"retires\" in a route\n"
			   "   13 |     retires: 2\n"
			   "      |     ^~~~~~~ did you mean \"retry\"?\n");
}

static void
sorts_by_line_and_counts_warnings(void **state)
{
	struct errors e;

	(void)state;
	errors_init(&e);
	errors_add(&e, SEVERITY_ERROR, at(2, 1, 0), STR("b"), "second");
	errors_add(&e, SEVERITY_WARNING, at(1, 1, 0), STR("a"), "first");
	errors_add(&e, SEVERITY_ERROR, at(0, 0, 0), STR_NONE, "whole file");
	assert_int_equal(e.warning_count, 1);
	assert_printed(&e, "weir.yaml: error: whole file\n"
			   "weir.yaml:1:1: warning: first\n    1 | a\n      | ^\n"
			   "weir.yaml:2:1: error: second\n    2 | b\n      | ^\n");
}

static void
a_hint_without_a_line_stands_alone(void **state)
{
	struct errors e;

	(void)state;
	errors_init(&e);
	error_hint(errors_add(&e, SEVERITY_ERROR, (struct position){0}, STR_NONE, "no"), "yes");
	assert_printed(&e, "error: no\n      | yes\n");
}

static void
keeps_the_caret_aligned_after_tabs_controls_and_wide_bytes(void **state)
{
	struct errors e;

	(void)state;
	errors_init(&e);
	errors_add(&e, SEVERITY_ERROR, at(1, 3, 1), STR("\t\x1bx"), "a");
	errors_add(&e, SEVERITY_ERROR, at(2, 3, 2), STR("\xc3\xa9xyz"), "b");
	errors_add(&e, SEVERITY_ERROR, at(3, 4, 1), STR("\xe2\x80\xaez"), "c\x7f");
	assert_printed(&e, "weir.yaml:1:3: error: a\n    1 | \t\\x1bx\n      | \t    ^\n"
			   "weir.yaml:2:3: error: b\n    2 | \xc3\xa9xyz\n      |  ^~\n"
			   "weir.yaml:3:4: error: c\\x7f\n    3 | \\u202ez\n      |       ^\n");
}

static void
shows_a_window_of_a_long_line(void **state)
{
	struct errors e;
	char *line = malloc(5000), want[600];

	(void)state;
	memset(line, 'a', 5000);
	line[2999] = 'X';
	errors_init(&e);
	errors_add(&e, SEVERITY_ERROR, at(1, 3000, 1), str_of(line, 5000), "long");
	snprintf(want, sizeof(want),
	    "weir.yaml:1:3000: error: long\n    1 | ...%.60sX%.79s...\n      |    %60s^\n", line,
	    line, "");
	assert_printed(&e, want);
	free(line);
}

static void
keeps_only_so_many(void **state)
{
	struct errors e;

	(void)state;
	errors_init(&e);
	for (unsigned i = 0; i < ERRORS_KEPT; i++)
		assert_non_null(errors_add(&e, SEVERITY_ERROR, at(1, 1, 1), STR_NONE, "x"));
	assert_null(errors_add(&e, SEVERITY_ERROR, at(1, 1, 1), STR_NONE, "x"));
	error_hint(NULL, "nothing");
	assert_int_equal(e.error_count, ERRORS_KEPT + 1);
	errors_free(&e);
	assert_int_equal(e.error_count, 0);
}

static void
suggests_the_nearest_word(void **state)
{
	static const char *const words[] = {
	    "retry", "timeouts", "listen", "to", "host", "max_connections", "port"};
	static const struct {
		const char *word, *want;
	} rows[] = {
	    {"retires", "retry"}, /* two letters too many */
	    {"request_bdoy", NULL},
	    {"timeotus", "timeouts"}, /* swapped */
	    {"Listen", "listen"},     /* case */
	    {"listne", "listen"},     /* swapped at the end */
	    {"prot", "port"},         /* swapped in a short word */
	    {"max_conections", "max_connections"},
	    {"max-connections", "max_connections"},
	    {"xx", NULL}, /* too short to guess */
	    {"t", NULL},
	    {"hxxt", NULL}, /* two mistakes in four letters */
	    {"certificate", NULL},
	    {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		const char *got = error_suggest(str_from(rows[i].word), words, nelem(words));

		assert_string_equal(got ? got : "", rows[i].want ? rows[i].want : "");
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prints_line_caret_and_hint),
	    cmocka_unit_test(sorts_by_line_and_counts_warnings),
	    cmocka_unit_test(a_hint_without_a_line_stands_alone),
	    cmocka_unit_test(keeps_the_caret_aligned_after_tabs_controls_and_wide_bytes),
	    cmocka_unit_test(shows_a_window_of_a_long_line),
	    cmocka_unit_test(keeps_only_so_many),
	    cmocka_unit_test(suggests_the_nearest_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
