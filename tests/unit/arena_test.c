#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

enum { FIRST = 64, LIMIT = 64 * 1024 };

static void
the_first_block_comes_first(void **state)
{
	uint64_t first[FIRST / sizeof(uint64_t)];
	struct arena a;

	(void)state;
	arena_init(&a, first, sizeof(first), 0);
	assert_ptr_equal(arena_take(&a, 1), first);
	assert_ptr_equal(arena_take(&a, 0), first + 1);
	assert_ptr_equal(arena_take(&a, FIRST - 8), first + 1);
	assert_false(arena_full(&a));
	assert_null(arena_take(&a, 1));
	assert_true(arena_full(&a));
	assert_null(a.blocks);
	arena_reset(&a);
}

static void
growth_is_aligned_and_counted(void **state)
{
	struct arena a;
	char *last = NULL;

	(void)state;
	arena_init(&a, NULL, 0, LIMIT);
	for (size_t size = 1; size < 200; size++) {
		char *p = arena_take(&a, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 8, 0);
		memset(p, (int)size, size); /* all of it is there: the sanitizer watches */
		assert_ptr_not_equal(p, last);
		last = p;
	}
	assert_true(a.left < LIMIT);
	memset(arena_take(&a, LIMIT / 4), 1, LIMIT / 4); /* more than a block */
	assert_false(arena_full(&a));
	arena_reset(&a);
	assert_null(a.blocks);
}

static void
texts_stand_one_behind_the_other(void **state)
{
	uint64_t first[FIRST / sizeof(uint64_t)];
	struct arena a;
	char *text;

	(void)state;
	arena_init(&a, first, sizeof(first), 0);
	text = arena_text(&a, 3);
	assert_ptr_equal(text, first);
	assert_ptr_equal(arena_text(&a, 2), text + 3);
	assert_ptr_equal(arena_take(&a, 1), first + 1);
	assert_ptr_equal(arena_text(&a, FIRST - 9), text + 9);
	arena_trim(&a, text + 10); /* what was taken last was too much */
	assert_ptr_equal(arena_take(&a, 8), first + 2);
	assert_false(arena_full(&a));
	arena_reset(&a);
}

static void
an_overflow_sticks_until_it_is_healed(void **state)
{
	uint64_t first[FIRST / sizeof(uint64_t)];
	struct arena a;

	(void)state;
	arena_init(&a, first, sizeof(first), LIMIT);
	assert_null(arena_take(&a, LIMIT + 1));
	assert_true(arena_full(&a));
	assert_null(arena_take(&a, FIRST + 8)); /* would have fitted before */
	arena_extend(&a, LIMIT);
	assert_false(arena_full(&a));
	assert_non_null(arena_take(&a, LIMIT + 1));
	assert_null(arena_take(&a, LIMIT));
	assert_true(arena_full(&a));
	arena_reset(&a);
	assert_false(arena_full(&a));
}

static void
a_huge_size_is_an_overflow_not_a_wrap(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, NULL, 0, LIMIT);
	assert_null(arena_take(&a, SIZE_MAX - 7)); /* the block's own header would wrap it */
	assert_true(arena_full(&a));
}

static void
a_reset_arena_may_take_as_much_again(void **state)
{
	uint64_t first[FIRST / sizeof(uint64_t)];
	struct arena a;

	(void)state;
	arena_init(&a, first, sizeof(first), LIMIT);
	for (unsigned i = 0; i < 20; i++) {
		assert_ptr_equal(arena_take(&a, 8), first);
		assert_non_null(arena_take(&a, LIMIT / 2));
		assert_false(arena_full(&a));
		arena_reset(&a);
		assert_int_equal(a.left, LIMIT);
	}
}

static void
a_copy_ends_in_nul(void **state)
{
	uint64_t first[FIRST / sizeof(uint64_t)];
	struct arena a;
	struct str s;

	(void)state;
	memset(first, 0xff, sizeof(first));
	arena_init(&a, first, sizeof(first), 0);
	s = arena_copy(&a, STR("a\0b"));
	assert_int_equal(s.len, 3);
	assert_memory_equal(s.p, "a\0b", 4);
	s = arena_copy(&a, STR_NONE);
	assert_int_equal(s.len, 0);
	assert_string_equal(s.p, "");
	s = arena_copy(&a, str_of((char *)first, FIRST - 16)); /* no room for its NUL */
	assert_null(s.p);
	assert_int_equal(s.len, 0);
	arena_reset(&a);
}

static void
printing_measures_first(void **state)
{
	struct arena a;
	char *p;

	(void)state;
	arena_init(&a, NULL, 0, LIMIT);
	p = arena_printf(&a, "%s-%05d", "x", 42);
	assert_string_equal(p, "x-00042");
	p = arena_printf(&a, "%*d", LIMIT / 2, 7);
	assert_int_equal(strlen(p), LIMIT / 2);
	assert_null(arena_printf(&a, "%*d", LIMIT, 7));
	assert_true(arena_full(&a));
	arena_reset(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_block_comes_first),
	    cmocka_unit_test(growth_is_aligned_and_counted),
	    cmocka_unit_test(texts_stand_one_behind_the_other),
	    cmocka_unit_test(an_overflow_sticks_until_it_is_healed),
	    cmocka_unit_test(a_huge_size_is_an_overflow_not_a_wrap),
	    cmocka_unit_test(a_reset_arena_may_take_as_much_again),
	    cmocka_unit_test(a_copy_ends_in_nul),
	    cmocka_unit_test(printing_measures_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
