#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/head.h"

static void
knows_every_field_by_its_name_in_any_case(void **state)
{
	(void)state;
	for (int id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
		struct str name = field_name_of((enum field_id)id);
		char other[64];

		assert_in_range(name.len, 2, sizeof(other));
		assert_int_equal(field_id_of(name), id);
		for (size_t i = 0; i < name.len; i++)
			other[i] = name.p[i] >= 'a' && name.p[i] <= 'z' && i % 2 == 0
				       ? (char)(name.p[i] - 0x20)
				       : name.p[i];
		assert_int_equal(field_id_of(str_of(other, name.len)), id);
	}
}

/* The comparison by words sets bits: no byte but the letter itself in its other case may do. */
static void
knows_no_field_by_a_name_off_by_a_byte(void **state)
{
	(void)state;
	for (int id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
		struct str name = field_name_of((enum field_id)id);
		char other[64];

		memcpy(other, name.p, name.len);
		for (size_t i = 0; i < name.len; i++) {
			for (int c = 0; c < 256; c++) {
				other[i] = (char)c;
				if (str_eq_case(str_of(other, name.len), name))
					assert_int_equal(field_id_of(str_of(other, name.len)), id);
				else
					assert_int_not_equal(
					    field_id_of(str_of(other, name.len)), id);
			}
			other[i] = name.p[i];
		}
		assert_int_not_equal(field_id_of(str_of(name.p, name.len - 1)), id);
	}
	assert_int_equal(field_id_of(STR_NONE), FIELD_OTHER);
	assert_int_equal(field_id_of(STR("x")), FIELD_OTHER);
	assert_int_equal(field_name_of(FIELD_OTHER).len, 0);
}

static void
knows_every_method_and_only_in_capitals(void **state)
{
	static const struct str others[] = {STR_INIT(""), STR_INIT("get"), STR_INIT("GETS"),
	    STR_INIT("PUP"), STR_INIT("HEAP"), STR_INIT("TRACK"), STR_INIT("PATCA"),
	    STR_INIT("DELETA"), STR_INIT("CONNECA"), STR_INIT("OPTIONA"), STR_INIT("OTHER")};

	(void)state;
	for (int m = METHOD_OTHER + 1; m < METHOD_COUNT; m++)
		assert_int_equal(method_of(method_name((enum method)m)), m);
	for (size_t i = 0; i < nelem(others); i++)
		assert_int_equal(method_of(others[i]), METHOD_OTHER);
}

static void
calls_idempotent_what_rfc_9110_does(void **state)
{
	(void)state;
	assert_true(method_is_idempotent(METHOD_GET));
	assert_true(method_is_idempotent(METHOD_PUT));
	assert_true(method_is_idempotent(METHOD_DELETE));
	assert_false(method_is_idempotent(METHOD_POST));
	assert_false(method_is_idempotent(METHOD_PATCH));
	assert_false(method_is_idempotent(METHOD_OTHER));
}

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
	    cmocka_unit_test(knows_every_field_by_its_name_in_any_case),
	    cmocka_unit_test(knows_no_field_by_a_name_off_by_a_byte),
	    cmocka_unit_test(knows_every_method_and_only_in_capitals),
	    cmocka_unit_test(calls_idempotent_what_rfc_9110_does),
	    cmocka_unit_test(finds_fields_by_id_and_by_name_the_first_first),
	    cmocka_unit_test(grows_in_the_arena_until_that_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
