#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "route/match.h"

static bool
matches(const char *text, struct str subject)
{
	struct match_scratch *scratch = match_scratch_new();
	struct pattern_error e = {0};
	struct pattern *p = pattern_new(str_from(text), &e);
	bool hit;

	if (p == NULL)
		fail_msg("%s: %s", text, e.text);
	hit = pattern_match(p, scratch, subject);
	pattern_free(&p);
	match_scratch_free(&scratch);
	assert_null(p);
	assert_null(scratch);
	return hit;
}

static void
matches_bytes_anywhere_unless_anchored(void **state)
{
	(void)state;
	assert_true(matches("v[0-9]+", STR("/a/v12")));
	assert_false(matches("^v[0-9]+", STR("/a/v12")));
	assert_true(matches("^$", STR_NONE));
	assert_true(matches("", STR_NONE));
	assert_true(matches("^.$", STR("\xff"))); /* no encoding is assumed */
	assert_true(matches("^a\\x00b$", STR("a\0b")));
	assert_false(matches("a$", STR("a\n")));
	assert_true(matches("(a)(b)\\1\\2", STR("abab"))); /* groups beyond the match data's */
}

static void
says_where_a_pattern_is_bad(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
		const char *error;
	} bad[] = {
	    {"^/a(b", 5, "missing closing parenthesis"},
	    {"*", 0, "quantifier does not follow a repeatable item"},
	    {"a\\Cb", 3, "using \\C is disabled by the application"},
	    {"(*UTF)a", 6, "using UTF is disabled by the application"},
	    {"(*UCP)a", 6, "using UCP is disabled by the application"},
	    {"((a{1000}b){1000}){1000}", 24, "regular expression is too large"},
	};

	(void)state;
	for (size_t i = 0; i < nelem(bad); i++) {
		struct pattern_error e = {0}, again = {0};

		assert_null(pattern_new(str_from(bad[i].text), &e));
		assert_string_equal(e.text, bad[i].error);
		assert_int_equal(e.offset, bad[i].offset);
		assert_false(pattern_check(str_from(bad[i].text), &again));
		assert_string_equal(again.text, e.text);
		assert_int_equal(again.offset, e.offset);
	}
}

static void
bounds_patterns(void **state)
{
	enum { LONG = 5000, DEEP = 100 };
	struct pattern_error e = {0};
	char text[LONG];

	(void)state;
	memset(text, 'a', LONG);
	assert_false(pattern_check(str_of(text, LONG), &e));
	assert_true(pattern_check(str_of(text, LONG / 2), &e));
	memset(text, '(', DEEP);
	memset(text + DEEP, ')', DEEP);
	assert_false(pattern_check(str_of(text, 2 * (size_t)DEEP), &e));
}

static void
no_input_burns_time(void **state)
{
	static const char *const slow[] = {"^(a+)+$", "(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$",
	    "(.*)(.*)(.*)(.*)[0-9]", "^(?:a?){64}a{64}$", "(?=(a+))*(a|a)*$"};
	enum { LONG = 8000, ROUNDS = 20, SECONDS = 5 };
	char subject[LONG];
	time_t start = time(NULL);

	(void)state;
	memset(subject, 'a', LONG);
	subject[LONG - 1] = '!';
	for (size_t i = 0; i < nelem(slow); i++)
		for (size_t round = 0; round < ROUNDS; round++)
			assert_false(matches(slow[i], str_of(subject, LONG)));
	assert_true(time(NULL) - start < SECONDS); /* it would be years */
}

static void
knows_the_bytes_each_match_begins_with(void **state)
{
	static const struct {
		const char *text, *stem;
	} stems[] = {
	    {"^/api/v[0-9]+", "/api/v"},
	    {"^/a\\.b\\/c$", "/a.b/c"},
	    {"^/(a|b)", "/"},
	    {"^/ab?", "/a"},
	    {"^/ab*c", "/a"},
	    {"^/ab{2}", "/a"},
	    {"^/a[|(]b", "/a"},
	    {"^/users/(?<id>[0-9]+)", "/users/"},
	    {"/a", ""},
	    {"^/a|/b", ""},
	    {"^/a(b|c)|d", ""},
	    {"(?i)^/a", ""},
	    {"^/a(?i)b", ""},
	    {"^/a(?x)b # (\n|c", ""},
	    {"^/a(?#()|b", ""},
	    {"^/a(*:x(y)|b", ""},
	    {"^/s(?:[\\Q](x[y\\E])|b", ""},
	    {"^/s([\\c](])|b", ""},
	    {"^/a\\Q|\\E", ""},
	    {"^/a\\E*", ""},
	    {"^/a[]|(]b|c", ""},
	    {"^/a[^]|(]b|c", ""},
	    {"^/a[[:alpha:](]|c", ""},
	    {"^/a\\d", "/a"},
	    {"^", ""},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < nelem(stems); i++) {
		struct pattern_error e = {0};
		struct pattern *p = pattern_new(str_from(stems[i].text), &e);

		if (p == NULL)
			fail_msg("%s: %s", stems[i].text, e.text);
		if (!str_eq(pattern_stem(p), str_from(stems[i].stem)))
			fail_msg("%s: stem \"%.*s\", not \"%s\"", stems[i].text,
			    STR_FMT(pattern_stem(p)), stems[i].stem);
		pattern_free(&p);
	}
}

/* Whatever the text, a match begins with the stem. */
static void
stems_hold_for_random_patterns(void **state)
{
	static const char *const pieces[] = {"a", "b", "/", "\\.", "(", ")", "(?:", "|", "?", "*",
	    "[ab]", "[^a]", "[]|]", "[|(]", "\\Q", "\\E", "(?i)", "(?=", "\\b", "^", "$", "{1}",
	    "{0}", "[a\\]|(]", "."};
	enum { PATTERNS = 20000, SUBJECTS = 12, LENGTH = 7 };
	struct match_scratch *scratch = match_scratch_new();
	uint32_t dice = 1;
	size_t hits = 0;

	(void)state;
	for (size_t i = 0; i < PATTERNS; i++) {
		char text[64] = "^/", subject[LENGTH];
		size_t used = strlen(text);
		struct pattern_error e;
		struct pattern *p;

		for (size_t k = 0; k < LENGTH; k++) {
			dice = dice * 1664525 + 1013904223;
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s",
			    pieces[(dice >> 16) % nelem(pieces)]);
		}
		p = pattern_new(str_from(text), &e);
		for (size_t k = 0; p != NULL && k < SUBJECTS; k++) {
			size_t len;

			dice = dice * 1664525 + 1013904223;
			len = (dice >> 16) % (LENGTH + 1);
			for (size_t at = 0; at < len; at++) {
				dice = dice * 1664525 + 1013904223;
				subject[at] = "ab/.|(A"[(dice >> 16) % 7];
			}
			if (len > 0 && k % 2)
				subject[0] = '/';
			if (!pattern_match(p, scratch, str_of(subject, len)))
				continue;
			hits++;
			if (!str_starts(str_of(subject, len), pattern_stem(p)))
				fail_msg("%s matches \"%.*s\" without its stem", text, (int)len,
				    subject);
		}
		pattern_free(&p);
	}
	assert_true(hits > PATTERNS / 100);
	match_scratch_free(&scratch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(matches_bytes_anywhere_unless_anchored),
	    cmocka_unit_test(says_where_a_pattern_is_bad),
	    cmocka_unit_test(bounds_patterns),
	    cmocka_unit_test(no_input_burns_time),
	    cmocka_unit_test(knows_the_bytes_each_match_begins_with),
	    cmocka_unit_test(stems_hold_for_random_patterns),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
