#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/retry_after.h"

enum { S = 1000000 };

/* Sun, 06 Nov 1994 08:49:00 GMT */
#define NOW (UINT64_C(784111740) * S)

static void
is_seconds_or_a_date(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} rows[] = {
	    {"0", 0},
	    {"1", 1},
	    {"120", 120},
	    {"99999999999999", UINT64_C(365) * 24 * 3600},
	    {"Sun, 06 Nov 1994 08:49:37 GMT", 37},
	    {"Sunday, 06-Nov-94 08:49:37 GMT", 37},
	    {"Sun Nov  6 08:49:37 1994", 37},
	    /* the past, and what is neither */
	    {"Sun, 06 Nov 1994 08:48:59 GMT", 0},
	    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
	    {"", 0},
	    {"-1", 0},
	    {"+1", 0},
	    {"1.5", 0},
	    {"1 2", 0},
	    {"soon", 0},
	    {"Sun, 06 Nov 1994 08:49:37 GMT, later", 0},
	    {"Sun, 06 Nov 1994 08:49:37 GMT                                                ", 0},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++)
		assert_int_equal(retry_after_us(str_from(rows[i].text), NOW), rows[i].seconds * S);
	assert_int_equal(retry_after_us(STR_NONE, NOW), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(is_seconds_or_a_date)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
