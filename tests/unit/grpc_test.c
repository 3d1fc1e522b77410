#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/put.h"
#include "http/grpc.h"

static void
a_call_says_so_by_its_content_type(void **state)
{
	static const struct {
		const char *type;
		bool call;
	} rows[] = {
	    {"application/grpc", true},
	    {"application/grpc+proto", true},
	    {"application/grpc+json", true},
	    {"application/grpc; charset=utf-8", true},
	    {"application/grpc ;x", true},
	    {"Application/GRPC", true},
	    {"application/grpc-web", false},
	    {"application/grpc-web+proto", false},
	    {"application/grpcx", false},
	    {"application/grp", false},
	    {"application/json", false},
	    {"", false},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++)
		assert_int_equal(grpc_type(str_from(rows[i].type)), rows[i].call);
	assert_false(grpc_is_call(&(struct fields){0}));
}

static void
a_timeout_is_digits_and_a_unit(void **state)
{
	static const struct {
		const char *text;
		uint64_t us;
	} rows[] = {
	    {"0n", 0},
	    {"1n", 1}, /* less than can be counted is not nothing */
	    {"1000n", 1},
	    {"1001n", 2},
	    {"7u", 7},
	    {"25m", 25000},
	    {"10S", UINT64_C(10000000)},
	    {"2M", UINT64_C(120000000)},
	    {"1H", UINT64_C(3600000000)},
	    {"99999999H", UINT64_C(99999999) * 3600 * 1000000},
	    {"00000001S", 1000000},
	};
	static const char *const bad[] = {"", "S", "1", "-1S", "+1S", " 1S", "1S ", "1 S", "1s",
	    "1h", "1.5S", "123456789S", "1SS"};
	uint64_t us;

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		assert_true(grpc_timeout_read(str_from(rows[i].text), &us));
		assert_int_equal(us, rows[i].us);
	}
	for (size_t i = 0; i < nelem(bad); i++)
		assert_false(grpc_timeout_read(str_from(bad[i]), &us));
	assert_false(grpc_timeout_read(STR_NONE, &us));
}

static void
a_timeout_is_written_as_finely_as_it_fits(void **state)
{
	static const struct {
		uint64_t us;
		const char *text;
	} rows[] = {
	    {0, "0u"},
	    {1, "1u"},
	    {99999999, "99999999u"},
	    {100000000, "100000m"},
	    {100000999, "100000m"}, /* never more than was left */
	    {UINT64_C(100000) * 1000000, "100000S"},
	    {UINT64_C(100000000) * 1000000, "1666666M"},
	    {UINT64_C(2000000) * 3600 * 1000000, "2000000H"},
	    {UINT64_MAX, "99999999H"},
	};
	char out[PUT_U64];

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++)
		assert_true(str_eq(str_from(rows[i].text),
		    str_of(out, (size_t)(grpc_timeout_put(out, rows[i].us) - out))));
}

static void
a_status_is_read_from_its_field(void **state)
{
	static const struct {
		const char *text;
		enum grpc_status status;
	} rows[] = {{"0", GRPC_OK}, {"14", GRPC_UNAVAILABLE}, {"16", GRPC_UNAUTHENTICATED},
	    {"17", GRPC_UNKNOWN}, {"-1", GRPC_UNKNOWN}, {"", GRPC_UNKNOWN}, {"OK", GRPC_UNKNOWN}};
	char memory[1024];
	struct arena arena;

	(void)state;
	arena_init(&arena, memory, sizeof(memory), sizeof(memory));
	for (size_t i = 0; i < nelem(rows); i++) {
		struct fields f = {0};

		assert_int_equal(grpc_status_of(&f), GRPC_NONE);
		arena_reset(&arena);
		assert_true(fields_add(&f, &arena, STR("Grpc-Status"), str_from(rows[i].text)));
		assert_int_equal(grpc_status_of(&f), rows[i].status);
	}
}

static void
a_status_has_a_word_and_an_equal_in_http(void **state)
{
	(void)state;
	assert_true(str_eq(grpc_status_word(GRPC_DEADLINE_EXCEEDED), STR("DEADLINE_EXCEEDED")));
	assert_null(grpc_status_word(GRPC_NONE).p);
	assert_int_equal(GRPC_UNAUTHENTICATED, 16);
	assert_int_equal(grpc_status_http(GRPC_UNAVAILABLE), 503);
	assert_int_equal(grpc_status_http(GRPC_NONE), 500);
}

/* In a grpc-message all but printable ASCII would have to be escaped, and the percent sign. */
static void
what_is_said_of_faults_needs_no_escapes(void **state)
{
	(void)state;
	for (unsigned f = 0; f < FAULT_COUNT; f++) {
		const struct fault_row *row = fault_row((enum fault)f);

		assert_true(row->grpc < GRPC_COUNT);
		for (size_t i = 0; i < row->sentence.len; i++)
			assert_true(row->sentence.p[i] >= ' ' && row->sentence.p[i] <= '~' &&
				    row->sentence.p[i] != '%');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_call_says_so_by_its_content_type),
	    cmocka_unit_test(a_timeout_is_digits_and_a_unit),
	    cmocka_unit_test(a_timeout_is_written_as_finely_as_it_fits),
	    cmocka_unit_test(a_status_is_read_from_its_field),
	    cmocka_unit_test(a_status_has_a_word_and_an_equal_in_http),
	    cmocka_unit_test(what_is_said_of_faults_needs_no_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
