#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "io/proxy_protocol.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define IPS4      "\x0a\x00\x00\x01\x0a\x00\x00\x02\x30\x39\x01\xbb"
#define IP6       "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0"

struct good {
	struct str bytes;
	const char *source, *destination; /* NULL: local */
};

struct bad {
	struct str bytes;
	size_t seen_at; /* so many bytes are enough to know */
};

static const char *
text_of(const struct addr *a)
{
	static char text[ADDR_TEXT];

	addr_text(a, text);
	return text;
}

/* Every prefix wants more, the whole is done, and what follows changes nothing. */
static void
check_good(const struct good *g)
{
	char more[PROXY_PROTOCOL_MAX + 16];
	struct proxy_info info;
	size_t used = 0;

	for (size_t i = 0; i < g->bytes.len; i++)
		assert_int_equal(
		    proxy_protocol_parse(str_of(g->bytes.p, i), &info, &used), PROXY_PARSE_MORE);
	memcpy(more, g->bytes.p, g->bytes.len);
	memcpy(more + g->bytes.len, "\r\nGET / \n\0\xff", 11);
	for (size_t i = 0; i < 11; i++) {
		assert_int_equal(proxy_protocol_parse(str_of(more, g->bytes.len + i), &info, &used),
		    PROXY_PARSE_DONE);
		assert_int_equal(used, g->bytes.len);
		assert_int_equal(info.local, g->source == NULL);
	}
	if (g->source != NULL) {
		assert_string_equal(text_of(&info.source), g->source);
		assert_string_equal(text_of(&info.destination), g->destination);
	}
}

