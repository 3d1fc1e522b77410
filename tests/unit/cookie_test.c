#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/cookie.h"

enum { MAX = 3 };

static struct str
find(const char *const texts[MAX], const char *name)
{
	struct field v[MAX];
	struct fields fields = {.v = v};

	for (; fields.n < MAX && texts[fields.n] != NULL; fields.n++)
		v[fields.n] = (struct field){.name = "cookie",
		    .name_len = strlen("cookie"),
		    .id = FIELD_COOKIE,
		    .value = texts[fields.n],
		    .value_len = (uint32_t)strlen(texts[fields.n])};
	return cookie_find(&fields, str_from(name));
}

static void
finds_the_first_of_its_name(void **state)
{
	static const struct {
		const char *texts[MAX], *name, *value; /* NULL: none */
	} rows[] = {
	    {{"a=1"}, "a", "1"},
	    {{"a=1; b=2; c=3"}, "b", "2"},
	    {{"a=1;b=2;c=3"}, "c", "3"},
	    {{"a=1; a=2"}, "a", "1"},
	    {{"a=1", "b=2"}, "b", "2"},
	    {{"a=1", "a=2"}, "a", "1"},
	    {{"a=b=c"}, "a", "b=c"},
	    {{"a=\"1\""}, "a", "\"1\""},
	    {{" \t a=1 \t ;"}, "a", "1"},
	    {{"a="}, "a", ""},
	    {{"=1"}, "", "1"},
	    /* none */
	    {{NULL}, "a", NULL},
	    {{""}, "a", NULL},
	    {{";;; ;"}, "a", NULL},
	    {{"a"}, "a", NULL},
	    {{"a; b=a=1"}, "a", NULL},
	    {{"A=1"}, "a", NULL},
	    {{"aa=1; ba=1"}, "a", NULL},
	    {{"a =1"}, "a", NULL},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct str value = find(rows[i].texts, rows[i].name);

		assert_int_equal(value.p != NULL, rows[i].value != NULL);
		if (rows[i].value != NULL)
			assert_true(str_eq(value, str_from(rows[i].value)));
	}
}

static void
looks_into_no_other_field(void **state)
{
	struct field v = {.name = "x-cookie",
	    .name_len = strlen("x-cookie"),
	    .id = FIELD_OTHER,
	    .value = "a=1",
	    .value_len = strlen("a=1")};

	(void)state;
	assert_null(cookie_find(&(struct fields){.v = &v, .n = 1}, STR("a")).p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_the_first_of_its_name),
	    cmocka_unit_test(looks_into_no_other_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
