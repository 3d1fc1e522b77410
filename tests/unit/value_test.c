#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/value.h"

static void
reads_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t us;
		const char *hint; /* when it is none */
	} rows[] = {
	    {"5s", 5000000, NULL},
	    {"250ms", 250000, NULL},
	    {"2m", 120000000, NULL},
	    {"1h", 3600000000, NULL},
	    {"0s", 0, NULL},
	    {"7d", 604800000000, NULL},
	    {"5", 0, "write 5s (units: ms s m h d)"},
	    {"5sec", 0, "write 5s (units: ms s m h d)"},
	    {"10 minutes", 0, "write 10m (units: ms s m h d)"},
	    {"1h30m", 0, "write 90m (units: ms s m h d)"},
	    {"1.5s", 0, "write 1500ms (units: ms s m h d)"},
	    {"500msec", 0, "write 500ms (units: ms s m h d)"},
	    {"90 S", 0, "write 90s (units: ms s m h d)"},
	    {"05s", 0, "write 5s (units: ms s m h d)"},
	    {"-5s", 0, "write 5s (units: ms s m h d)"},
	    {"", 0, "write 5s (units: ms s m h d)"},
	    {"999999999999999d", 0, "write 5s (units: ms s m h d)"},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct value_wrong w = {0};
		uint64_t us = 0;

		assert_int_equal(
		    value_duration(str_from(rows[i].text), &us, &w), rows[i].hint == NULL);
		assert_int_equal(us * (rows[i].hint == NULL), rows[i].us);
		assert_string_equal(w.hint, rows[i].hint ? rows[i].hint : "");
	}
}

static void
reads_numbers_and_shares(void **state)
{
	struct value_wrong w = {0};
	uint64_t n;

	(void)state;
	assert_true(value_number(STR("10"), 1, 10, &n));
	assert_int_equal(n, 10);
	assert_false(value_number(STR("11"), 1, 10, &n));
	assert_false(value_number(STR("0"), 1, 10, &n));
	assert_false(value_number(STR("010"), 1, 10, &n));
	assert_false(value_number(STR("+1"), 1, 10, &n));
	assert_false(value_number(STR(""), 0, 10, &n));
	assert_true(value_percent(STR("125%"), &n, &w));
	assert_int_equal(n, 125);
	assert_false(value_percent(STR("125"), &n, &w));
	assert_string_equal(w.hint, "write 125%");
	assert_false(value_percent(STR("%"), &n, &w));
	assert_true(value_share(STR("100%"), &n, &w));
	assert_false(value_share(STR("101%"), &n, &w));
	assert_false(value_share(STR("0.5%"), &n, &w));
}

static void
reads_sizes_with_units(void **state)
{
	static const char *const wrong[] = {"", "64", "KB", "64 KB", "64kb", "1TB", "1.5MB",
	    "064KB", "99999999999999999GB", "18446744073709551615KB"};
	struct value_wrong w = {0};
	uint64_t n;

	(void)state;
	assert_true(value_size(STR("0B"), &n, &w) && n == 0);
	assert_true(value_size(STR("64KB"), &n, &w) && n == 64 * 1024);
	assert_true(value_size(STR("3MB"), &n, &w) && n == 3 * 1024 * 1024);
	assert_true(value_size(STR("2GB"), &n, &w) && n == UINT64_C(2) << 30);
	for (size_t i = 0; i < nelem(wrong); i++)
		assert_false(value_size(str_from(wrong[i]), &n, &w));
	assert_string_equal(
	    w.hint, "write a whole number with a unit, such as 64KB (units: B KB MB GB)");
}

static void
reads_endpoints(void **state)
{
	struct value_wrong w = {0};
	struct addr a;
	struct str host;

	(void)state;
	assert_true(value_endpoint(STR("10.0.0.1:8080"), &host, &a, &w));
	assert_null(host.p);
	assert_true(value_endpoint(STR("[::1]:80"), &host, &a, &w));
	assert_true(value_endpoint(STR("web-1.internal:81"), &host, &a, &w));
	assert_true(str_eq(host, STR("web-1.internal")));
	assert_int_equal(addr_port(&a), 81);
	assert_false(value_endpoint(STR("10.0.0.1"), &host, &a, &w));
	assert_string_equal(w.hint, "add the port: 10.0.0.1:80");
	assert_false(value_endpoint(STR("::1"), &host, &a, &w));
	assert_string_equal(w.hint, "add the port: \"[::1]:80\"");
	assert_false(value_endpoint(STR("10.0.0.999:80"), &host, &a, &w));
	assert_false(value_endpoint(STR("web:0"), &host, &a, &w));
	assert_false(value_endpoint(STR("a..b:80"), &host, &a, &w));
	assert_false(value_endpoint(STR("a b:80"), &host, &a, &w));
	assert_false(value_endpoint(STR(":80"), &host, &a, &w));
	assert_false(value_endpoint(STR("http://a:80"), &host, &a, &w));
	assert_string_equal(w.hint, "write HOST:PORT, without http://");
}

