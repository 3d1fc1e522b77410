/* Against the vectors of the algorithm's authors: key 00 01 .. 0f, input 00 01 .. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/siphash.h"

static void
makes_the_tags_of_its_authors(void **state)
{
	static const struct {
		size_t len;
		const char *tag;
	} rows[] = {
	    {0, "a3817f04ba25a8e66df67214c7550293"},
	    {1, "da87c1d86b99af44347659119b22fc45"},
	    {7, "a1f1ebbed8dbc153c0b84aa61ff08239"},
	    {8, "3b62a9ba6258f5610f83e264f31497b4"},
	    {15, "5493e99933b0a8117e08ec0f97cfc3d9"},
	    {16, "6ee2a4ca67b054bbfd3315bf85230577"},
	    {63, "5150d1772f50834a503e069a973fbd7c"},
	};
	uint8_t key[SIPHASH_KEY], tag[SIPHASH_TAG];
	char input[64], hex[2 * SIPHASH_TAG + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (char)i;
	for (size_t i = 0; i < nelem(rows); i++) {
		siphash(key, str_of(input, rows[i].len), tag);
		for (size_t j = 0; j < sizeof(tag); j++)
			(void)snprintf(hex + 2 * j, 3, "%02x", tag[j]);
		assert_string_equal(hex, rows[i].tag);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(makes_the_tags_of_its_authors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
