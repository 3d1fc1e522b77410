#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/sni.h"

static void
finds_the_exact_name_and_then_the_longest_wildcard(void **state)
{
	static const char *const hosts[] = {
	    "a.test", "*.a.test", "*.b.a.test", "x.b.a.test", "*.test", "10.0.0.1"};
	static const struct {
		const char *name;
		int found; /* index in hosts; -1: none */
	} asked[] = {
	    {"a.test", 0},
	    {"b.a.test", 1},
	    {"x.a.test", 1},
	    {"x.b.a.test", 3},
	    {"y.b.a.test", 2},
	    {"z.y.b.a.test", 2},
	    {"other.test", 4},
	    {"10.0.0.1", 5},
	    {"test", -1},
	    {"a.test.", -1},
	    {"xa.tests", -1},
	    {".a.test", -1},
	    {".", -1},
	    {"", -1},
	    {"*.a.test", 1},
	};
	struct arms *arms[nelem(hosts)];
	struct sni sni;

	(void)state;
	sni_init(&sni, nelem(hosts));
	for (size_t i = 0; i < nelem(hosts); i++)
		arms[i] = sni_add(&sni, str_from(hosts[i]));
	for (size_t i = 0; i < nelem(asked); i++)
		assert_ptr_equal(sni_find(&sni, str_from(asked[i].name)),
		    asked[i].found < 0 ? NULL : arms[asked[i].found]);
	assert_null(sni_find(&sni, STR_NONE));
	sni_fini(&sni);
}

static void
finds_nothing_where_there_is_nothing(void **state)
{
	struct sni sni;

	(void)state;
	sni_init(&sni, 0);
	assert_null(sni_find(&sni, STR("a.test")));
	sni_fini(&sni);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_the_exact_name_and_then_the_longest_wildcard),
	    cmocka_unit_test(finds_nothing_where_there_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
