/* The codec as a whole. A row is what a peer sends and what an owner sees of it; each is fed at
 * once, byte by byte, and in pieces by chance: that must make no difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "h1_rig.h"

#include "http/h1_parts.h"

enum { SEEDS = 25 };

#define OK_WORDS "HTTP/1.1 200 OK\r\n"

struct row {
	const char *in, *log, *out;
	bool ends;
	enum fault fault; /* of the codec */
};

static struct head answer = {.status = 200, .reason = STR_INIT("OK")};
static struct head ask = {
    .method = METHOD_GET, .method_text = STR_INIT("GET"), .path = STR_INIT("/"), .minor = 1};

static void
check(enum side side, const struct row *row, size_t piece, uint32_t seed)
{
	struct h1_rig r;

	rig_open(&r, side, str_from(row->in));
	r.piece = piece;
	r.seed = seed;
	r.in_ends = row->ends;
	if (side == SIDE_CLIENT)
		r.answer = &answer;
	else
		assert_non_null(rig_ask(&r, &ask, false));
	rig_run(&r);
	assert_string_equal(r.log.p, row->log);
	if (row->out != NULL)
		assert_string_equal(r.out.p, row->out);
	assert_int_equal(r.codec->fault, row->fault);
	rig_close(&r);
}

static void
check_all(enum side side, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		check(side, &rows[i], 0, 0);
		for (size_t piece = 1; piece <= 3; piece++)
			check(side, &rows[i], piece, 0);
		for (uint32_t seed = 1; seed <= SEEDS; seed++)
			check(side, &rows[i], 0, seed);
	}
}

static void
requests_come_out_whatever_the_pieces(void **state)
{
	static const struct row rows[] = {
	    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / Host=a\n", OK_WORDS "\r\n", false,
		FAULT_none},
	    /* one after the other, in order, two of them with bodies that look like requests */
	    {"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
	     "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\nGET /x HTTP/1.1\r\n\r"
	     "PUT /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	     "5;x=y\r\nGET /\r\n0a\r\n0123456789\r\n0\r\nT: 1\r\nU: 2\r\n\r\n"
	     "GET /4 HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /1 Host=a\n"
		"POST /2 Host=a Content-Length=18 [GET /x HTTP/1.1\r\n\r]\n"
		"PUT /3 Host=a Transfer-Encoding=chunked [GET /0123456789] / T=1 U=2\n"
		"GET /4 Host=a\n",
		OK_WORDS "\r\n" OK_WORDS "\r\n" OK_WORDS "\r\n" OK_WORDS "\r\n", false, FAULT_none},
	    /* an empty line before a request line (RFC 9112 section 2.2) */
	    {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / Host=a\nGET /2 Host=a\n", OK_WORDS "\r\n" OK_WORDS "\r\n", false,
		FAULT_none},
	    {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"PUT / Host=a Transfer-Encoding=chunked\n", OK_WORDS "\r\n", false, FAULT_none},
	};

	(void)state;
	check_all(SIDE_CLIENT, rows, nelem(rows));
}

static void
the_conn_is_kept_as_both_sides_say(void **state)
{
	static const struct row rows[] = {
	    /* nothing behind the last message is looked at */
	    {"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	     "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /1 Host=a Connection=close (close)\n", OK_WORDS "Connection: close\r\n\r\n",
		false, FAULT_none},
	    {"GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /1 (close)\n",
		OK_WORDS "Connection: close\r\n\r\n", false, FAULT_none},
	    /* 1.0 may ask to go on, and is told */
	    {"GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
		"GET /1 Connection=keep-alive\nGET /2 (close)\n",
		OK_WORDS "Connection: keep-alive\r\n\r\n" OK_WORDS "Connection: close\r\n\r\n",
		false, FAULT_none},
	};

	(void)state;
	check_all(SIDE_CLIENT, rows, nelem(rows));
}

/* Each ends the conn; the good one before it is answered, nothing behind it is looked at. */
static void
a_bad_request_is_a_stream_with_a_fault(void **state)
{
	static const struct {
		const char *bad, *log;
		enum fault fault;
	} bads[] = {
	    {"GET / HTTP/1.1\r\n\r\n", "!http_request_error\n", FAULT_http_request_error},
	    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "!http_request_error\n",
		FAULT_http_request_error},
	    {"GET / HTTP/1.1\nHost: a\n\n", "!http_request_error\n", FAULT_http_request_error},
	    {"\x16\x03\x01\x02", "!http_request_error\n", FAULT_http_request_error},
	    {"\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "!http_request_error\n",
		FAULT_http_request_error},
	    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
	     "chunked\r\n\r\n",
		"GET / Host=a Content-Length=1 Transfer-Encoding=chunked !http_request_error\n",
		FAULT_http_request_error},
	    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"GET / Host=a Transfer-Encoding=gzip, chunked !not_implemented\n",
		FAULT_not_implemented},
	    {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "!version_unsupported\n",
		FAULT_version_unsupported},
	    {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcdeX\r\n",
		"PUT / Host=a Transfer-Encoding=chunked !http_request_error\n",
		FAULT_http_request_error},
	    {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nbad\r\n\r\n",
		"PUT / Host=a Transfer-Encoding=chunked !http_request_error\n",
		FAULT_http_request_error},
	};

	(void)state;
	for (size_t i = 0; i < nelem(bads); i++) {
		char in[512], log[512];
		struct row row = {in, log, NULL, false, bads[i].fault};

		(void)snprintf(in, sizeof(in), "%s%s%s", "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n",
		    bads[i].bad, "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n");
		(void)snprintf(log, sizeof(log), "GET /ok Host=a\n%s", bads[i].log);
		check_all(SIDE_CLIENT, &row, 1);
	}
}