static void
reads_v1(void **state)
{
	static const struct good goods[] = {
	    {STR_INIT("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"), "192.168.0.1:56324",
		"192.168.0.11:443"},
	    {STR_INIT("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
		"255.255.255.255:65535", "255.255.255.255:65535"},
	    {STR_INIT("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n"), "0.0.0.0:0", "0.0.0.0:0"},
	    {STR_INIT("PROXY TCP6 2001:DB8::1 ::1 1 65535\r\n"), "[2001:db8::1]:1", "[::1]:65535"},
	    {STR_INIT("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
	    {STR_INIT("PROXY TCP6 ::ffff:10.0.0.1 ::ffff:10.0.0.2 5 6\r\n"), "10.0.0.1:5",
		"10.0.0.2:6"},
	    {STR_INIT("PROXY UNKNOWN\r\n"), NULL, NULL},
	    {STR_INIT("PROXY UNKNOWN \r\n"), NULL, NULL},
	    {STR_INIT("PROXY UNKNOWN any \0thing\xff at all\r\n"), NULL, NULL},
	    {STR_INIT("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
		NULL, NULL},
	};

	(void)state;
	assert_int_equal(goods[nelem(goods) - 1].bytes.len, 107);
	for (size_t i = 0; i < nelem(goods); i++)
		check_good(&goods[i]);
}

static void
reads_v2(void **state)
{
	static const struct good goods[] = {
	    {STR_INIT(SIGNATURE "\x21\x11\x00\x0c" IPS4), "10.0.0.1:12345", "10.0.0.2:443"},
	    {STR_INIT(SIGNATURE "\x21\x21\x00\x24" IP6 "\x01" IP6 "\x02\x00\x01\xff\xff"),
		"[2001:db8::1]:1", "[2001:db8::2]:65535"},
	    /* vectors: NOOP of one byte, then an empty one of an unknown type */
	    {STR_INIT(SIGNATURE "\x21\x11\x00\x13" IPS4 "\x04\x00\x01x\xee\x00\x00"),
		"10.0.0.1:12345", "10.0.0.2:443"},
	    /* local, with and without a block that must be skipped */
	    {STR_INIT(SIGNATURE "\x20\x00\x00\x00"), NULL, NULL},
	    {STR_INIT(SIGNATURE "\x20\xff\x00\x03xyz"), NULL, NULL},
	    {STR_INIT(SIGNATURE "\x20\x11\x00\x0c" IPS4), NULL, NULL},
	    /* valid, but no TCP over IP */
	    {STR_INIT(SIGNATURE "\x21\x00\x00\x00"), NULL, NULL},
	    {STR_INIT(SIGNATURE "\x21\x01\x00\x02xy"), NULL, NULL},
	    {STR_INIT(SIGNATURE "\x21\x10\x00\x00"), NULL, NULL},
	    {STR_INIT(SIGNATURE "\x21\x12\x00\x0c" IPS4), NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < nelem(goods); i++)
		check_good(&goods[i]);
}

static void
reads_a_unix_socket_and_the_longest_block_as_local(void **state)
{
	char bytes[PROXY_PROTOCOL_MAX + 16] = SIGNATURE "\x21\x31\x00\xd8";
	struct good g = {{bytes, 16 + 216}, NULL, NULL};

	(void)state;
	check_good(&g);
	memcpy(bytes, SIGNATURE "\x21\x00\x02\x08", 16);
	g.bytes.len = PROXY_PROTOCOL_MAX;
	check_good(&g);
}

/* From seen_at bytes on it is bad, before that it could still have become right. */
static void
check_bad(const struct bad *b)
{
	struct proxy_info info;
	size_t used;

	for (size_t i = 0; i <= b->bytes.len; i++)
		assert_int_equal(proxy_protocol_parse(str_of(b->bytes.p, i), &info, &used),
		    i < b->seen_at ? PROXY_PARSE_MORE : PROXY_PARSE_BAD);
}

static void
refuses_v1_that_is_not_exact_as_soon_as_it_can_know(void **state)
{
	static const struct bad bads[] = {
	    {STR_INIT("GET / HTTP/1.1\r\n"), 1},
	    {STR_INIT("POST / HTTP/1.1\r\n"), 2},
	    {STR_INIT("proxy TCP4 1.1.1.1 1.1.1.2 1 2\r\n"), 1},
	    {STR_INIT("PROXY  TCP4 1.1.1.1 1.1.1.2 1 2\r\n"), 7},
	    {STR_INIT("PROXY TCP5 1.1.1.1 1.1.1.2 1 2\r\n"), 10},
	    {STR_INIT("PROXY UDP4 1.1.1.1 1.1.1.2 1 2\r\n"), 8},
	    {STR_INIT("PROXY\r\n"), 6},
	    {STR_INIT("PROXY \r\n"), 7},
	    {STR_INIT("PROXY TCP4\r\n"), 11},
	    {STR_INIT("PROXY TCP4 \r\n"), 12},
	    {STR_INIT("PROXY TCP4 1.1.1.1 1.1.1.2 1 2\n"), 31},
	    {STR_INIT("PROXY TCP4 1.1.1.1 1.1.1.2 1 2\r\r\n"), 32},
	    {STR_INIT("PROXY TCP4 1.1.1.1 1.1.1.2 1 2\rx"), 32},
	    {STR_INIT("PROXY TCP4 1.1.1.1 1.1.1.2 1 2 \r\n"), 32},
	    {STR_INIT("PROXY TCP4 1.1.1.1 1.1.1.2 1 2 3\r\n"), 33},
	    {STR_INIT("PROXY TCP4 1.1.1.1  1.1.1.2 1 2\r\n"), 32},
	    {STR_INIT("PROXY TCP4 1.1.1.1 1.1.1.2 1\r\n"), 29},
	    {STR_INIT("PROXY TCP4 1.1.1.1 1.1.1.2 1 \r\n"), 30},
	    {STR_INIT("PROXY TCP4 1.1.1.1\t1.1.1.2 1 2\r\n"), 19},
	    {STR_INIT("PROXY TCP4 1.1.1.01 1.1.1.2 1 2\r\n"), 32},
	    {STR_INIT("PROXY TCP4 1.1.1 1.1.1.2 1 2\r\n"), 29},
	    {STR_INIT("PROXY TCP4 1.1.1.256 1.1.1.2 1 2\r\n"), 33},
	    {STR_INIT("PROXY TCP4 ::1 ::1 1 2\r\n"), 12},
	    {STR_INIT("PROXY TCP4 1.1.1.1 1.1.1.2 01 2\r\n"), 32},
	    {STR_INIT("PROXY TCP4 1.1.1.1 1.1.1.2 +1 2\r\n"), 28},
	    {STR_INIT("PROXY TCP4 1.1.1.1 1.1.1.2 1 65536\r\n"), 35},
	    {STR_INIT("PROXY TCP4 1.1.1.1 1.1.1.2 1 00000\r\n"), 35},
	    {STR_INIT("PROXY TCP4 1.1.1.1 1.1.1.2 1 2\0\r\n"), 31},
	    {STR_INIT("PROXY TCP6 1.1.1.1 1.1.1.2 1 2\r\n"), 31},
	    {STR_INIT("PROXY TCP6 [::1] [::1] 1 2\r\n"), 12},
	    {STR_INIT("PROXY TCP6 ::1::1 ::1 1 2\r\n"), 26},
	    {STR_INIT("PROXY TCP6 12345::1 ::1 1 2\r\n"), 28},
	    {STR_INIT("PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n"), 19},
	    {STR_INIT("PROXY UNKNOWNX\r\n"), 14},
	    {STR_INIT("PROXY UNKNOWN x\ny\r\n"), 16},
	    {STR_INIT("PROXY UNKNOWN x\ry\r\n"), 17},
	};

	(void)state;
	for (size_t i = 0; i < nelem(bads); i++)
		check_bad(&bads[i]);
}

static void
refuses_a_line_without_end(void **state)
{
	char line[200];
	struct bad b = {{line, sizeof(line)}, 106};

	(void)state;
	memset(line, ' ', sizeof(line));
	memcpy(line, "PROXY UNKNOWN", 13);
	check_bad(&b);
	memcpy(line + 106, "\r\n", 2); /* 108 bytes: one too many */
	check_bad(&b);
}

static void
refuses_v2_that_is_not_exact_as_soon_as_it_can_know(void **state)
{
	static const struct bad bads[] = {
	    {STR_INIT("\r\n\r\n\r\n"), 5},
	    {STR_INIT("\r\n\r\n\0\r\nQUIT\r"), 12},
	    {STR_INIT(SIGNATURE "\x11\x11\x00\x0c" IPS4), 13},
	    {STR_INIT(SIGNATURE "\x22\x11\x00\x0c" IPS4), 13},
	    {STR_INIT(SIGNATURE "\x31\x11\x00\x0c" IPS4), 13},
	    {STR_INIT(SIGNATURE "\x21\x13\x00\x0c" IPS4), 14},
	    {STR_INIT(SIGNATURE "\x21\x41\x00\x0c" IPS4), 14},
	    {STR_INIT(SIGNATURE "\x21\x11\x00\x0b" IPS4), 16},
	    {STR_INIT(SIGNATURE "\x21\x21\x00\x0c" IPS4), 16},
	    {STR_INIT(SIGNATURE "\x21\x31\x00\x0c" IPS4), 16},
	    {STR_INIT(SIGNATURE "\x21\x11\x02\x09" IPS4), 16},
	    {STR_INIT(SIGNATURE "\x20\x00\xff\xff"), 16},
	    /* vectors cut short */
	    {STR_INIT(SIGNATURE "\x21\x11\x00\x0e" IPS4 "\x04\x00"), 30},
	    {STR_INIT(SIGNATURE "\x21\x11\x00\x10" IPS4 "\x04\x00\x02x"), 32},
	    {STR_INIT(SIGNATURE "\x21\x11\x00\x0f" IPS4 "\x04\xff\xff"), 31},
	    /* checksums of the wrong size and of the wrong value */
	    {STR_INIT(SIGNATURE "\x21\x11\x00\x12" IPS4 "\x03\x00\x03\x01\x02\x03"), 34},
	    {STR_INIT(SIGNATURE "\x21\x11\x00\x13" IPS4 "\x03\x00\x04\x01\x02\x03\x04"), 35},
	};

	(void)state;
	for (size_t i = 0; i < nelem(bads); i++)
		check_bad(&bads[i]);
}

/* The polynomial as RFC 4960 appendix B has it, over bits the other way round than weir does. */
static uint32_t
crc32c_slow(const char *bytes, size_t len)
{
	uint32_t crc = UINT32_MAX, out = 0;

	for (size_t i = 0; i < len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			uint32_t top = crc >> 31 ^ ((unsigned char)bytes[i] >> bit & 1);

			crc = crc << 1 ^ (top ? 0x1edc6f41 : 0);
		}
	}
	for (int bit = 0; bit < 32; bit++)
		out |= (crc >> bit & 1) << (31 - bit);
	return ~out;
}

static void
checks_the_checksum(void **state)
{
	char bytes[PROXY_PROTOCOL_MAX] = SIGNATURE "\x21\x11\x00\x16" IPS4 "\x03\x00\x04\0\0\0\0"
						   "\x04\x00\x00";
	struct good g = {{bytes, 38}, "10.0.0.1:12345", "10.0.0.2:443"};
	struct proxy_info info;
	uint32_t crc;
	size_t used;

	(void)state;
	assert_int_equal(crc32c_slow("123456789", 9), 0xe3069283);
	crc = crc32c_slow(bytes, g.bytes.len);
	for (int i = 0; i < 4; i++)
		bytes[31 + i] = (char)(crc >> (24 - 8 * i));
	check_good(&g);
	for (size_t i = 16; i < g.bytes.len; i++) {
		bytes[i] ^= 0x10;
		if (proxy_protocol_parse(g.bytes, &info, &used) != PROXY_PARSE_BAD)
			assert_true(i == 28); /* then it is no checksum any more */
		bytes[i] ^= 0x10;
	}
	/* a second one, even if it were right, is one too many */
	memcpy(bytes + 35, "\x03\x00\x04\0\0\0\0", 7);
	bytes[15] = 0x1a;
	assert_int_equal(proxy_protocol_parse(str_of(bytes, 42), &info, &used), PROXY_PARSE_BAD);
}

static struct addr
address(const char *text)
{
	struct addr a;

	assert_true(addr_parse(str_from(text), false, &a));
	return a;
}

static void
writes_what_it_reads(void **state)
{
	static const struct {
		const char *source, *destination, *v1;
		size_t v2_len;
	} rows[] = {
	    {"10.0.0.1:5", "10.0.0.2:65535", "PROXY TCP4 10.0.0.1 10.0.0.2 5 65535\r\n", 28},
	    {"[::1]:0", "[2001:db8::1]:80", "PROXY TCP6 ::1 2001:db8::1 0 80\r\n", 52},
	    {"[::ffff:10.0.0.1]:5", "10.0.0.2:6", "PROXY TCP4 10.0.0.1 10.0.0.2 5 6\r\n", 28},
	    {"[::1]:5", "10.0.0.2:6", "PROXY TCP6 ::1 ::ffff:10.0.0.2 5 6\r\n", 52},
	};
	char out[PROXY_PROTOCOL_MAX];

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct addr s = address(rows[i].source), d = address(rows[i].destination);
		size_t n = proxy_protocol_write(PROXY_PROTOCOL_V1, &s, &d, out), used;
		struct proxy_info info;

		assert_true(str_eq(str_of(out, n), str_from(rows[i].v1)));
		for (int v = PROXY_PROTOCOL_V1; v <= PROXY_PROTOCOL_V2; v++) {
			n = proxy_protocol_write((enum proxy_protocol)v, &s, &d, out);
			assert_int_equal(
			    proxy_protocol_parse(str_of(out, n), &info, &used), PROXY_PARSE_DONE);
			assert_int_equal(used, n);
			assert_true(addr_same(&info.source, &s));
			assert_true(addr_same(&info.destination, &d));
			assert_false(info.local);
		}
		assert_int_equal(n, rows[i].v2_len);
	}
}

static void
writes_nothing_it_does_not_know(void **state)
{
	struct addr a = address("10.0.0.1:1"), none = {0};
	char out[PROXY_PROTOCOL_MAX];
	size_t n;

	(void)state;
	assert_int_equal(proxy_protocol_write(PROXY_PROTOCOL_OFF, &a, &a, out), 0);
	n = proxy_protocol_write(PROXY_PROTOCOL_V1, &none, &a, out);
	assert_true(str_eq(str_of(out, n), STR("PROXY UNKNOWN\r\n")));
	n = proxy_protocol_write(PROXY_PROTOCOL_V2, &a, &none, out);
	assert_true(str_eq(str_of(out, n), STR(SIGNATURE "\x20\x00\x00\x00")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_v1),
	    cmocka_unit_test(reads_v2),
	    cmocka_unit_test(reads_a_unix_socket_and_the_longest_block_as_local),
	    cmocka_unit_test(refuses_v1_that_is_not_exact_as_soon_as_it_can_know),
	    cmocka_unit_test(refuses_a_line_without_end),
	    cmocka_unit_test(refuses_v2_that_is_not_exact_as_soon_as_it_can_know),
	    cmocka_unit_test(checks_the_checksum),
	    cmocka_unit_test(writes_what_it_reads),
	    cmocka_unit_test(writes_nothing_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
