#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/names.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(knows_every_field_by_its_name_in_any_case),
	    cmocka_unit_test(knows_no_field_by_a_name_off_by_a_byte),
	    cmocka_unit_test(knows_every_method_and_only_in_capitals),
	    cmocka_unit_test(calls_idempotent_what_rfc_9110_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
