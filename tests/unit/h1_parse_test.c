#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/h1_parse.h"

static char memory[16 * 1024];
static struct arena arena;

/* A copy in a block of its own size, so that the sanitizer sees one byte too far. */
static struct str
exact(struct str s)
{
	char *p = malloc(s.len + (s.len == 0));

	assert_non_null(p);
	memcpy(p, s.p, s.len);
	return str_of(p, s.len);
}

static enum fault
parse(struct str text, struct head *h)
{
	struct str s = exact(text);
	enum fault fault;

	arena_init(&arena, memory, sizeof(memory), 1 << 20);
	fault = str_starts(s, STR("HTTP/")) ? h1_parse_response(s, &arena, h)
					    : h1_parse_request(s, &arena, h);
	arena_reset(&arena);
	free((void *)(uintptr_t)s.p);
	return fault;
}

static void
refuse_all(enum fault want, const struct str *heads, size_t n)
{
	struct head h;

	for (size_t i = 0; i < n; i++)
		if (parse(heads[i], &h) != want)
			fail_msg("not refused so: %.*s", STR_FMT(heads[i]));
}
#define REFUSE(want, ...)                                                                          \
	do {                                                                                       \
		static const struct str heads[] = {__VA_ARGS__};                                   \
		refuse_all(FAULT_##want, heads, nelem(heads));                                     \
	} while (0)
#define LINE(line)  STR_INIT(line "\r\nHost: a\r\n\r\n")
#define FIELD(line) STR_INIT("GET / HTTP/1.1\r\nHost: a\r\n" line "\r\n\r\n")

static size_t
sized(struct str s, size_t step, enum fault *fault)
{
	size_t scanned = 0, size = 0, have = 0;

	*fault = FAULT_none;
	while (size == 0 && *fault == FAULT_none && have < s.len) {
		have = s.len - have > step ? have + step : s.len;
		size = h1_head_size(str_of(s.p, have), &scanned, fault);
	}
	return size;
}

static void
measures_a_head_however_it_comes(void **state)
{
	const struct str s = STR(
	    "GET /some/longer/path HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\nbody\nbody\r\n\r\n");
	const size_t want = s.len - strlen("body\nbody\r\n\r\n");
	enum fault fault;

	(void)state;
	for (size_t step = 1; step <= s.len; step++) {
		assert_int_equal(sized(s, step, &fault), want);
		assert_int_equal(fault, FAULT_none);
	}
	for (size_t len = 0; len < want; len++) {
		size_t scanned = 0;
		assert_int_equal(h1_head_size(str_of(s.p, len), &scanned, &fault), 0);
		assert_int_equal(fault, FAULT_none);
		assert_int_equal(scanned, len);
	}
}

static void
refuses_bare_lf_at_once(void **state)
{
	static const struct str bad[] = {STR_INIT("GET / HTTP/1.1\n"), STR_INIT("G\n"),
	    STR_INIT("\n"), STR_INIT("GET / HTTP/1.1\r\nA: b\n"),
	    STR_INIT("GET / HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaa\r\n\n"),
	    STR_INIT("GET / HTTP/1.1\r\n\n"), STR_INIT("\r\n"), STR_INIT("\r\nGET")};
	enum fault fault;

	(void)state;
	for (size_t i = 0; i < nelem(bad); i++)
		for (size_t step = 1; step <= bad[i].len; step++) {
			assert_int_equal(sized(bad[i], step, &fault), 0);
			assert_int_equal(fault, FAULT_http_request_error);
		}
}

static void
refuses_what_cannot_be_http_at_once(void **state)
{
	size_t scanned = 0;
	enum fault fault;

	(void)state;
	assert_int_equal(sized(STR("\x16\x03\x01\x02\x00\x01\x00\x01"), 1, &fault), 0);
	assert_int_equal(fault, FAULT_http_request_error);
	assert_int_equal(sized(STR(" "), 1, &fault), 0);
	assert_int_equal(fault, FAULT_http_request_error);
	assert_int_equal(sized(STR("\rGET"), 2, &fault), 0);
	assert_int_equal(fault, FAULT_http_request_error);
	/* The first byte of an empty line: the caller must be able to see it whole and skip it. */
	assert_int_equal(h1_head_size(STR("\r"), &scanned, &fault), 0);
	assert_true(fault == FAULT_none && scanned == 0);
}

static void
bounds_a_head(void **state)
{
	char *text = malloc(H1_HEAD_MAX + 1);
	enum fault fault;
	size_t scanned;

	(void)state;
	memset(text, 'a', H1_HEAD_MAX + 1);
	memcpy(text + H1_HEAD_MAX - 4, "\r\n\r\n", 4);
	assert_int_equal(sized(str_of(text, H1_HEAD_MAX), 1000, &fault), H1_HEAD_MAX);
	scanned = 0;
	assert_int_equal(h1_head_size(str_of(text, H1_HEAD_MAX - 1), &scanned, &fault), 0);
	assert_int_equal(fault, FAULT_none);
	memcpy(text + H1_HEAD_MAX - 4, "a\r\n\r\n", 5);
	for (size_t step = 1000; step <= H1_HEAD_MAX + 1; step += H1_HEAD_MAX + 1 - 1000) {
		assert_int_equal(sized(str_of(text, H1_HEAD_MAX + 1), step, &fault), 0);
		assert_int_equal(fault, FAULT_header_too_large);
	}
	free(text);
}

static void
parses_a_request(void **state)
{
	struct str s = STR("POST /a/b?c=d HTTP/1.1\r\n"
			   "hOsT: Example.com:8080\r\n"
			   "X-Empty:\r\n"
			   "X-Blank: \t \r\n"
			   "Content-Length:\t 5 \t\r\n"
			   "!#$%&'*+-.^_`|~09azAZ: a b\tc \xc3\xa9\r\n"
			   "x:y\r\n\r\n");
	const struct field *f;
	struct head h;

	(void)state;
	arena_init(&arena, memory, sizeof(memory), 0);
	assert_int_equal(h1_parse_request(s, &arena, &h), FAULT_none);
	assert_int_equal(h.method, METHOD_POST);
	assert_true(str_eq(h.method_text, STR("POST")));
	assert_true(str_eq(h.target, STR("/a/b?c=d")));
	assert_true(str_eq(h.authority, STR("Example.com:8080")));
	assert_true(str_eq(h.host, STR("Example.com")));
	assert_true(str_eq(h.path, STR("/a/b")));
	assert_true(str_eq(h.query, STR("c=d")));
	assert_true(h.minor == 1 && h.status == 0 && h.fields.n == 6);
	f = h.fields.v;
	assert_true(str_eq(str_of(f[0].name, f[0].name_len), STR("hOsT")));
	assert_int_equal(f[0].id, FIELD_HOST);
	assert_true(f[1].value_len == 0 && f[2].value_len == 0);
	assert_int_equal(f[3].id, FIELD_CONTENT_LENGTH);
	assert_true(str_eq(field_value(&f[3]), STR("5")));
	assert_int_equal(f[4].name_len, 21);
	assert_true(str_eq(field_value(&f[4]), STR("a b\tc \xc3\xa9")));
	assert_true(str_eq(field_value(&f[5]), STR("y")));
	assert_int_equal(
	    h.fields.present, UINT64_C(1) << FIELD_HOST | UINT64_C(1) << FIELD_CONTENT_LENGTH | 1);
}

static void
refuses_malformed_request_lines(void **state)
{
	(void)state;
	REFUSE(http_request_error, LINE("GET"), LINE("GET /"), LINE("GET / "),
	    LINE("GET  / HTTP/1.1"), LINE("GET /  HTTP/1.1"), LINE(" GET / HTTP/1.1"),
	    LINE("GET / HTTP/1.1 "), LINE("GET\t/ HTTP/1.1"), LINE("GET /\tHTTP/1.1"),
	    LINE("GET / x HTTP/1.1"), LINE("G\xc3\xa9T / HTTP/1.1"), LINE("G(T / HTTP/1.1"),
	    LINE("GET: / HTTP/1.1"), LINE("GET / http/1.1"), LINE("GET / HTTP/1."),
	    LINE("GET / HTTP/11"), LINE("GET / HTTP/1.10"), LINE("GET / HTTP/01.1"),
	    LINE("GET / HTTP/1,1"), LINE("GET / HTTPS/1.1"), LINE("GET / HTTP/1.x"),
	    LINE("GET / HTTP /1.1"), LINE("GET /\r HTTP/1.1"), LINE("GET / HTTP/1.1\r"),
	    LINE("GET /a\0b HTTP/1.1"), LINE("GET /#a HTTP/1.1"), LINE("GET * HTTP/1.1"), LINE(""),
	    STR_INIT("\r\n\r\n"), STR_INIT(""), STR_INIT("GET / HTTP/1.1\r\nHost: a\r\n"),
	    LINE("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1"));
}

static void
judges_versions(void **state)
{
	struct head h;

	(void)state;
	REFUSE(version_unsupported, LINE("GET / HTTP/2.0"), LINE("GET / HTTP/0.9"),
	    LINE("GET / HTTP/3.1"), STR_INIT("PRI * HTTP/2.0\r\n\r\n"));
	assert_int_equal(parse(STR("GET / HTTP/1.9\r\nHost: a\r\n\r\n"), &h), FAULT_none);
	assert_int_equal(h.minor, 1);
	assert_int_equal(parse(STR("GET / HTTP/1.0\r\n\r\n"), &h), FAULT_none);
	assert_int_equal(h.minor, 0);
}

static void
refuses_malformed_field_lines(void **state)
{
	(void)state;
	REFUSE(http_request_error, FIELD("X"), FIELD("X y"), FIELD("X : y"), FIELD("X\t: y"),
	    FIELD(" X: y"), FIELD("(X): y"), FIELD("X,Y: z"), FIELD("X\xe9: y"), FIELD("\"X\": y"),
	    FIELD("X@: y"), FIELD("X[: y"), FIELD("X{: y"), FIELD("X/: y"), FIELD("X\x7f: y"),
	    FIELD("A-Long-Name-Of-Tokens\x80: y"), FIELD("Content-Length : 5"));
}

static void
refuses_an_empty_name__cve_2023_25725(void **state)
{
	(void)state;
	REFUSE(http_request_error, FIELD(": x"), FIELD(":"), FIELD(":\r\nContent-Length: 5"));
}

static void
refuses_controls_in_names_and_values__cve_2023_27491(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++)
		for (int at = 0; at < 40; at++) {
			char text[] = "GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789"
				      "0123456789012345678901234567890\r\n\r\n";
			bool bad = (c < 0x20 && c != '\t') || c == 0x7f;
			struct head h;

			text[strlen("GET / HTTP/1.1\r\nHost: a\r\nX: ") + (size_t)at] = (char)c;
			assert_int_equal(parse(str_of(text, sizeof(text) - 1), &h),
			    bad ? FAULT_http_request_error : FAULT_none);
		}
	REFUSE(http_request_error, FIELD("X: a\rb"), FIELD("X: a\r"), FIELD("X: a\0"),
	    FIELD("\0X: a"), FIELD("X\0: a"), FIELD("X\r: a"));
}

