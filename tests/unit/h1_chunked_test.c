#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/h1_parse.h"

struct decoded {
	enum fault fault;
	bool done;
	size_t used, payload;
	char bytes[1024];
};

static struct decoded
decode(struct str s, size_t step)
{
	struct decoded d = {.fault = FAULT_none};
	struct h1_chunked c = {.state = 0};
	struct h1_chunk_out out;

	while (d.used < s.len && d.fault == FAULT_none && !d.done) {
		size_t n = s.len - d.used < step ? s.len - d.used : step;
		char *block = malloc(n);

		memcpy(block, s.p + d.used, n);
		d.fault = h1_chunked_feed(&c, block, n, &out);
		memcpy(d.bytes + d.payload, block, out.payload);
		d.payload += out.payload;
		d.used += out.used;
		d.done = out.done;
		free(block);
	}
	return d;
}

static void
decodes_chunks_however_they_come(void **state)
{
	const struct str s =
	    STR("5\r\nhello\r\n00000000000000aB;x=\"y\\\"z\";w \t=\tv ; u\r\n"
		"0123456789012345678901234567890123456789012345678901234567890123456789"
		"0123456789012345678901234567890123456789012345678901234567890123456789"
		"0123456789012345678901234567890\r\n"
		"1\r\n\n\r\n000;last\r\nX: y\r\n\r\n");
	struct decoded d;

	(void)state;
	for (size_t step = 1; step <= s.len; step++) {
		d = decode(s, step);
		assert_int_equal(d.fault, FAULT_none);
		assert_true(d.done);
		assert_int_equal(d.used, s.len - strlen("X: y\r\n\r\n"));
		assert_int_equal(d.payload, 5 + 0xab + 1);
		assert_memory_equal(d.bytes, "hello0123", 9);
		assert_int_equal(d.bytes[d.payload - 1], '\n');
	}
}

static void
chunks_are_bad(const struct str *bodies, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t step = 1; step <= bodies[i].len; step += bodies[i].len - 1)
			if (decode(bodies[i], step).fault != FAULT_http_request_error)
				fail_msg("accepted: %.*s", STR_FMT(bodies[i]));
}
#define BAD_CHUNKS(...)                                                                            \
	do {                                                                                       \
		static const struct str bodies[] = {__VA_ARGS__};                                  \
		chunks_are_bad(bodies, nelem(bodies));                                             \
	} while (0)

static void
refuses_malformed_chunk_sizes(void **state)
{
	(void)state;
	BAD_CHUNKS(STR_INIT("+5\r\n"), STR_INIT("-5\r\n"), STR_INIT("0x5\r\n"), STR_INIT("5h\r\n"),
	    STR_INIT(" 5\r\n"), STR_INIT("5 \r\n"), STR_INIT("5\t\r\n"), STR_INIT("\r\n5\r\n"),
	    STR_INIT(";a\r\n"), STR_INIT("5,5\r\n"), STR_INIT("5.0\r\n"), STR_INIT("\0\r\n"),
	    STR_INIT("5\0\r\n"), STR_INIT("g\r\n"), STR_INIT("5_0\r\n"));
}

static void
refuses_chunk_sizes_that_wrap__64_bit(void **state)
{
	struct decoded d;

	(void)state;
	BAD_CHUNKS(STR_INIT("4000000000000001\r\n"), STR_INIT("8000000000000000\r\n"),
	    STR_INIT("ffffffffffffffff\r\n"), STR_INIT("10000000000000005\r\n"),
	    STR_INIT("00000000000000005\r\n"), STR_INIT("f0000000000000005\r\n"));
	d = decode(STR("4000000000000000\r\nab"), 1);
	assert_true(d.fault == FAULT_none && d.payload == 2);
	d = decode(STR("0000000000000002\r\nab\r\n0\r\n"), 1);
	assert_true(d.fault == FAULT_none && d.payload == 2 && d.done);
}

