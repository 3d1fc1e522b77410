#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config/load.h"
#include "run/diff.h"

#define LISTEN "listen: {http: {port: 8080}}\n"

static struct model *
load(const char *name, const char *text)
{
	struct errors errors;
	struct model *m;

	errors_init(&errors);
	m = load_text(name, str_from(text), &errors);
	errors_print(&errors, stderr, false);
	assert_non_null(m);
	errors_free(&errors);
	return m;
}

/* The lines, with runs of spaces as one. */
static void
assert_diff(const char *before, const char *after, const char *want)
{
	struct model *old = load("old", before), *new = load("new", after);
	char *text = NULL, *to;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	diff_models(old, new, f);
	fclose(f);
	to = text;
	for (const char *from = text; *from != '\0'; from++)
		if (*from != ' ' || from == text || from[-1] != ' ')
			*to++ = *from;
	*to = '\0';
	assert_string_equal(text, want);
	free(text);
	model_free(&old);
	model_free(&new);
}

static void
says_nothing_of_what_is_the_same(void **state)
{
	static const char file[] =
	    LISTEN "routes:\n- {match: any, to: {a: 1, b: 2}}\n"
		   "backends: {a: {endpoints: [\"127.0.0.1:1\"]}, b: {endpoints: []}}\n";

	(void)state;
	assert_diff(file, file, "");
	assert_diff(LISTEN, "# the same\nlisten:\n  http:\n    address: \"0.0.0.0:8080\"\n", "");
}

static void
tells_what_came_went_and_changed(void **state)
{
	(void)state;
	assert_diff(LISTEN "routes:\n"
			   "- {match: a.test/*, to: one}\n"
			   "- {match: b.test/*, to: one}\n"
			   "backends:\n"
			   "  one: {endpoints: [\"127.0.0.1:1\", \"127.0.0.1:2\"]}\n",
	    "listen:\n  http: {port: 8081}\n  more: {port: 8082}\n"
	    "routes:\n"
	    "- {match: c.test/*, to: one}\n"
	    "- match: a.test/*\n"
	    "  to: {one: 80%, two: 20%}\n"
	    "backends:\n"
	    "  one:\n"
	    "    endpoints:\n"
	    "    - {address: \"127.0.0.1:1\", weight: 3}\n"
	    "    - 127.0.0.1:3\n"
	    "    balance: random\n"
	    "  two: {endpoints: []}\n"
	    "timeouts: {connect: 2s}\n"
	    "log: json\n",
	    " ~ listener http address 0.0.0.0:8080 -> 0.0.0.0:8081\n"
	    " + listener more new:3\n"
	    " + route c.test/* new:5\n"
	    " ~ route a.test/* to one -> {one: 80, two: 20} new:7\n"
	    " - route b.test/* old:4\n"
	    " ~ backend one balance least-requests -> random new:13\n"
	    " ~ endpoint one 127.0.0.1:1 -> {address: 127.0.0.1:1, weight: 3} new:11\n"
	    " + endpoint one 127.0.0.1:3 new:12\n"
	    " - endpoint one 127.0.0.1:2 old:6\n"
	    " + backend two new:14\n"
	    " ~ timeouts connect 5s -> 2s new:15\n"
	    " ~ log format text -> json new:16\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_nothing_of_what_is_the_same),
	    cmocka_unit_test(tells_what_came_went_and_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