static void
refuses_line_folding(void **state)
{
	(void)state;
	REFUSE(http_request_error, FIELD("X: a\r\n b"), FIELD("X: a\r\n\tb"),
	    FIELD("X:\r\n chunked"), STR_INIT("GET / HTTP/1.1\r\n Host: a\r\n\r\n"));
}

static void
takes_names_for_tokens_byte_by_byte(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++)
		for (int at = 0; at < 20; at++) {
			char text[] =
			    "GET / HTTP/1.1\r\nHost: a\r\nX2345678901234567890: y\r\n\r\n";
			bool good = (c >= '0' && c <= '9') ||
				    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
				    (c > 0 && c < 0x80 && strchr("!#$%&'*+-.^_`|~", c)) ||
				    (c == ':' && at > 0);
			struct head h;

			text[strlen("GET / HTTP/1.1\r\nHost: a\r\n") + (size_t)at] = (char)c;
			assert_int_equal(parse(str_of(text, sizeof(text) - 1), &h),
			    good ? FAULT_none : FAULT_http_request_error);
		}
}

static void
wants_exactly_one_host(void **state)
{
	struct head h;

	(void)state;
	REFUSE(http_request_error, STR_INIT("GET / HTTP/1.1\r\n\r\n"),
	    STR_INIT("GET / HTTP/1.1\r\nHost:\r\n\r\n"), FIELD("Host: a"), FIELD("host: b"),
	    STR_INIT("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"),
	    STR_INIT("GET / HTTP/1.0\r\nHost: a b\r\n\r\n"),
	    STR_INIT("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
	    STR_INIT("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
	    STR_INIT("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
	    STR_INIT("GET / HTTP/1.1\r\nHost: http://a\r\n\r\n"));
	assert_int_equal(parse(STR("GET / HTTP/1.0\r\n\r\n"), &h), FAULT_none);
	assert_true(h.host.len == 0 && h.authority.len == 0);
}

static void
holds_host_and_absolute_form_together(void **state)
{
	const struct str s = STR("GET http://A:80/x HTTP/1.1\r\nHost: a\r\n\r\n");
	struct head h;

	(void)state;
	arena_init(&arena, memory, sizeof(memory), 0);
	assert_int_equal(h1_parse_request(s, &arena, &h), FAULT_none);
	assert_true(str_eq(h.authority, STR("A:80")) && str_eq(h.host, STR("A")));
	assert_true(str_eq(h.path, STR("/x")));
	assert_int_equal(parse(STR("GET http://a/ HTTP/1.0\r\n\r\n"), &h), FAULT_none);
	assert_int_equal(h.host.len, 1);
	REFUSE(http_request_error, STR_INIT("GET http://a/ HTTP/1.1\r\n\r\n"),
	    STR_INIT("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"),
	    STR_INIT("GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n"),
	    STR_INIT("GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n"),
	    STR_INIT("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
	    STR_INIT("CONNECT a:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"));
	assert_int_equal(
	    parse(STR("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"), &h), FAULT_none);
	assert_int_equal(h.method, METHOD_CONNECT);
	assert_int_equal(parse(STR("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"), &h), FAULT_none);
}

/* A request with this much target and this many fields. */
static enum fault
parse_large(size_t target, unsigned fields)
{
	char *text = malloc(target + fields * 4 + 64), *at = text;
	enum fault fault;
	struct head h;

	at = stpcpy(at, "GET /");
	memset(at, 'x', target - 1);
	at = stpcpy(at + target - 1, " HTTP/1.1\r\nHost: a\r\n");
	for (unsigned i = 1; i < fields; i++)
		at = stpcpy(at, "a:\r\n");
	at = stpcpy(at, "\r\n");
	fault = parse(str_of(text, (size_t)(at - text)), &h);
	free(text);
	return fault;
}

static void
bounds_targets_and_fields__cve_2021_40346(void **state)
{
	(void)state;
	assert_int_equal(parse_large(H1_TARGET_MAX, 1), FAULT_none);
	assert_int_equal(parse_large(H1_TARGET_MAX + 1, 1), FAULT_uri_too_long);
	assert_int_equal(parse_large(1, H1_FIELDS_MAX), FAULT_none);
	assert_int_equal(parse_large(1, H1_FIELDS_MAX + 1), FAULT_header_too_large);
}

/* The name that wrapped an 8-bit length in a peer reads as what it is here. */
static void
keeps_the_length_of_a_long_name__cve_2021_40346(void **state)
{
	static char text[1024];
	char name[271];
	struct head h;

	(void)state;
	memcpy(name, "Content-Length0", 15);
	memset(name + 15, 'a', sizeof(name) - 16);
	name[sizeof(name) - 1] = '\0';
	snprintf(text, sizeof(text), "POST / HTTP/1.1\r\nHost: a\r\n%s: 9\r\n\r\n", name);
	arena_init(&arena, memory, sizeof(memory), 0);
	assert_int_equal(h1_parse_request(str_from(text), &arena, &h), FAULT_none);
	assert_int_equal(h.fields.v[1].name_len, 270);
	assert_int_equal(h.fields.v[1].id, FIELD_OTHER);
	assert_null(fields_find(&h.fields, FIELD_CONTENT_LENGTH));
}

static void
says_so_when_the_arena_is_full(void **state)
{
	struct head h;
	struct str s = STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

	(void)state;
	arena_init(&arena, NULL, 0, 0);
	assert_int_equal(h1_parse_request(s, &arena, &h), FAULT_header_too_large);
	s = STR("HTTP/1.1 200 OK\r\na: b\r\n\r\n");
	assert_int_equal(h1_parse_response(s, &arena, &h), FAULT_http_response_header_section_size);
}

static void
parses_responses(void **state)
{
	struct head h;

	(void)state;
	arena_init(&arena, memory, sizeof(memory), 0);
	assert_int_equal(
	    h1_parse_response(
		STR("HTTP/1.1 404 Not \xc3\xa9\tFound\r\nServer: x\r\n\r\n"), &arena, &h),
	    FAULT_none);
	assert_true(h.status == 404 && h.minor == 1 && h.fields.n == 1);
	assert_true(str_eq(h.reason, STR("Not \xc3\xa9\tFound")));
	assert_int_equal(h1_parse_response(STR("HTTP/1.0 204 \r\n\r\n"), &arena, &h), FAULT_none);
	assert_true(h.status == 204 && h.minor == 0 && h.reason.len == 0 && h.fields.n == 0);
	assert_int_equal(h1_parse_response(STR("HTTP/1.1 999\r\n\r\n"), &arena, &h), FAULT_none);
	assert_true(h.status == 999 && h.reason.len == 0);
}

static void
refuses_malformed_responses(void **state)
{
	static const struct str bad[] = {STR_INIT("HTTP/1.1\r\n\r\n"),
	    STR_INIT("HTTP/1.1 \r\n\r\n"), STR_INIT("HTTP/1.1 20\r\n\r\n"),
	    STR_INIT("HTTP/1.1 2000 OK\r\n\r\n"), STR_INIT("HTTP/1.1 099 X\r\n\r\n"),
	    STR_INIT("HTTP/1.1 +20 X\r\n\r\n"), STR_INIT("HTTP/1.1 20x X\r\n\r\n"),
	    STR_INIT("HTTP/1.1  200 OK\r\n\r\n"), STR_INIT("HTTP/1.1\t200 OK\r\n\r\n"),
	    STR_INIT("HTTP/1.1 200\tOK\r\n\r\n"), STR_INIT("HTTP/1.1 200 O\rK\r\n\r\n"),
	    STR_INIT("HTTP/1.1 200 O\0K\r\n\r\n"), STR_INIT("HTTP/2.0 200 OK\r\n\r\n"),
	    STR_INIT("http/1.1 200 OK\r\n\r\n"), STR_INIT("ICY 200 OK\r\n\r\n"),
	    STR_INIT("HTTP/1.1 200 OK\r\nX : y\r\n\r\n"),
	    STR_INIT("HTTP/1.1 200 OK\r\n: y\r\n\r\n"),
	    STR_INIT("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"),
	    STR_INIT("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"), STR_INIT("GET / HTTP/1.1\r\n\r\n")};
	struct head h;

	(void)state;
	arena_init(&arena, memory, sizeof(memory), 0);
	for (size_t i = 0; i < nelem(bad); i++) {
		struct str s = exact(bad[i]);

		if (h1_parse_response(s, &arena, &h) != FAULT_http_protocol_error)
			fail_msg("accepted: %.*s", STR_FMT(bad[i]));
		free((void *)(uintptr_t)s.p);
	}
}

static void
measures_and_parses_trailers(void **state)
{
	static const struct str bad[] = {STR_INIT("a: b\r\n"), STR_INIT("a : b\r\n\r\n"),
	    STR_INIT("\r\n\r\n"), STR_INIT("a: b\r\n c\r\n\r\n"), STR_INIT(": b\r\n\r\n"),
	    STR_INIT("")};
	const struct str s = STR("grpc-status: 0\r\nX: y\r\n\r\nGET ");
	enum fault fault;
	struct fields f;
	size_t scanned = 0, size;

	(void)state;
	arena_init(&arena, memory, sizeof(memory), 0);
	size = h1_trailer_size(s, &scanned, &fault);
	assert_int_equal(size, s.len - strlen("GET "));
	assert_int_equal(h1_parse_trailers(str_of(s.p, size), &arena, &f), FAULT_none);
	assert_true(f.n == 2 && str_eq(field_value(&f.v[0]), STR("0")));
	scanned = 0;
	assert_int_equal(h1_trailer_size(STR("\r"), &scanned, &fault), 0);
	assert_int_equal(fault, FAULT_none);
	assert_int_equal(h1_trailer_size(STR("\r\nGET"), &scanned, &fault), 2);
	assert_int_equal(h1_parse_trailers(STR("\r\n"), &arena, &f), FAULT_none);
	assert_int_equal(f.n, 0);
	scanned = 0;
	assert_int_equal(h1_trailer_size(STR("a: b\n"), &scanned, &fault), 0);
	assert_int_equal(fault, FAULT_http_request_error);
	for (size_t i = 0; i < nelem(bad); i++)
		assert_int_equal(h1_parse_trailers(bad[i], &arena, &f), FAULT_http_request_error);
}

static void
bounds_trailers(void **state)
{
	static char text[H1_TRAILER_MAX + 1];
	size_t scanned = 0;
	enum fault fault;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text + H1_TRAILER_MAX - 4, "\r\n\r\n", 4);
	assert_int_equal(
	    h1_trailer_size(str_of(text, H1_TRAILER_MAX), &scanned, &fault), H1_TRAILER_MAX);
	scanned = 0;
	memcpy(text + H1_TRAILER_MAX - 4, "a\r\n\r\n", 5);
	assert_int_equal(h1_trailer_size(str_of(text, sizeof(text)), &scanned, &fault), 0);
	assert_int_equal(fault, FAULT_header_too_large);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(measures_a_head_however_it_comes),
	    cmocka_unit_test(refuses_bare_lf_at_once),
	    cmocka_unit_test(refuses_what_cannot_be_http_at_once),
	    cmocka_unit_test(bounds_a_head),
	    cmocka_unit_test(parses_a_request),
	    cmocka_unit_test(refuses_malformed_request_lines),
	    cmocka_unit_test(judges_versions),
	    cmocka_unit_test(refuses_malformed_field_lines),
	    cmocka_unit_test(refuses_an_empty_name__cve_2023_25725),
	    cmocka_unit_test(refuses_controls_in_names_and_values__cve_2023_27491),
	    cmocka_unit_test(refuses_line_folding),
	    cmocka_unit_test(takes_names_for_tokens_byte_by_byte),
	    cmocka_unit_test(wants_exactly_one_host),
	    cmocka_unit_test(holds_host_and_absolute_form_together),
	    cmocka_unit_test(bounds_targets_and_fields__cve_2021_40346),
	    cmocka_unit_test(keeps_the_length_of_a_long_name__cve_2021_40346),
	    cmocka_unit_test(says_so_when_the_arena_is_full),
	    cmocka_unit_test(parses_responses),
	    cmocka_unit_test(refuses_malformed_responses),
	    cmocka_unit_test(measures_and_parses_trailers),
	    cmocka_unit_test(bounds_trailers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