static void
refuses_line_ends_but_crlf__term_ext_and_ext_term(void **state)
{
	(void)state;
	BAD_CHUNKS(STR_INIT("5\nhello"), STR_INIT("5\rhello"), STR_INIT("5;a\nhello"),
	    STR_INIT("5;a\rXhello"), STR_INIT("5;a=\"\n\""), STR_INIT("5;a=\"\r\n"),
	    STR_INIT("5;a=\"\\\n\""), STR_INIT("5;\nhello"), STR_INIT("5\r\rhello"),
	    STR_INIT("2;\n05\r\n"), STR_INIT("0\n\n"), STR_INIT("0;a\n"));
}

static void
refuses_data_that_spills(void **state)
{
	(void)state;
	BAD_CHUNKS(STR_INIT("5\r\nhello0\r\n"), STR_INIT("5\r\nhelloX\r\n0\r\n"),
	    STR_INIT("5\r\nhello\n0\r\n"), STR_INIT("5\r\nhello\rX0\r\n"),
	    STR_INIT("5\r\nhelloXX0\r\n"), STR_INIT("5\r\nhello\r\n\r\n0\r\n"));
}

static void
refuses_extensions_off_their_grammar(void **state)
{
	(void)state;
	BAD_CHUNKS(STR_INIT("5;\r\n"), STR_INIT("5;=a\r\n"), STR_INIT("5;a=\r\n"),
	    STR_INIT("5;a b\r\n"), STR_INIT("5;a=b c\r\n"), STR_INIT("5;a \r\n"),
	    STR_INIT("5;a=\"b\"c\r\n"), STR_INIT("5;a=\"b\r\n"), STR_INIT("5;a=\"\0\"\r\n"),
	    STR_INIT("5;a=b,\r\n"), STR_INIT("5 a\r\n"), STR_INIT("5;;a\r\n"), STR_INIT("5;(\r\n"),
	    STR_INIT("5;a=\"b\\\r\n"), STR_INIT("5;\x80\r\n"), STR_INIT("5;a==b\r\n"));
}

static void
bounds_a_size_line(void **state)
{
	char text[H1_CHUNK_LINE_MAX + 16];
	struct decoded d;
	size_t n = H1_CHUNK_LINE_MAX - 2;

	(void)state;
	for (int over = 0; over < 2; over++, n++) {
		memset(text, 'a', sizeof(text));
		memcpy(text, "1;", 2);
		memcpy(text + n, "\r\nx\r\n0\r\n", 8);
		d = decode(str_of(text, n + 8), 7);
		assert_int_equal(d.fault, over ? FAULT_http_request_error : FAULT_none);
		assert_int_equal(d.done, !over);
	}
	memset(text, '0', sizeof(text));
	assert_int_equal(decode(str_of(text, sizeof(text)), 1).fault, FAULT_http_request_error);
}

static void
stays_done_and_takes_no_more(void **state)
{
	struct h1_chunked c = {.state = 0};
	struct h1_chunk_out out;
	char last[] = "0\r\n", next[] = "GET / HTTP/1.1\r\n";

	(void)state;
	assert_int_equal(h1_chunked_feed(&c, last, 3, &out), FAULT_none);
	assert_true(out.done && out.used == 3 && out.payload == 0);
	assert_int_equal(h1_chunked_feed(&c, next, sizeof(next) - 1, &out), FAULT_none);
	assert_true(out.done && out.used == 0 && out.payload == 0);
	assert_int_equal(h1_chunked_feed(&c, next, 0, &out), FAULT_none);
	assert_true(out.done);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(decodes_chunks_however_they_come),
	    cmocka_unit_test(refuses_malformed_chunk_sizes),
	    cmocka_unit_test(refuses_chunk_sizes_that_wrap__64_bit),
	    cmocka_unit_test(refuses_line_ends_but_crlf__term_ext_and_ext_term),
	    cmocka_unit_test(refuses_data_that_spills),
	    cmocka_unit_test(refuses_extensions_off_their_grammar),
	    cmocka_unit_test(bounds_a_size_line),
	    cmocka_unit_test(stays_done_and_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
