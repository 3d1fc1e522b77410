#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/document.h"

#include <stdlib.h>

static struct document *
parse(const char *text, struct errors *e)
{
	struct document_budget budget = document_budget_full();

	errors_init(e);
	return document_parse("weir.yaml", str_from(text), &budget, e);
}

/* The first error of a text, as it is printed without its line. */
static void
assert_error(const char *text, const char *place, const char *says)
{
	struct errors e;
	struct document *d = parse(text, &e);
	char at[32];

	assert_int_equal(e.error_count, 1);
	snprintf(
	    at, sizeof(at), "%u:%u+%u", e.first->at.line, e.first->at.column, e.first->at.width);
	assert_string_equal(e.first->text, says);
	assert_string_equal(at, place);
	document_free(&d);
	errors_free(&e);
}

static void
assert_place(const struct node *n, uint32_t line, uint32_t column, uint32_t width)
{
	assert_int_equal(n->line, line);
	assert_int_equal(n->column, column);
	assert_int_equal(n->width, width);
}

static void
every_node_knows_its_place(void **state)
{
	struct errors e;
	struct document *d =
	    parse("# top\na: 1\nlist:\n  - \"x y\"\n  - {k: v}\n\xc3\xa9t\xc3\xa9: z\n", &e);
	const struct node *key, *item;

	(void)state;
	assert_non_null(d);
	key = document_root(d)->first;
	assert_place(key, 2, 1, 1);
	assert_place(key->next, 2, 4, 1);
	key = key->next->next;
	assert_int_equal(key->next->n, 2);
	item = key->next->first;
	assert_place(item, 4, 5, 5);
	assert_false(item->plain);
	assert_int_equal(item->next->kind, NODE_MAP);
	assert_place(item->next->first->next, 5, 9, 1);
	key = key->next->next;
	assert_place(key, 6, 1, 5); /* in bytes */
	assert_place(key->next, 6, 8, 1);
	assert_string_equal(node_at(key).file, "weir.yaml");
	document_free(&d);
	errors_free(&e);
}

static void
a_scalar_is_text(void **state)
{
	static const char *const texts[] = {"no", "0644", "1e3", "null", "0x10", "2026-11-22"};
	struct errors e;

	(void)state;
	for (size_t i = 0; i < nelem(texts); i++) {
		char *text = xasprintf("a: %s\n", texts[i]);
		struct document *d = parse(text, &e);

		assert_string_equal(document_root(d)->first->next->text.p, texts[i]);
		document_free(&d);
		errors_free(&e);
		free(text);
	}
}

static void
an_empty_file_is_an_empty_map(void **state)
{
	static const char *const texts[] = {"", "\n# nothing\n", "---\n", "\xef\xbb\xbf"};
	struct errors e;

	(void)state;
	for (size_t i = 0; i < nelem(texts); i++) {
		struct document *d = parse(texts[i], &e);

		assert_non_null(d);
		assert_int_equal(document_root(d)->kind, NODE_MAP);
		assert_int_equal(document_root(d)->n, 0);
		document_free(&d);
		errors_free(&e);
	}
}

static void
lines_end_as_libyaml_sees_them(void **state)
{
	struct errors e;
	struct document *d = parse("a: 1\r\nb: 2\rc: 3\xe2\x80\xa8"
				   "d: 4\n",
	    &e);
	struct str line;

	(void)state;
	assert_non_null(d);
	assert_int_equal(document_root(d)->last->line, 4);
	line = document_line(d, 1);
	assert_int_equal(line.len, 4);
	line = document_line(d, 3);
	assert_true(str_eq(line, STR("c: 3")));
	assert_true(str_eq(document_line(d, 4), STR("d: 4")));
	assert_int_equal(document_line(d, 6).len, 0);
	assert_null(document_line(d, 7).p);
	document_free(&d);
	errors_free(&e);
}

