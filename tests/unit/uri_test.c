#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http/uri.h"

static void
assert_text(struct str got, const char *want)
{
	assert_true(str_eq(got, str_from(want)));
	assert_int_equal(got.p == NULL, want == NULL);
}

static void
splits(enum method m, const char *target, const char *authority, const char *host, const char *path,
    const char *query)
{
	struct uri u;

	assert_int_equal(uri_parse(m, str_from(target), &u), FAULT_none);
	assert_text(u.authority, authority);
	assert_text(u.host, host);
	assert_text(u.path, path);
	assert_text(u.query, query);
}

static void
refuse_all(enum method m, const struct str *targets, size_t n)
{
	struct uri u;

	for (size_t i = 0; i < n; i++)
		if (uri_parse(m, targets[i], &u) != FAULT_http_request_error)
			fail_msg("accepted %.*s", STR_FMT(targets[i]));
}
#define REFUSE(m, ...)                                                                             \
	do {                                                                                       \
		static const struct str targets[] = {__VA_ARGS__};                                 \
		refuse_all(m, targets, nelem(targets));                                            \
	} while (0)

static void
splits_the_four_forms(void **state)
{
	(void)state;
	splits(METHOD_GET, "/", NULL, NULL, "/", NULL);
	splits(METHOD_GET, "/a/b?c=d?e/f", NULL, NULL, "/a/b", "c=d?e/f");
	splits(METHOD_GET, "/?", NULL, NULL, "/", "");
	splits(METHOD_GET, "//a//b", NULL, NULL, "//a//b", NULL);
	splits(METHOD_GET, "http://A.b:80/x?y", "A.b:80", "A.b", "/x", "y");
	splits(METHOD_GET, "HTTPS://a", "a", "a", "/", NULL);
	splits(METHOD_GET, "http://a?x", "a", "a", "/", "x");
	splits(METHOD_OPTIONS, "*", NULL, NULL, "*", NULL);
	splits(METHOD_OPTIONS, "http://a", "a", "a", "*", NULL);
	splits(METHOD_OPTIONS, "http://a/", "a", "a", "/", NULL);
	splits(METHOD_CONNECT, "a:443", "a:443", "a", "/", NULL);
	splits(METHOD_CONNECT, "[::1]:443", "[::1]:443", "[::1]", "/", NULL);
}

static void
refuses_a_form_its_method_does_not_take(void **state)
{
	(void)state;
	REFUSE(METHOD_GET, STR_INIT(""), STR_INIT("*"), STR_INIT("a:443"), STR_INIT("a/b"),
	    STR_INIT("http:/a"), STR_INIT("http://"), STR_INIT("http:///a"), STR_INIT("ftp://a/"),
	    STR_INIT("javascript:x"));
	REFUSE(METHOD_OPTIONS, STR_INIT("*/"), STR_INIT("**"));
	REFUSE(METHOD_CONNECT, STR_INIT("/"), STR_INIT("a"), STR_INIT("a:"), STR_INIT("*"),
	    STR_INIT("http://a:80"), STR_INIT(":443"), STR_INIT("[::1]"));
}

static void
refuses_what_two_readers_read_differently__cve_2023_45539(void **state)
{
	(void)state;
	REFUSE(METHOD_GET, STR_INIT("/a#b"), STR_INIT("/a?b#c"), STR_INIT("http://a#b/"),
	    STR_INIT("/a b"), STR_INIT("/a\tb"), STR_INIT("/a\0b"), STR_INIT("/a\x7f"),
	    STR_INIT("/a\r"), STR_INIT("/\xc3\xa9"), STR_INIT("/?\xff"), STR_INIT("/a\\b"),
	    STR_INIT("/?a b"));
}

static void
refuses_escapes_that_are_none_or_nul(void **state)
{
	(void)state;
	REFUSE(METHOD_GET, STR_INIT("/%"), STR_INIT("/%4"), STR_INIT("/%4g"), STR_INIT("/%g4"),
	    STR_INIT("/%00"), STR_INIT("/?%"), STR_INIT("/?%0"), STR_INIT("/?a=%00"));
	splits(METHOD_GET, "/%41%2f%2F%20?%2e%ff", NULL, NULL, "/%41%2f%2F%20", "%2e%ff");
}

static void
refuses_dot_segments_however_written__cve_2021_29492(void **state)
{
	(void)state;
	REFUSE(METHOD_GET, STR_INIT("/."), STR_INIT("/.."), STR_INIT("/../a"), STR_INIT("/a/."),
	    STR_INIT("/a/../b"), STR_INIT("/a/..?x"), STR_INIT("/%2e"), STR_INIT("/%2E%2e/"),
	    STR_INIT("/.%2e/"), STR_INIT("/a%2f.."), STR_INIT("/a/..%2fb"), STR_INIT("/a%5c..%5Cb"),
	    STR_INIT("/..;/b"), STR_INIT("/.;x=y/b"), STR_INIT("http://a/../b"),
	    STR_INIT("http://a/.."));
	splits(METHOD_GET, "/.a/..b/.../a./b..", NULL, NULL, "/.a/..b/.../a./b..", NULL);
	splits(METHOD_GET, "/.well-known/%2e%2e%2e", NULL, NULL, "/.well-known/%2e%2e%2e", NULL);
	splits(METHOD_GET, "/a?../../b", NULL, NULL, "/a", "../../b");
}

