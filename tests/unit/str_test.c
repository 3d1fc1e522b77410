#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/str.h"

static void
equality_counts_every_byte(void **state)
{
	(void)state;
	assert_true(str_eq(STR_NONE, STR("")));
	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_false(str_eq(STR("a"), STR("ab")));
	assert_false(str_eq(STR("a"), STR("A")));
	assert_int_equal(str_from(NULL).len, 0);
	assert_int_equal(str_from("four").len, 4);
}

static void
case_is_folded_for_letters_only(void **state)
{
	(void)state;
	assert_true(str_eq_case(STR("Content-LENGTH"), STR("content-length")));
	assert_true(str_eq_case(STR_NONE, STR("")));
	assert_false(str_eq_case(STR("ab"), STR("abc")));
	/* what | 0x20 alone would mix up */
	assert_false(str_eq_case(STR("@"), STR("`")));
	assert_false(str_eq_case(STR("["), STR("{")));
	assert_false(str_eq_case(STR("\x0d"), STR("-")));
	assert_false(str_eq_case(STR("\xc4"), STR("\xe4"))); /* no letters beyond ASCII */
}

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

static void
order_is_by_unsigned_byte_then_length(void **state)
{
	static const struct {
		struct str a, b;
		int order;
	} rows[] = {
	    {STR_NONE, STR_INIT(""), 0},
	    {STR_INIT("a"), STR_INIT("a"), 0},
	    {STR_INIT("a"), STR_INIT("b"), -1},
	    {STR_INIT("a"), STR_INIT("aa"), -1},
	    {STR_NONE, STR_INIT("a"), -1},
	    {STR_INIT("\x7f"), STR_INIT("\x80"), -1},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		assert_int_equal(sign(str_cmp(rows[i].a, rows[i].b)), rows[i].order);
		assert_int_equal(sign(str_cmp(rows[i].b, rows[i].a)), -rows[i].order);
	}
}

static void
starts_and_ends(void **state)
{
	(void)state;
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(STR("abc"), STR_NONE));
	assert_true(str_starts(STR_NONE, STR_NONE));
	assert_false(str_starts(STR("ab"), STR("abc")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_true(str_ends(STR("abc"), STR("abc")));
	assert_true(str_ends(STR_NONE, STR("")));
	assert_false(str_ends(STR("bc"), STR("abc")));
	assert_false(str_ends(STR("abc"), STR("ab")));
}

static void
find_says_the_length_for_no(void **state)
{
	(void)state;
	assert_int_equal(str_find(STR("a.b.c"), '.', 0), 1);
	assert_int_equal(str_find(STR("a.b.c"), '.', 1), 1);
	assert_int_equal(str_find(STR("a.b.c"), '.', 2), 3);
	assert_int_equal(str_find(STR("a.b.c"), '.', 4), 5);
	assert_int_equal(str_find(STR("a.b.c"), '.', 99), 5);
	assert_int_equal(str_find(STR_NONE, '.', 0), 0);
}

static void
trim_takes_spaces_and_tabs_only(void **state)
{
	(void)state;
	assert_true(str_eq(str_trim(STR(" \t a b\t ")), STR("a b")));
	assert_true(str_eq(str_trim(STR(" \t")), STR("")));
	assert_true(str_eq(str_trim(STR_NONE), STR("")));
	assert_true(str_eq(str_trim(STR("\va\r\n")), STR("\va\r\n")));
}

/* All pieces, each in brackets. */
static void
assert_cut(struct str s, const char *want)
{
	char out[64] = "";
	struct str piece;

	while (str_cut(&s, ',', &piece)) {
		size_t at = strlen(out);

		assert_true(at + piece.len + 3 <= sizeof(out));
		out[at++] = '[';
		memcpy(out + at, piece.p, piece.len);
		at += piece.len;
		out[at++] = ']';
		out[at] = '\0';
	}
	assert_string_equal(out, want);
}

static void
cut_gives_every_piece_once(void **state)
{
	(void)state;
	assert_cut(STR("a,bc,d"), "[a][bc][d]");
	assert_cut(STR("a"), "[a]");
	assert_cut(STR(""), "[]");
	assert_cut(STR_NONE, "");
	assert_cut(STR(",a,,"), "[][a][][]");
}

static void
numbers_are_whole_and_bounded(void **state)
{
	static const struct {
		struct str text;
		uint64_t max, n;
		bool ok;
	} rows[] = {
	    {STR_INIT("0"), 0, 0, true},
	    {STR_INIT("007"), 10, 7, true},
	    {STR_INIT("10"), 10, 10, true},
	    {STR_INIT("11"), 10, 0, false},
	    {STR_INIT("18446744073709551615"), UINT64_MAX, UINT64_MAX, true},
	    {STR_INIT("18446744073709551616"), UINT64_MAX, 0, false},
	    {STR_INIT("99999999999999999999999"), UINT64_MAX, 0, false},
	    {STR_INIT("00000000000000000000000000001"), UINT64_MAX, 1, true},
	    {STR_INIT(""), 10, 0, false},
	    {STR_NONE, 10, 0, false},
	    {STR_INIT("+1"), 10, 0, false},
	    {STR_INIT("-1"), 10, 0, false},
	    {STR_INIT(" 1"), 10, 0, false},
	    {STR_INIT("1 "), 10, 0, false},
	    {STR_INIT("1:"), 10, 0, false},
	    {STR_INIT("1/"), 10, 0, false},
	    {STR_INIT("0x1"), 10, 0, false},
	    {STR_INIT("1\0"), 10, 0, false},
	    {STR_INIT("\xb1"), 10, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		uint64_t n = 99;

		assert_int_equal(str_to_u64(rows[i].text, rows[i].max, &n), rows[i].ok);
		assert_int_equal(n, rows[i].ok ? rows[i].n : 99);
	}
}

static void
a_dup_ends_in_nul(void **state)
{
	char *p = str_dup(str_of("abcd", 2)), *none = str_dup(STR_NONE);

	(void)state;
	assert_string_equal(p, "ab");
	assert_string_equal(none, "");
	free(p);
	free(none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(equality_counts_every_byte),
	    cmocka_unit_test(case_is_folded_for_letters_only),
	    cmocka_unit_test(order_is_by_unsigned_byte_then_length),
	    cmocka_unit_test(starts_and_ends),
	    cmocka_unit_test(find_says_the_length_for_no),
	    cmocka_unit_test(trim_takes_spaces_and_tabs_only),
	    cmocka_unit_test(cut_gives_every_piece_once),
	    cmocka_unit_test(numbers_are_whole_and_bounded),
	    cmocka_unit_test(a_dup_ends_in_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