static void
tells_mistakes_in_words(void **state)
{
	(void)state;
	assert_error("r:\n  - match: x\n   to: y\n", "3:4+2",
	    "\"to\" is one space short of \"match\" (line 2)");
	assert_error("r:\n  - match: x\n     to: y\n", "3:6+2",
	    "\"to\" is one space past \"match\" (line 2)");
	assert_error(
	    "b:\n  api: {}\n web: {}\n", "3:2+3", "\"web\" is one space short of \"api\" (line 2)");
	assert_error("r:\n    - a: b\n  - c: d\n", "3:3+3",
	    "\"- c\" is two spaces short of \"- a\" (line 2)");
	assert_error("a:\n\tb: c\n", "2:1+1", "YAML does not allow tabs; use spaces");
	assert_error("a: *.x/*\n", "1:4+5", "a value that begins with \"*\" or \"&\" needs quotes");
	assert_error("a: @b # c\n", "1:4+2", "a value cannot begin with \"@\"");
	assert_error("a: {b: ${P}}\n", "1:8+4", "inside of braces a variable needs quotes");
	assert_error("a:\n - b: [::1]:80\n", "2:7+8", "an IPv6 address needs quotes");
	assert_error("a: b: c\n", "1:4+4", "a value with \": \" inside needs quotes");
	assert_error("a: {b: 1\nc: 2\n", "1:4+1", "this \"{\" is never closed");
	assert_error("a: \"b\nc: 2\n", "1:4+1", "this quote is never closed");
	assert_error("a: \"\\d\"\n", "1:5+1", "double quotes do not know this escape");
	assert_error("a: \xff\n", "1:4+1", "this is not UTF-8");
	assert_error("a: \x01\n", "1:4+1", "a control character");
	assert_error("- a\n", "1:1+1", "a configuration begins with a key, not with a list");
	assert_error("word\n", "1:1+4", "a configuration begins with a key, not with text");
	assert_error("? [a]\n: b\n", "1:3+1", "a key has to be a word");
}

static void
refuses_what_could_be_a_bomb(void **state)
{
	(void)state;
	assert_error("a: &x [1]\n", "1:4+1", "anchors are not supported");
	assert_error("a: *x\n", "1:4+2", "aliases are not supported");
	assert_error("a: !t x\n", "1:4+1", "tags are not supported");
	assert_error("a: 1\n---\nb: 2\n", "2:1+1", "a second document begins here");
	assert_error(
	    "a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "1:35+1", "too many levels of nesting");
}

static void
stops_where_the_budget_ends(void **state)
{
	struct document_budget nodes = {.bytes = 100, .nodes = 5}, bytes = {.bytes = 5, .nodes = 9};
	struct errors e;

	(void)state;
	errors_init(&e);
	assert_null(document_parse("a", STR("a: [1, 2, 3, 4]"), &nodes, &e));
	assert_string_equal(e.first->text, "the configuration is too large");
	assert_null(document_parse("a", STR("a: 123"), &bytes, &e));
	assert_int_equal(e.error_count, 2);
	errors_free(&e);
}

static void
drops_a_key_that_stands_twice(void **state)
{
	struct errors e;
	struct document *d = parse("a: 1\nb: 2\na: 3\nb: 4\n", &e);

	(void)state;
	assert_non_null(d);
	assert_int_equal(e.error_count, 2);
	assert_string_equal(e.first->text, "\"a\" is given twice");
	assert_string_equal(e.first->hint, "first at line 1");
	assert_int_equal(document_root(d)->n, 2);
	assert_string_equal(document_root(d)->last->text.p, "2");
	document_free(&d);
	errors_free(&e);
}

static void
finds_twice_given_keys_among_many(void **state)
{
	char *text = calloc(1, 20000), *p = text;
	struct errors e;
	struct document *d;

	(void)state;
	for (int i = 0; i < 1000; i++)
		p += snprintf(p, 16, "k%d: 1\n", i % 998);
	d = parse(text, &e);
	assert_int_equal(e.error_count, 2);
	assert_int_equal(document_root(d)->n, 998);
	document_free(&d);
	errors_free(&e);
	free(text);
}

static void
a_file_that_cannot_be_read_says_why(void **state)
{
	struct document_budget budget = document_budget_full();
	struct errors e;

	(void)state;
	errors_init(&e);
	assert_null(document_read("/nonexistent/weir.yaml", &budget, &e));
	assert_string_equal(e.first->text, "cannot read it: No such file or directory");
	assert_int_equal(e.first->at.line, 0);
	errors_free(&e);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_node_knows_its_place),
	    cmocka_unit_test(a_scalar_is_text),
	    cmocka_unit_test(an_empty_file_is_an_empty_map),
	    cmocka_unit_test(lines_end_as_libyaml_sees_them),
	    cmocka_unit_test(tells_mistakes_in_words),
	    cmocka_unit_test(refuses_what_could_be_a_bomb),
	    cmocka_unit_test(stops_where_the_budget_ends),
	    cmocka_unit_test(drops_a_key_that_stands_twice),
	    cmocka_unit_test(finds_twice_given_keys_among_many),
	    cmocka_unit_test(a_file_that_cannot_be_read_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