static void
a_request_that_is_cut_ends_as_that(void **state)
{
	static const struct row rows[] = {
	    {"", "", "", true, FAULT_client_gone},
	    {"GET / HT", "", "", true, FAULT_client_gone},
	    {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",
		"PUT / Host=a Content-Length=3 !client_gone\n", "", true, FAULT_client_gone},
	    {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
		"PUT / Host=a Transfer-Encoding=chunked !client_gone\n", "", true,
		FAULT_client_gone},
	    /* a half-close behind whole requests: both are answered */
	    {"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /1 Host=a\nGET /2 Host=a\n", OK_WORDS "\r\n" OK_WORDS "\r\n", true,
		FAULT_client_gone},
	};

	(void)state;
	check_all(SIDE_CLIENT, rows, nelem(rows));
}

static void
responses_come_out_whatever_the_pieces(void **state)
{
	static const struct row rows[] = {
	    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "200 Content-Length=3 [abc]\n",
		"GET / HTTP/1.1\r\n\r\n", false, FAULT_none},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n"
	     "X: y\r\n\r\n",
		"200 Transfer-Encoding=chunked [abcd] / X=y\n", NULL, false, FAULT_none},
	    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
	     "HTTP/1.1 204 No\r\n\r\n",
		"100\n103 Link=x\n204\n", NULL, false, FAULT_none},
	    {"HTTP/1.1 200 OK\r\n\r\nuntil the end", "200 [until the end] (close)\n", NULL, true,
		FAULT_none},
	    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "200 Content-Length=1 [a] (close)\n",
		NULL, true, FAULT_none},
	    /* cut, bad, silent */
	    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
		"200 Content-Length=3 !http_response_incomplete\n", NULL, true,
		FAULT_http_response_incomplete},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
		"200 Transfer-Encoding=chunked !http_response_incomplete\n", NULL, true,
		FAULT_http_response_incomplete},
	    {"HTTP/1.1 200 OK\r\nConte", "!http_response_incomplete\n", NULL, true,
		FAULT_http_response_incomplete},
	    {"", "!connection_terminated\n", NULL, true, FAULT_connection_terminated},
	    {"HTTP/1.1 2000 OK\r\n\r\n", "!http_protocol_error\n", NULL, false,
		FAULT_http_protocol_error},
	    {"SSH-2.0-OpenSSH\r\n\r\n", "!http_protocol_error\n", NULL, false,
		FAULT_http_protocol_error},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
		"200 Transfer-Encoding=chunked !http_protocol_error\n", NULL, false,
		FAULT_http_protocol_error},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"!http_response_transfer_coding\n", NULL, false,
		FAULT_http_response_transfer_coding},
	    {"HTTP/1.1 101 Switch\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
		"!http_upgrade_failed\n", NULL, false, FAULT_http_upgrade_failed},
	};

	(void)state;
	check_all(SIDE_UPSTREAM, rows, nelem(rows));
}

static void
only_a_clean_end_keeps_an_upstream(void **state)
{
	static const struct {
		const char *in;
		bool kept;
	} rows[] = {
	    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", true},
	    {"HTTP/1.1 304 Same\r\n\r\n", true},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na", false},
	    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", false},
	    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\na", true},
	    /* bytes that nobody asked for, behind the answer */
	    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n", false},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na\r\n", false},
	};
	struct h1_rig r;

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++)
		for (size_t piece = 0; piece < 2; piece++) {
			rig_open(&r, SIDE_UPSTREAM, str_from(rows[i].in));
			r.piece = piece;
			assert_non_null(rig_ask(&r, &ask, false));
			rig_run(&r);
			assert_null(r.stream);
			assert_int_equal(r.streams_seen, 1);
			assert_int_equal(r.codec->done, !rows[i].kept);
			assert_int_equal(rig_ask(&r, &ask, false) != NULL, rows[i].kept);
			rig_close(&r);
		}
}

static void
an_idle_upstream_that_speaks_or_ends_is_over(void **state)
{
	struct h1_rig r;

	(void)state;
	for (unsigned ends = 0; ends < 2; ends++) {
		rig_open(&r, SIDE_UPSTREAM, ends ? STR("") : STR("HTTP/1.1 408 Idle\r\n\r\n"));
		r.in_ends = ends;
		rig_run(&r);
		assert_true(r.codec->done);
		assert_int_equal(
		    r.codec->fault, ends ? FAULT_connection_terminated : FAULT_http_protocol_error);
		assert_null(rig_ask(&r, &ask, false));
		rig_close(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(requests_come_out_whatever_the_pieces),
	    cmocka_unit_test(the_conn_is_kept_as_both_sides_say),
	    cmocka_unit_test(a_bad_request_is_a_stream_with_a_fault),
	    cmocka_unit_test(a_request_that_is_cut_ends_as_that),
	    cmocka_unit_test(responses_come_out_whatever_the_pieces),
	    cmocka_unit_test(only_a_clean_end_keeps_an_upstream),
	    cmocka_unit_test(an_idle_upstream_that_speaks_or_ends_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