static void
reads_hosts_and_ports(void **state)
{
	static const struct {
		struct str authority;
		const char *host;
		uint16_t port;
	} good[] = {
	    {STR_INIT("a"), "a", 0},
	    {STR_INIT("a:"), "a", 0},
	    {STR_INIT("a.example.:65535"), "a.example.", 65535},
	    {STR_INIT("A-b_c~1.x:080"), "A-b_c~1.x", 80},
	    {STR_INIT("127.0.0.1:8080"), "127.0.0.1", 8080},
	    {STR_INIT("[::1]"), "[::1]", 0},
	    {STR_INIT("[2001:db8::1.2.3.4]:443"), "[2001:db8::1.2.3.4]", 443},
	};
	struct str host;
	uint16_t port;

	(void)state;
	for (size_t i = 0; i < nelem(good); i++) {
		assert_true(uri_authority(good[i].authority, &host, &port));
		assert_text(host, good[i].host);
		assert_int_equal(port, good[i].port);
	}
}

static void
refuses_bad_authorities(void **state)
{
	static const struct str bad[] = {STR_INIT(""), STR_INIT(":80"), STR_INIT("a b"),
	    STR_INIT("a@b"), STR_INIT("a:b@c"), STR_INIT("a,b"), STR_INIT("a/b"), STR_INIT("a?b"),
	    STR_INIT("a#b"), STR_INIT("a\\b"), STR_INIT("%61"), STR_INIT("a\0"), STR_INIT("a*"),
	    STR_INIT("\xc3\xa9"), STR_INIT("a:65536"), STR_INIT("a:-1"), STR_INIT("a:+1"),
	    STR_INIT("a:8x"), STR_INIT("a:000080"), STR_INIT("a:80:80"), STR_INIT("a:80 "),
	    STR_INIT("."), STR_INIT(".a"), STR_INIT("a..b"), STR_INIT("a.."), STR_INIT("::1"),
	    STR_INIT("[::1"), STR_INIT("[]"), STR_INIT("["), STR_INIT("[::1]a"),
	    STR_INIT("[1.2.3.4]"), STR_INIT("[fe80::1%eth0]"), STR_INIT("[fe80::1%25eth0]"),
	    STR_INIT("[v1.a]"), STR_INIT("[::1\0]"), STR_INIT("[::1]]")};
	char name[URI_HOST_MAX + 1];
	struct str host;
	uint16_t port;

	(void)state;
	for (size_t i = 0; i < nelem(bad); i++)
		if (uri_authority(bad[i], &host, &port))
			fail_msg("accepted %.*s", STR_FMT(bad[i]));
	memset(name, 'a', sizeof(name));
	assert_true(uri_authority(str_of(name, URI_HOST_MAX), &host, &port));
	assert_false(uri_authority(str_of(name, sizeof(name)), &host, &port));
}

static void
compares_authorities_by_meaning(void **state)
{
	static const char *const same[][2] = {
	    {"a", "A"}, {"a:80", "a"}, {"a", "a:443"}, {"a:8080", "a:08080"}, {"[::A]", "[::a]:"}};
	static const char *const differ[][2] = {{"a", "b"}, {"a", "a."}, {"a:8080", "a"},
	    {"a:80", "a:443"}, {"a", ""}, {"a@b", "a@b"}, {"a", "a,a"}};

	(void)state;
	for (size_t i = 0; i < nelem(same); i++) {
		assert_true(uri_authority_same(str_from(same[i][0]), str_from(same[i][1])));
		assert_true(uri_authority_same(str_from(same[i][1]), str_from(same[i][0])));
	}
	for (size_t i = 0; i < nelem(differ); i++) {
		assert_false(uri_authority_same(str_from(differ[i][0]), str_from(differ[i][1])));
		assert_false(uri_authority_same(str_from(differ[i][1]), str_from(differ[i][0])));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(splits_the_four_forms),
	    cmocka_unit_test(refuses_a_form_its_method_does_not_take),
	    cmocka_unit_test(refuses_what_two_readers_read_differently__cve_2023_45539),
	    cmocka_unit_test(refuses_escapes_that_are_none_or_nul),
	    cmocka_unit_test(refuses_dot_segments_however_written__cve_2021_29492),
	    cmocka_unit_test(reads_hosts_and_ports),
	    cmocka_unit_test(refuses_bad_authorities),
	    cmocka_unit_test(compares_authorities_by_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
