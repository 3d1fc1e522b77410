#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "route/split.h"

enum { ARMS_MAX = 8 };

/* The next n picks as letters. */
static void
assert_order(const uint32_t *weights, size_t arms, const char *want)
{
	struct split *s = split_new(weights, arms);

	for (size_t i = 0; want[i] != '\0'; i++)
		assert_int_equal(split_next(s), want[i] - 'a');
	split_free(&s);
	assert_null(s);
}

static void
count(const uint32_t *weights, size_t arms, size_t picks, size_t *counts)
{
	struct split *s = split_new(weights, arms);

	for (size_t i = 0; i < arms; i++)
		counts[i] = 0;
	for (size_t i = 0; i < picks; i++) {
		uint32_t arm = split_next(s);

		assert_true(arm < arms);
		counts[arm]++;
	}
	split_free(&s);
}

static void
interleaves_smoothly(void **state)
{
	(void)state;
	assert_order((uint32_t[]){5, 1, 1}, 3, "aabacaaaabacaa");
	assert_order((uint32_t[]){1, 1, 1}, 3, "abcabc");
	assert_order((uint32_t[]){0, 3, 1}, 3, "bbcbbbcb");
}

static void
is_exact_over_the_shortest_round(void **state)
{
	size_t counts[ARMS_MAX];

	(void)state;
	count((uint32_t[]){95, 5}, 2, 20, counts); /* one part in 20 */
	assert_int_equal(counts[0], 19);
	assert_int_equal(counts[1], 1);
	count((uint32_t[]){400000000, 0, 1200000000, 2400000000}, 4, 10, counts);
	assert_int_equal(counts[0], 1);
	assert_int_equal(counts[1], 0);
	assert_int_equal(counts[2], 3);
	assert_int_equal(counts[3], 6);
}

static void
scales_what_would_be_a_long_round(void **state)
{
	size_t counts[ARMS_MAX];

	(void)state;
	count((uint32_t[]){UINT32_MAX, UINT32_MAX - 1, 1, 0}, 4, 10001 * 3, counts);
	assert_int_equal(counts[0], 5000 * 3);
	assert_int_equal(counts[1], 5000 * 3);
	assert_int_equal(counts[2], 3); /* more than its share, but never nothing */
	assert_int_equal(counts[3], 0);
}

static void
knows_one_arm_and_none(void **state)
{
	struct split *s = split_new((uint32_t[]){0, 0}, 2);

	(void)state;
	assert_int_equal(split_next(s), SPLIT_NONE);
	split_free(&s);
	s = split_new(NULL, 0);
	assert_int_equal(split_next(s), SPLIT_NONE);
	split_free(&s);
	assert_order((uint32_t[]){0, 7, 0}, 3, "bbb");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(interleaves_smoothly),
	    cmocka_unit_test(is_exact_over_the_shortest_round),
	    cmocka_unit_test(scales_what_would_be_a_long_round),
	    cmocka_unit_test(knows_one_arm_and_none),
	};

	return cmocka_run_group_tests_name("split", tests, NULL, NULL);
}
