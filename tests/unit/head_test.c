#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/head.h"

static void
finds_fields_by_id_and_by_name_the_first_first(void **state)
{
	struct fields f = {.v = NULL};
	struct arena a;

	(void)state;
	arena_init(&a, NULL, 0, 1 << 20);
	assert_null(fields_find(&f, FIELD_HOST));
	assert_int_equal(field_value(NULL).len, 0);
	assert_true(fields_add(&f, &a, STR("Host"), STR("a")));
	assert_true(fields_add(&f, &a, STR("X-One"), STR("1")));
	assert_true(fields_add(&f, &a, STR("x-one"), STR("2")));
	assert_false(fields_doubled(&f, FIELD_HOST));
	assert_true(fields_add(&f, &a, STR("HOST"), STR("b")));
	assert_true(fields_doubled(&f, FIELD_HOST));
	assert_true(str_eq(field_value(fields_find(&f, FIELD_HOST)), STR("a")));
	assert_true(str_eq(field_value(fields_find_name(&f, STR("host"))), STR("a")));
	assert_true(str_eq(field_value(fields_find_name(&f, STR("X-ONE"))), STR("1")));
	assert_null(fields_find_name(&f, STR("x-two")));
	assert_null(fields_find(&f, FIELD_EXPECT));
	arena_reset(&a);
}

static void
grows_in_the_arena_until_that_is_full(void **state)
{
	struct fields f = {.v = NULL};
	struct arena a;

	(void)state;
	arena_init(&a, NULL, 0, 16 * 1024);
	while (fields_add(&f, &a, STR("n"), STR("v")))
		assert_in_range(f.n, 1, 1000);
	assert_true(arena_full(&a));
	assert_in_range(f.n, 64, 512);
	for (uint32_t i = 0; i < f.n; i++)
		assert_true(str_eq(field_value(&f.v[i]), STR("v")));
	arena_reset(&a);
	arena_init(&a, NULL, 0, 16 * 1024);
	f = (struct fields){.v = NULL};
	assert_true(fields_reserve(&f, &a, 100));
	assert_true(f.n == 0 && f.room >= 100);
	arena_reset(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_fields_by_id_and_by_name_the_first_first),
	    cmocka_unit_test(grows_in_the_arena_until_that_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