static void
reads_services_and_dns_servers(void **state)
{
	struct value_wrong w = {0};
	char text[ADDR_TEXT];
	struct addr a;

	(void)state;
	assert_true(value_service(STR("_http._tcp.api.internal"), &w));
	assert_false(value_service(STR("_http._tcp.api:80"), &w));
	assert_string_equal(w.hint, "without a port: the records have their own");
	assert_false(value_service(STR("10.0.0.1"), &w));
	assert_false(value_service(STR("a..b"), &w));
	assert_true(value_server(STR("10.0.0.2"), &a, &w));
	addr_text(&a, text);
	assert_string_equal(text, "10.0.0.2:53");
	assert_true(value_server(STR("fd00::2"), &a, &w));
	addr_text(&a, text);
	assert_string_equal(text, "[fd00::2]:53");
	assert_true(value_server(STR("10.0.0.2:5353"), &a, &w));
	assert_int_equal(addr_port(&a), 5353);
	assert_false(value_server(STR("10.0.0.2:0"), &a, &w));
	assert_false(value_server(STR("dns.test"), &a, &w));
}

static void
reads_matches(void **state)
{
	static const struct {
		const char *text, *host;
		enum model_path kind;
		const char *path;
	} rows[] = {
	    {"any", "", PATH_ANY, ""},
	    {"*", "", PATH_ANY, ""},
	    {"*/x", "", PATH_EXACT, "/x"},
	    {"www.Example.com", "www.example.com", PATH_ANY, ""},
	    {"www.example.com/*", "www.example.com", PATH_ANY, ""},
	    {"www.example.com/", "www.example.com", PATH_EXACT, "/"},
	    {"*.example.com/a/*", "*.example.com", PATH_PREFIX, "/a"},
	    {"/a/b", "", PATH_EXACT, "/a/b"},
	    {"/*", "", PATH_ANY, ""},
	    {"h/~^/v[0-9]+/", "h", PATH_PATTERN, "^/v[0-9]+/"},
	    {"/~x", "", PATH_PATTERN, "x"},
	    {"[::1]/a", "[::1]", PATH_EXACT, "/a"},
	};
	struct model_route r;
	char room[64];

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct value_wrong w = {0};

		assert_true(value_match(str_from(rows[i].text), room, &r, &w));
		assert_true(str_eq(r.host, str_from(rows[i].host)));
		assert_int_equal(r.path_kind, rows[i].kind);
		assert_true(str_eq(r.path, str_from(rows[i].path)));
	}
}

static void
refuses_matches_and_points_inside(void **state)
{
	static const struct {
		const char *text, *says;
		size_t offset; /* 0: the whole of it */
	} rows[] = {
	    {"", "the match is empty", 0},
	    {"h:80/a", "\"h:80\" is not a host", 0},
	    {"http://h/a", "\"http://h/a\" is not HOST/PATH", 0},
	    {"www.*.com/a", "\"www.*.com\" is not a host", 0},
	    {"h/a*b", "\"*\" can only be the whole last segment of a path", 3},
	    {"h/a?b", "a path cannot hold this character", 3},
	    {"h/\xc3\xa4", "a path cannot hold this character", 2},
	    {"h/../x", "\".\" and \"..\" in a path never match: such requests are refused", 0},
	    {"h/~a(b", "bad pattern at character 4: missing closing parenthesis", 6},
	    {"h/~", "the pattern after \"~\" is empty", 0},
	    {"\xc3\xa4.de/x", "\"\xc3\xa4.de\" is not a host", 0},
	};
	struct model_route r;
	char room[64];

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct value_wrong w = {0};

		assert_false(value_match(str_from(rows[i].text), room, &r, &w));
		assert_string_equal(w.text, rows[i].says);
		assert_int_equal(w.inside, rows[i].offset > 0);
		if (w.inside)
			assert_int_equal(w.offset, rows[i].offset);
	}
}

static void
reads_predicates_and_keys(void **state)
{
	struct value_wrong w = {0};
	struct model_predicate p;
	enum model_hash_key key;
	struct str name;

	(void)state;
	assert_true(value_predicate(STR("present"), &p, &w));
	assert_int_equal(p.kind, VALUE_PRESENT);
	assert_true(value_predicate(STR("~^2"), &p, &w));
	assert_int_equal(p.kind, VALUE_PATTERN);
	assert_true(str_eq(p.value, STR("^2")));
	assert_true(value_predicate(STR(""), &p, &w));
	assert_int_equal(p.kind, VALUE_EXACT);
	assert_false(value_predicate(STR("a\nb"), &p, &w));
	assert_true(value_hash_key(STR("cookie SID"), &key, &name, &w));
	assert_int_equal(key, HASH_COOKIE);
	assert_true(str_eq(name, STR("SID")));
	assert_true(value_hash_key(STR("path"), &key, &name, &w));
	assert_false(value_hash_key(STR("header"), &key, &name, &w));
	assert_false(value_hash_key(STR("header a b"), &key, &name, &w));
	assert_true(value_method(STR("GET"), &w));
	assert_true(value_method(STR("VERSION-CONTROL"), &w));
	assert_false(value_method(STR("get"), &w));
	assert_string_equal(w.hint, "write GET");
	assert_false(value_method(STR("G T"), &w));
	assert_true(value_name(STR("api-next_2/x.y"), &w));
	assert_false(value_name(STR("-x"), &w));
	assert_false(value_name(STR("a b"), &w));
	assert_false(value_name(STR(""), &w));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_durations),
	    cmocka_unit_test(reads_numbers_and_shares),
	    cmocka_unit_test(reads_sizes_with_units),
	    cmocka_unit_test(reads_endpoints),
	    cmocka_unit_test(reads_services_and_dns_servers),
	    cmocka_unit_test(reads_matches),
	    cmocka_unit_test(refuses_matches_and_points_inside),
	    cmocka_unit_test(reads_predicates_and_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
