#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/addr.h"

static void
parses_and_prints_the_same(void **state)
{
	static const char *const texts[] = {
	    "10.0.0.1:80", "[::1]:8080", "0.0.0.0:0", "[2001:db8::1]:65535", "255.255.255.255:1"};
	char text[ADDR_TEXT];
	struct addr a;

	(void)state;
	for (size_t i = 0; i < nelem(texts); i++) {
		assert_true(addr_parse(str_from(texts[i]), false, &a));
		assert_int_equal(addr_text(&a, text), strlen(texts[i]));
		assert_string_equal(text, texts[i]);
	}
	assert_true(addr_parse(STR("[::ffff:10.0.0.1]:80"), false, &a));
	addr_text(&a, text);
	assert_string_equal(text, "10.0.0.1:80");
	assert_true(addr_parse(STR(":80"), true, &a));
	addr_text(&a, text);
	assert_string_equal(text, "0.0.0.0:80");
	assert_true(addr_parse_ip(STR("::1"), &a));
	assert_int_equal(addr_text_ip(&a, text), 3);
	assert_string_equal(text, "::1");
}

static void
refuses_what_is_malformed(void **state)
{
	static const struct str texts[] = {STR_INIT(""), STR_INIT(":"), STR_INIT(":80"),
	    STR_INIT("10.0.0.1"), STR_INIT("10.0.0.1:"), STR_INIT("10.0.0.1:65536"),
	    STR_INIT("10.0.0.1:-1"), STR_INIT("10.0.0.1:000080"), STR_INIT("10.0.0:80"),
	    STR_INIT("010.0.0.1:80"), STR_INIT("::1:80"), STR_INIT("[::1]"), STR_INIT("[::1]80"),
	    STR_INIT("[10.0.0.1]:80"), STR_INIT("[fe80::1%eth0]:80"), STR_INIT("[]:80"),
	    STR_INIT("localhost:80"), STR_INIT("10.0.0.1\0:80"), STR_INIT("10.0.0.1 :80")};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < nelem(texts); i++)
		assert_false(addr_parse(texts[i], false, &a));
	assert_false(addr_parse_ip(STR("[::1"), &a));
	assert_false(addr_parse_ip(STR("[]"), &a));
}

static void
compares_and_hashes_by_meaning(void **state)
{
	struct addr a, b, c;

	(void)state;
	assert_true(addr_parse(STR("10.0.0.1:80"), false, &a));
	assert_true(addr_parse(STR("[::ffff:10.0.0.1]:80"), false, &b));
	assert_true(addr_parse(STR("10.0.0.1:81"), false, &c));
	assert_true(addr_same(&a, &b));
	assert_false(addr_same(&a, &c));
	assert_true(addr_hash(&a) == addr_hash(&b));
	assert_true(addr_hash(&a) == addr_hash(&c));
}

static bool
cidr_holds(const char *range, const char *ip)
{
	struct cidr c;
	struct addr a;

	assert_true(cidr_parse(str_from(range), &c));
	assert_true(addr_parse_ip(str_from(ip), &a));
	return cidr_has(&c, 1, &a);
}

static void
finds_an_address_in_a_range(void **state)
{
	(void)state;
	assert_true(cidr_holds("10.0.0.0/8", "10.255.1.2"));
	assert_false(cidr_holds("10.0.0.0/8", "11.0.0.1"));
	assert_true(cidr_holds("10.0.0.0/8", "::ffff:10.1.1.1"));
	assert_true(cidr_holds("192.168.1.128/25", "192.168.1.200"));
	assert_false(cidr_holds("192.168.1.128/25", "192.168.1.100"));
	assert_true(cidr_holds("0.0.0.0/0", "1.2.3.4"));
	assert_false(cidr_holds("0.0.0.0/0", "::1"));
	assert_true(cidr_holds("::/0", "::1"));
	assert_false(cidr_holds("::/0", "1.2.3.4"));
	assert_true(cidr_holds("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(cidr_holds("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(cidr_holds("127.0.0.1", "127.0.0.1"));
	assert_false(cidr_holds("127.0.0.1", "127.0.0.2"));
}

static void
prints_a_range(void **state)
{
	static const char *const texts[] = {
	    "10.0.0.0/8", "0.0.0.0/0", "127.0.0.1/32", "::/0", "2001:db8::/33"};
	char text[ADDR_TEXT];
	struct cidr c;

	(void)state;
	for (size_t i = 0; i < nelem(texts); i++) {
		assert_true(cidr_parse(str_from(texts[i]), &c));
		assert_int_equal(cidr_text(&c, text), strlen(texts[i]));
		assert_string_equal(text, texts[i]);
	}
}

static void
refuses_a_malformed_range(void **state)
{
	static const char *const texts[] = {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8",
	    "::/129", "10.0.0.0/0008", "10.0.0.0/8/8", "::1/64", "10.0.0.0/-1", "any"};
	struct cidr c;

	(void)state;
	for (size_t i = 0; i < nelem(texts); i++)
		assert_false(cidr_parse(str_from(texts[i]), &c));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parses_and_prints_the_same),
	    cmocka_unit_test(refuses_what_is_malformed),
	    cmocka_unit_test(compares_and_hashes_by_meaning),
	    cmocka_unit_test(finds_an_address_in_a_range),
	    cmocka_unit_test(prints_a_range),
	    cmocka_unit_test(refuses_a_malformed_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
