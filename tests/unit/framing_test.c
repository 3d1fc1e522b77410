#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http/framing.h"
#include "http/h1_parse.h"

static char memory[16 * 1024];
static struct arena arena;

/* A head of this start line and these field lines, through the parser. */
static struct head
parsed(const char *start, const char *fields)
{
	enum fault fault;
	struct head h;
	char *text;

	arena_init(&arena, memory, sizeof(memory), 0);
	text = arena_printf(&arena, "%s\r\n%s\r\n", start, fields);
	assert_non_null(text);
	if (text[0] == 'H' && text[1] == 'T')
		fault = h1_parse_response(str_from(text), &arena, &h);
	else
		fault = h1_parse_request(str_from(text), &arena, &h);
	assert_int_equal(fault, FAULT_none);
	return h;
}

static enum fault
request(const char *fields, struct framing *f)
{
	struct head h = parsed("POST / HTTP/1.1\r\nHost: a", fields);

	return framing_request(&h, f);
}

static enum fault
request_10(const char *fields, struct framing *f)
{
	struct head h = parsed("POST / HTTP/1.0", fields);

	return framing_request(&h, f);
}

static void
refuse_all(const char *const *fields, size_t n, enum fault want)
{
	struct framing f;

	for (size_t i = 0; i < n; i++)
		if (request(fields[i], &f) != want)
			fail_msg("not refused so: %s", fields[i]);
}
#define REFUSE(want, ...)                                                                          \
	do {                                                                                       \
		static const char *const fields[] = {__VA_ARGS__};                                 \
		refuse_all(fields, nelem(fields), FAULT_##want);                                   \
	} while (0)

static void
frames_requests(void **state)
{
	struct framing f;

	(void)state;
	assert_int_equal(request("", &f), FAULT_none);
	assert_true(f.kind == BODY_NONE && f.keep_alive && !f.upgrade && !f.expect_continue);
	assert_int_equal(request("Content-Length: 0\r\n", &f), FAULT_none);
	assert_true(f.kind == BODY_NONE && f.length == 0);
	assert_int_equal(request("content-length:  0042 \r\n", &f), FAULT_none);
	assert_true(f.kind == BODY_LENGTH && f.length == 42);
	assert_int_equal(request("Content-Length: 9223372036854775807\r\n", &f), FAULT_none);
	assert_true(f.length == INT64_MAX);
	assert_int_equal(request("Transfer-Encoding: chunked\r\n", &f), FAULT_none);
	assert_true(f.kind == BODY_CHUNKED && f.length == 0);
	assert_int_equal(request("TRANSFER-ENCODING:\tChUnKeD\t\r\n", &f), FAULT_none);
	assert_true(f.kind == BODY_CHUNKED);
}

static void
refuses_content_length_with_chunked(void **state)
{
	(void)state;
	REFUSE(http_request_error, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
	    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
	    "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
	    "Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
	    "Transfer-Encoding:\r\nContent-Length: 5\r\n");
}

static void
refuses_a_malformed_content_length__cve_2023_40225(void **state)
{
	(void)state;
	REFUSE(http_request_error, "Content-Length:\r\n", "Content-Length: \r\n",
	    "Content-Length: +5\r\n", "Content-Length: -5\r\n", "Content-Length: -0\r\n",
	    "Content-Length: 0x5\r\n", "Content-Length: 5 5\r\n", "Content-Length: 5;\r\n",
	    "Content-Length: 5.0\r\n", "Content-Length: 5e1\r\n", "Content-Length: \"5\"\r\n",
	    "Content-Length: 1_000\r\n", "Content-Length: \xd9\xa5\r\n", "Content-Length: five\r\n",
	    "Content-Length: 5,\r\n", "Content-Length: ,5\r\n");
}

static void
refuses_several_content_lengths_even_the_same(void **state)
{
	(void)state;
	REFUSE(http_request_error, "Content-Length: 5\r\nContent-Length: 6\r\n",
	    "Content-Length: 5\r\nContent-Length: 5\r\n",
	    "Content-Length: 5\r\nX: y\r\ncontent-length: 5\r\n", "Content-Length: 5, 5\r\n",
	    "Content-Length: 5, 6\r\n", "Content-Length: 5\r\nContent-Length:\r\n");
}

static void
refuses_lengths_that_wrap__cve_2021_40346_class(void **state)
{
	(void)state;
	REFUSE(http_request_error, "Content-Length: 9223372036854775808\r\n",
	    "Content-Length: 18446744073709551615\r\n", "Content-Length: 18446744073709551616\r\n",
	    "Content-Length: 18446744073709551621\r\n",
	    "Content-Length: 99999999999999999999999999\r\n",
	    "Content-Length: 00000000000000000005\r\n");
}

static void
refuses_transfer_codings_but_chunked(void **state)
{
	(void)state;
	REFUSE(not_implemented, "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: identity\r\n",
	    "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: gzip;a=b , chunked\r\n",
	    "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: chunkedx\r\n");
	REFUSE(http_request_error, "Transfer-Encoding:\r\n",
	    "Transfer-Encoding: chunked, chunked\r\n", "Transfer-Encoding: chunked, gzip\r\n",
	    "Transfer-Encoding: chunked,\r\n", "Transfer-Encoding: , chunked\r\n",
	    "Transfer-Encoding: chunked;a=b\r\n", "Transfer-Encoding: \"chunked\"\r\n",
	    "Transfer-Encoding: gzip chunked\r\n", "Transfer-Encoding: chunked\xff\r\n",
	    "Transfer-Encoding: \xa0"
	    "chunked\r\n",
	    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
	    "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
	    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n");
}

static void
refuses_transfer_encoding_in_http_10(void **state)
{
	struct framing f;

	(void)state;
	assert_int_equal(
	    request_10("Transfer-Encoding: chunked\r\n", &f), FAULT_http_request_error);
	assert_int_equal(request_10("Connection: keep-alive\r\nTransfer-Encoding: gzip\r\n", &f),
	    FAULT_http_request_error);
	assert_int_equal(request_10("Content-Length: 5\r\n", &f), FAULT_none);
	assert_true(f.kind == BODY_LENGTH && !f.keep_alive);
}

static void
keeps_alive_by_version_and_connection(void **state)
{
	struct framing f;

	(void)state;
	assert_int_equal(request("Connection: close\r\n", &f), FAULT_none);
	assert_false(f.keep_alive);
	assert_int_equal(request("Connection: x, CLOSE ,y\r\n", &f), FAULT_none);
	assert_false(f.keep_alive);
	assert_int_equal(
	    request("Connection: keep-alive\r\nConnection: close\r\n", &f), FAULT_none);
	assert_false(f.keep_alive);
	assert_int_equal(request("Connection: closed\r\n", &f), FAULT_none);
	assert_true(f.keep_alive);
	assert_int_equal(request("Connection:\r\n", &f), FAULT_none);
	assert_true(f.keep_alive);
	assert_int_equal(request("Connection: , ,Keep-Alive,\r\n", &f), FAULT_none);
	assert_true(f.keep_alive);
	assert_int_equal(request_10("", &f), FAULT_none);
	assert_false(f.keep_alive);
	assert_int_equal(request_10("Connection: Keep-Alive\r\n", &f), FAULT_none);
	assert_true(f.keep_alive);
	assert_int_equal(request_10("Proxy-Connection: keep-alive\r\n", &f), FAULT_none);
	assert_false(f.keep_alive);
	assert_int_equal(request_10("Connection: keep-alive, close\r\n", &f), FAULT_none);
	assert_false(f.keep_alive);
	REFUSE(http_request_error, "Connection: a b\r\n", "Connection: close;x\r\n",
	    "Connection: \"close\"\r\n", "Connection: a, b=c\r\n");
}

static bool
upgrades(const char *start, const char *fields)
{
	struct head h = parsed(start, fields);
	struct framing f;

	assert_int_equal(framing_request(&h, &f), FAULT_none);
	return f.upgrade;
}

static void
upgrades_only_a_bare_get_that_names_it(void **state)
{
	const char *get = "GET / HTTP/1.1\r\nHost: a";

	(void)state;
	assert_true(upgrades(get, "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
	assert_true(upgrades(get, "Connection: keep-alive, upgrade\r\nUpgrade: a/1.0, b\r\n"));
	assert_false(upgrades(get, "Upgrade: websocket\r\n"));
	assert_false(upgrades(get, "Connection: Upgrade\r\n"));
	assert_false(upgrades(get, "Connection: Upgrade\r\nUpgrade:\r\n"));
	assert_false(upgrades(get, "Connection: Upgrade\r\nUpgrade: a b\r\n"));
	assert_false(upgrades(get, "Connection: Upgrade\r\nUpgrade: a/\r\n"));
	assert_false(upgrades(get, "Connection: Upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n"));
	assert_false(
	    upgrades(get, "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n"));
	assert_false(upgrades(
	    "POST / HTTP/1.1\r\nHost: a", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
	assert_false(upgrades("GET / HTTP/1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
}

static void
never_upgrades_to_http_itself__h2c_smuggling(void **state)
{
	const char *get = "GET / HTTP/1.1\r\nHost: a";
	struct hop_fields hop;
	struct head h;

	(void)state;
	assert_false(upgrades(get, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
				   "HTTP2-Settings: AAMAAABk\r\n"));
	assert_false(upgrades(get, "Connection: Upgrade\r\nUpgrade: H2C\r\n"));
	assert_false(upgrades(get, "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n"));
	assert_false(upgrades(get, "Connection: Upgrade\r\nUpgrade: h2c/1, websocket\r\n"));
	assert_false(upgrades(get, "Connection: Upgrade\r\nUpgrade: HTTP/2.0\r\n"));
	h = parsed(get, "HTTP2-Settings: AAMAAABk\r\nUpgrade: h2c\r\n");
	assert_int_equal(framing_hop_begin(&h, &hop), FAULT_none);
	assert_true(framing_is_hop(&hop, fields_find(&h.fields, FIELD_HTTP2_SETTINGS)));
	assert_true(framing_is_hop(&hop, fields_find(&h.fields, FIELD_UPGRADE)));
}

static void
takes_one_expectation(void **state)
{
	struct framing f;

	(void)state;
	assert_int_equal(request("Expect: 100-Continue\r\nContent-Length: 5\r\n", &f), FAULT_none);
	assert_true(f.expect_continue);
	assert_int_equal(request("Expect: 100-continue\r\n", &f), FAULT_none);
	assert_false(f.expect_continue);
	assert_int_equal(
	    request_10("Expect: 100-continue\r\nContent-Length: 5\r\n", &f), FAULT_none);
	assert_false(f.expect_continue);
	REFUSE(expectation_failed, "Expect:\r\n", "Expect: 100-continue-not\r\n",
	    "Expect: y 100-continue\r\n", "Expect: 100-continue, 100-continue\r\n",
	    "Expect: 100-continue\r\nExpect: 100-continue\r\n", "Expect: 200-ok\r\n");
}

static enum fault
response(const char *start, const char *fields, enum method asked, struct framing *f)
{
	struct head h = parsed(start, fields);

	return framing_response(&h, asked, false, f);
}

static void
frames_responses(void **state)
{
	const char *ok = "HTTP/1.1 200 OK";
	struct framing f;

	(void)state;
	assert_int_equal(response(ok, "Content-Length: 5\r\n", METHOD_GET, &f), FAULT_none);
	assert_true(f.kind == BODY_LENGTH && f.length == 5 && f.keep_alive);
	assert_int_equal(response(ok, "Content-Length: 0\r\n", METHOD_GET, &f), FAULT_none);
	assert_true(f.kind == BODY_NONE && f.keep_alive);
	assert_int_equal(
	    response(ok, "Transfer-Encoding: chunked\r\n", METHOD_GET, &f), FAULT_none);
	assert_true(f.kind == BODY_CHUNKED && f.keep_alive);
	assert_int_equal(response(ok, "Connection: keep-alive\r\n", METHOD_GET, &f), FAULT_none);
	assert_true(f.kind == BODY_CLOSE && !f.keep_alive);
	assert_int_equal(
	    response("HTTP/1.0 200 OK", "Content-Length: 5\r\n", METHOD_GET, &f), FAULT_none);
	assert_true(f.kind == BODY_LENGTH && !f.keep_alive);
	assert_int_equal(response("HTTP/1.0 200 OK",
			     "Connection: keep-alive\r\nContent-Length: 5\r\n", METHOD_GET, &f),
	    FAULT_none);
	assert_true(f.keep_alive);
	assert_int_equal(
	    response(ok, "Connection: close\r\nContent-Length: 5\r\n", METHOD_GET, &f), FAULT_none);
	assert_false(f.keep_alive);
	assert_int_equal(
	    response("HTTP/1.1 205 R", "Content-Length: 0\r\n", METHOD_GET, &f), FAULT_none);
	assert_true(f.kind == BODY_NONE && f.keep_alive);
}

static void
gives_no_body_to_what_has_none_by_its_nature(void **state)
{
	static const char *const starts[] = {"HTTP/1.1 204 No Content", "HTTP/1.1 304 Not Modified",
	    "HTTP/1.1 100 Continue", "HTTP/1.1 103 Early Hints", "HTTP/1.1 199 X"};
	struct framing f;

	(void)state;
	for (size_t i = 0; i < nelem(starts); i++) {
		assert_int_equal(response(starts[i], "", METHOD_GET, &f), FAULT_none);
		assert_true(f.kind == BODY_NONE && f.keep_alive);
		assert_int_equal(
		    response(starts[i], "Content-Length: 5\r\n", METHOD_GET, &f), FAULT_none);
		assert_true(f.kind == BODY_NONE && f.length == 0);
		assert_int_equal(response(starts[i], "Content-Length: 5, 5\r\n", METHOD_GET, &f),
		    FAULT_http_protocol_error);
		assert_int_equal(
		    response(starts[i], "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
			METHOD_GET, &f),
		    FAULT_http_protocol_error);
	}
	assert_int_equal(
	    response("HTTP/1.1 200 OK", "Content-Length: 5\r\n", METHOD_HEAD, &f), FAULT_none);
	assert_true(f.kind == BODY_NONE && f.length == 0 && f.keep_alive);
	assert_int_equal(response("HTTP/1.1 200 OK", "", METHOD_HEAD, &f), FAULT_none);
	assert_true(f.kind == BODY_NONE && f.keep_alive);
}

static void
does_not_trust_upstreams_with_framing(void **state)
{
	static const char *const bad[] = {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
	    "Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: +5\r\n",
	    "Content-Length:\r\n", "Content-Length: 9223372036854775808\r\n",
	    "Transfer-Encoding: chunked, chunked\r\n", "Transfer-Encoding:\r\n",
	    "Connection: a b\r\n"};
	const char *ok = "HTTP/1.1 200 OK";
	struct framing f;

	(void)state;
	for (size_t i = 0; i < nelem(bad); i++)
		assert_int_equal(response(ok, bad[i], METHOD_GET, &f), FAULT_http_protocol_error);
	assert_int_equal(response(ok, "Transfer-Encoding: gzip, chunked\r\n", METHOD_GET, &f),
	    FAULT_http_response_transfer_coding);
	assert_int_equal(
	    response("HTTP/1.0 200 OK", "Transfer-Encoding: chunked\r\n", METHOD_GET, &f),
	    FAULT_http_protocol_error);
}

static void
switches_only_when_asked_and_told__cve_2024_23326(void **state)
{
	const char *told = "Connection: upgrade\r\nUpgrade: websocket\r\n";
	struct framing f;
	struct head h;

	(void)state;
	h = parsed("HTTP/1.1 101 Switching Protocols", told);
	assert_int_equal(framing_response(&h, METHOD_GET, true, &f), FAULT_none);
	assert_true(f.upgrade && f.kind == BODY_NONE);
	assert_int_equal(framing_response(&h, METHOD_GET, false, &f), FAULT_http_upgrade_failed);
	h = parsed("HTTP/1.1 101 Switching Protocols", "");
	assert_int_equal(framing_response(&h, METHOD_GET, true, &f), FAULT_http_upgrade_failed);
	h = parsed("HTTP/1.1 101 Switching Protocols", "Connection: upgrade\r\nUpgrade: h2c\r\n");
	assert_int_equal(framing_response(&h, METHOD_GET, true, &f), FAULT_http_upgrade_failed);
	h = parsed("HTTP/1.1 200 OK", told); /* declined: no switch, and its own framing */
	assert_int_equal(framing_response(&h, METHOD_GET, true, &f), FAULT_none);
	assert_true(!f.upgrade && f.kind == BODY_CLOSE);
}

static bool
is_hop(const char *connection, const char *name)
{
	char fields[256];
	struct hop_fields hop;
	struct head h;

	snprintf(fields, sizeof(fields), "%s%s: 1\r\n", connection, name);
	h = parsed("HTTP/1.1 200 OK", fields);
	assert_int_equal(framing_hop_begin(&h, &hop), FAULT_none);
	return framing_is_hop(&hop, &h.fields.v[h.fields.n - 1]);
}

static void
stops_what_belongs_to_one_connection(void **state)
{
	static const char *const hop[] = {"Connection", "Keep-Alive", "Proxy-Connection", "TE",
	    "Transfer-Encoding", "Upgrade", "HTTP2-Settings", "hTTp2-settings"};
	static const char *const end_to_end[] = {"Host", "Content-Length", "Trailer", "Cookie",
	    "Proxy-Authenticate", "Proxy-Authorization", "Authorization", "X", "Close", "Expect"};

	(void)state;
	for (size_t i = 0; i < nelem(hop); i++)
		assert_true(is_hop("", hop[i]));
	for (size_t i = 0; i < nelem(end_to_end); i++)
		assert_false(is_hop("", end_to_end[i]));
}

static void
stops_what_connection_nominates(void **state)
{
	(void)state;
	assert_true(is_hop("Connection: foo\r\n", "Foo"));
	assert_true(is_hop("Connection: close, foo\r\nConnection: Bar\r\n", "bar"));
	assert_true(is_hop("Connection: a,,b , Cookie\r\n", "Cookie"));
	assert_true(is_hop("Connection: Authorization\r\n", "authorization"));
	assert_false(is_hop("Connection: foo\r\n", "food"));
	assert_false(is_hop("Connection: foo\r\n", "fo"));
	assert_false(is_hop("Connection: close\r\n", "close"));
}

static void
lets_connection_nominate_neither_host_nor_framing_nor_proof(void **state)
{
	static const char *const kept[] = {"Host", "Content-Length", "Forwarded", "X-Forwarded-For",
	    "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix",
	    "X-Real-IP", "X-Request-Id"};
	char connection[64];

	(void)state;
	for (size_t i = 0; i < nelem(kept); i++) {
		snprintf(connection, sizeof(connection), "Connection: %s\r\n", kept[i]);
		assert_false(is_hop(connection, kept[i]));
		snprintf(connection, sizeof(connection), "Connection: a, %s\r\n", kept[i]);
		assert_false(is_hop(connection, kept[i]));
	}
}

static void
refuses_more_nominations_than_it_keeps(void **state)
{
	static const char *const bad[] = {"Connection: a,b,c,d,e,f,g,h,i\r\n",
	    "Connection: a,b,c,d,e,f,g,h\r\nConnection: i\r\n", "Connection: a b\r\n",
	    "Connection: x y, z\r\n", "Connection: \xe9\r\n"};
	struct hop_fields hop;
	struct head h;

	(void)state;
	for (size_t i = 0; i < nelem(bad); i++) {
		h = parsed("GET / HTTP/1.0", bad[i]);
		assert_int_equal(framing_hop_begin(&h, &hop), FAULT_http_request_error);
		h = parsed("HTTP/1.1 200 OK", bad[i]);
		assert_int_equal(framing_hop_begin(&h, &hop), FAULT_http_protocol_error);
	}
	h = parsed("GET / HTTP/1.0", "Connection: a,b,c,d,e,f,g,h,close,te,upgrade\r\n");
	assert_int_equal(framing_hop_begin(&h, &hop), FAULT_none);
	assert_int_equal(hop.n, 8);
}

static void
passes_only_harmless_trailers(void **state)
{
	static const char *const refused[] = {"Host", "Content-Length", "Transfer-Encoding",
	    "Trailer", "TE", "Connection", "Upgrade", "Expect", "Cookie", "Set-Cookie",
	    "Authorization", "Proxy-Authorization", "WWW-Authenticate", "Cache-Control",
	    "Content-Type", "Content-Encoding", "content-range", "Range", "If-Match", "Location",
	    "Max-Forwards", "X-Forwarded-For", "X-Forwarded-Prefix", "Forwarded", "X-Request-Id",
	    "Date", "Retry-After", "Vary"};
	static const char *const passed[] = {"grpc-status", "grpc-message", "Digest", "ETag",
	    "Server-Timing", "Proxy-Status", "X-Checksum"};
	char fields[64];
	struct head h;

	(void)state;
	for (size_t i = 0; i < nelem(refused) + nelem(passed); i++) {
		bool pass = i >= nelem(refused);

		snprintf(fields, sizeof(fields), "%s: 1\r\n",
		    pass ? passed[i - nelem(refused)] : refused[i]);
		h = parsed("HTTP/1.1 200 OK", fields);
		if (framing_trailer_allowed(&h.fields.v[0]) != pass)
			fail_msg("%s", fields);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_requests),
	    cmocka_unit_test(refuses_content_length_with_chunked),
	    cmocka_unit_test(refuses_a_malformed_content_length__cve_2023_40225),
	    cmocka_unit_test(refuses_several_content_lengths_even_the_same),
	    cmocka_unit_test(refuses_lengths_that_wrap__cve_2021_40346_class),
	    cmocka_unit_test(refuses_transfer_codings_but_chunked),
	    cmocka_unit_test(refuses_transfer_encoding_in_http_10),
	    cmocka_unit_test(keeps_alive_by_version_and_connection),
	    cmocka_unit_test(upgrades_only_a_bare_get_that_names_it),
	    cmocka_unit_test(never_upgrades_to_http_itself__h2c_smuggling),
	    cmocka_unit_test(takes_one_expectation),
	    cmocka_unit_test(frames_responses),
	    cmocka_unit_test(gives_no_body_to_what_has_none_by_its_nature),
	    cmocka_unit_test(does_not_trust_upstreams_with_framing),
	    cmocka_unit_test(switches_only_when_asked_and_told__cve_2024_23326),
	    cmocka_unit_test(stops_what_belongs_to_one_connection),
	    cmocka_unit_test(stops_what_connection_nominates),
	    cmocka_unit_test(lets_connection_nominate_neither_host_nor_framing_nor_proof),
	    cmocka_unit_test(refuses_more_nominations_than_it_keeps),
	    cmocka_unit_test(passes_only_harmless_trailers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
