/* The codec's other half: what leaves, what waits for room on either side, and in which state a
 * conn is left behind. The owner is the test itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "h1_rig.h"

#include "http/h1_parts.h"

enum { BODIES = 60, BODY = 300 * 1024, INTERIMS = 60, INTERIM = 9000 };

#define GET_11  "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET_10  "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
#define OK_LINE "HTTP/1.1 200 OK\r\n"

static struct head ok = {.status = 200, .reason = STR_INIT("OK")};
static struct head early = {.status = 103, .reason = STR_INIT("Early Hints")};
static struct head ask = {
    .method = METHOD_GET, .method_text = STR_INIT("GET"), .path = STR_INIT("/"), .minor = 1};

static uint64_t
rnd(uint64_t *s, uint64_t n)
{
	uint64_t z = *s += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % n;
}

/* A client that has said this; its first stream is the test's to answer. */
static struct stream *
arrive(struct h1_rig *r, const char *request)
{
	rig_open(r, SIDE_CLIENT, str_from(request));
	r->lazy = true;
	rig_run(r);
	assert_non_null(r->stream);
	return r->stream;
}

static void
body_add(struct h1_rig *r, struct message *out, const char *p, uint32_t len)
{
	struct chunk *c =
	    chunk_take(len <= BUF_SMALL / 2 ? &r->loop->chunks.small : &r->loop->chunks.large);

	memcpy(c->bytes, p, len);
	assert_true(slices_add(&out->body, c, 0, len));
	chunk_unref(c);
}

static void
answer(struct h1_rig *r, enum body_kind kind, uint64_t length, const char *body)
{
	struct message *out = &r->stream->out;

	out->head = &ok;
	out->kind = kind;
	out->length = length;
	if (*body != '\0')
		body_add(r, out, body, (uint32_t)strlen(body));
	out->at = AT_DONE;
	codec_flush(r->codec);
	rig_turn(r);
}

static void
end(struct h1_rig *r, enum fault why)
{
	r->codec->ops->stream_end(&r->stream, why);
	assert_null(r->stream);
}

static void
framing_is_as_the_peer_can_read_it(void **state)
{
	static const struct {
		const char *request, *body, *out;
		enum body_kind kind;
		uint64_t length;
		bool draining, done;
	} rows[] = {
	    {GET_11, "abc", OK_LINE "Content-Length: 3\r\n\r\nabc", BODY_LENGTH, 3, false, false},
	    {GET_11, "", OK_LINE "\r\n", BODY_NONE, 0, false, false},
	    {GET_11, "abc", OK_LINE "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		BODY_CHUNKED, 0, false, false},
	    {GET_11, "abc", OK_LINE "Connection: close\r\n\r\nabc", BODY_CLOSE, 0, false, true},
	    {GET_11, "", OK_LINE "Connection: close\r\n\r\n", BODY_NONE, 0, true, true},
	    /* 1.0 knows no chunks (RFC 9112 section 6.1) */
	    {GET_10, "abc", OK_LINE "Connection: close\r\n\r\nabc", BODY_CHUNKED, 0, false, true},
	    {GET_10, "abc", OK_LINE "Content-Length: 3\r\nConnection: keep-alive\r\n\r\nabc",
		BODY_LENGTH, 3, false, false},
	    {"GET / HTTP/1.0\r\n\r\n", "", OK_LINE "Connection: close\r\n\r\n", BODY_NONE, 0, false,
		true},
	};
	struct h1_rig r;

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		(void)arrive(&r, rows[i].request);
		r.draining = rows[i].draining;
		answer(&r, rows[i].kind, rows[i].length, rows[i].body);
		assert_string_equal(r.out.p, rows[i].out);
		assert_true(r.stream->sent);
		assert_int_equal(r.stream->fault, FAULT_none);
		assert_int_equal(r.stream->out.bytes, strlen(rows[i].body));
		end(&r, FAULT_none);
		assert_int_equal(r.codec->done, rows[i].done);
		assert_false(r.codec->unread);
		rig_close(&r);
	}
}

static void
trailers_follow_the_last_chunk(void **state)
{
	struct h1_rig r;
	struct stream *s = arrive(&r, GET_11);
	struct fields trailers = {.n = 0};

	(void)state;
	assert_true(fields_add(&trailers, s->arena, STR("Sum"), STR("1")));
	s->out.trailers = &trailers;
	answer(&r, BODY_CHUNKED, 0, "0123456789abcdefg");
	assert_string_equal(r.out.p,
	    OK_LINE "Transfer-Encoding: chunked\r\n\r\n11\r\n0123456789abcdefg\r\n"
		    "0\r\nSum: 1\r\n\r\n");
	rig_close(&r);
}

static void
less_than_promised_ends_the_conn(void **state)
{
	struct h1_rig r;

	(void)state;
	(void)arrive(&r, GET_11 GET_11);
	answer(&r, BODY_LENGTH, 4, "abc");
	assert_int_equal(r.stream->fault, FAULT_http_response_incomplete);
	end(&r, FAULT_none);
	assert_true(r.codec->done);
	rig_close(&r);
}

static void
an_answer_before_its_request_is_whole(void **state)
{
	struct h1_rig r;

	(void)state;
	(void)arrive(&r, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
	assert_false(r.codec->quiet);
	answer(&r, BODY_NONE, 0, "");
	assert_true(r.stream->sent);
	end(&r, FAULT_none);
	assert_true(r.codec->done);
	assert_true(r.codec->unread); /* a close now would reset the answer away */
	rig_close(&r);

	/* what came behind a last message is as unread */
	(void)arrive(&r, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nmore");
	assert_true(r.codec->quiet);
	answer(&r, BODY_NONE, 0, "");
	end(&r, FAULT_none);
	assert_true(r.codec->done && r.codec->unread);
	rig_close(&r);
}

/* ---- room ---- */

/* The chunks of what was sent, by a plain reader that trusts nothing; the number of bytes of data.
 */
static size_t
unchunk(char *p, const char *end, const char *want)
{
	size_t len = 0;

	for (;;) {
		char *line_end;
		unsigned long n = strtoul(p, &line_end, 16);

		assert_true(line_end > p && line_end + 2 + n + 2 <= end);
		assert_memory_equal(line_end, "\r\n", 2);
		p = line_end + 2;
		if (n == 0)
			break;
		assert_memory_equal(p, want + len, n);
		assert_memory_equal(p + n, "\r\n", 2);
		p += n + 2;
		len += n;
	}
	assert_memory_equal(p, "\r\n", 3);
	assert_ptr_equal(p + 2, end);
	return len;
}

/* A body in pieces of many sizes to a peer that takes a little at a time. */
static void
send_body(struct h1_rig *r, const char *body, enum body_kind kind, uint64_t seed)
{
	static const uint32_t sizes[] = {8, 200, BUF_COPY, BUF_COPY + 1, 8000, 100000};
	struct message *out = &r->stream->out;
	size_t given = 0;

	out->head = &ok;
	out->kind = kind;
	out->length = BODY;
	out->at = AT_BODY;
	r->out_room = 0;
	while (!r->stream->sent) {
		while (given < BODY && message_room(out) > 0) {
			size_t len = 1 + rnd(&seed, sizes[rnd(&seed, nelem(sizes))]);

			len = len < message_room(out) ? len : message_room(out);
			len = len < BODY - given ? len : BODY - given;
			body_add(r, out, body + given, (uint32_t)len);
			given += len;
			codec_flush(r->codec);
			if (rnd(&seed, 3) == 0)
				rig_turn(r);
		}
		out->full = given < BODY;
		out->at = given == BODY ? AT_DONE : AT_BODY;
		codec_flush(r->codec);
		rig_turn(r);
		assert_true(r->codec->wire.bytes < 3 * STREAM_WINDOW);
		/* mostly stuck, so that queues get as long as they can */
		r->out_room = rnd(&seed, 4) == 0 ? rnd(&seed, 60000) : 0;
		r->conn.may_write = r->out_room > 0;
		loop_ready(r->loop, &r->conn.task);
		rig_turn(r);
	}
}

static void
a_body_arrives_whole_through_any_hole(void **state)
{
	char *body = malloc(BODY);
	struct h1_rig r;

	(void)state;
	for (size_t i = 0; i < BODY; i++)
		body[i] = (char)(i ^ i >> 8 ^ i >> 16);
	for (uint64_t seed = 1; seed <= BODIES; seed++) {
		char *data;

		(void)arrive(&r, GET_11);
		send_body(&r, body, seed % 2 ? BODY_CHUNKED : BODY_LENGTH, seed);
		data = strstr(r.out.p, "\r\n\r\n") + 4;
		if (seed % 2) {
			assert_int_equal(unchunk(data, r.out.p + r.out.len, body), BODY);
		} else {
			assert_int_equal(r.out.p + r.out.len - data, BODY);
			assert_memory_equal(data, body, BODY);
		}
		assert_int_equal(r.stream->out.bytes, BODY);
		rig_close(&r);
	}
	free(body);
}

static void
reading_stops_when_nobody_takes(void **state)
{
	static const char *const heads[] = {
	    "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n",
	    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n"};
	struct rig_text in = {.p = NULL};
	struct h1_rig r;

	(void)state;
	for (size_t i = 0; i < nelem(heads); i++) {
		in.len = 0;
		rig_say(&in, heads[i]);
		for (unsigned k = 0; k < 1 << 20; k++)
			rig_add(&in, "x", 1);
		rig_say(&in, i ? "\r\n0\r\n\r\n" : "");
		rig_open(&r, SIDE_CLIENT, str_of(in.p, in.len));
		r.answer = &ok;
		r.lazy = true;
		rig_run(&r);
		assert_true(r.stream->in.full);
		assert_int_equal(message_room(&r.stream->in), 0);
		assert_true(r.stream->in.body.bytes <= STREAM_WINDOW);
		assert_true(r.in_at <= STREAM_WINDOW + 2 * BUF_LARGE);
		r.lazy = false;
		loop_ready(r.loop, &r.owner); /* takes all: reading goes on */
		rig_run(&r);
		assert_int_equal(r.in_at, in.len);
		assert_null(r.stream);
		assert_int_equal(r.streams_seen, 1);
		assert_non_null(strstr(r.log.p, "xxx]"));
		assert_false(r.codec->done);
		rig_close(&r);
	}
	free(in.p);
}

/* ---- interim answers ---- */

static void
interim_answers_go_first(void **state)
{
	struct h1_rig r;
	struct stream *s = arrive(&r, GET_11);

	(void)state;
	s->out.interim = &early;
	codec_flush(r.codec);
	rig_turn(&r);
	assert_null(s->out.interim);
	assert_string_equal(r.out.p, "HTTP/1.1 103 Early Hints\r\n\r\n");
	assert_false(s->sent);
	s->out.interim = &early; /* and one that leaves with the answer itself */
	answer(&r, BODY_NONE, 0, "");
	assert_string_equal(r.out.p,
	    "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" OK_LINE "\r\n");
	rig_close(&r);
}

/* An endpoint may send any number of them to a client that does not read. */
static void
interim_answers_wait_for_room(void **state)
{
	struct h1_rig r;
	struct stream *s = arrive(&r, GET_11);
	struct head large = early;
	char *value = calloc(1, INTERIM);
	unsigned put = 0;

	(void)state;
	memset(value, 'v', INTERIM);
	assert_true(fields_add(&large.fields, s->arena, STR("Link"), str_of(value, INTERIM)));
	r.out_room = 0;
	for (unsigned i = 0; i < INTERIMS; i++) {
		if (s->out.interim == NULL) {
			s->out.interim = &large;
			put++;
		}
		codec_flush(r.codec);
		rig_turn(&r);
	}
	assert_true(put < INTERIMS && s->out.interim != NULL);
	s->out.head = &ok;
	s->out.at = AT_DONE;
	codec_flush(r.codec);
	rig_turn(&r);
	assert_int_equal(r.out.len, 0);
	r.out_room = SIZE_MAX;
	r.conn.may_write = true;
	loop_ready(r.loop, &r.conn.task);
	rig_turn(&r);
	assert_true(s->sent);
	assert_true(r.out.len > (size_t)put * INTERIM);
	assert_string_equal(r.out.p + r.out.len - strlen(OK_LINE "\r\n"), OK_LINE "\r\n");
	free(value);
	rig_close(&r);
}

/* ---- what breaks ---- */

static void
a_client_that_takes_nothing_is_gone(void **state)
{
	struct h1_rig r;

	(void)state;
	(void)arrive(&r, GET_11);
	r.out_breaks = true;
	answer(&r, BODY_LENGTH, 3, "abc");
	assert_int_equal(r.stream->fault, FAULT_client_gone);
	assert_true(r.stream->sent); /* nothing more can leave: the owner need not wait */
	assert_int_equal(r.codec->wire.bytes, 0);
	end(&r, FAULT_client_gone);
	assert_true(r.codec->done);
	rig_close(&r);
}

static void
an_upstream_that_takes_nothing_may_have_answered(void **state)
{
	struct h1_rig r;

	(void)state;
	rig_open(&r, SIDE_UPSTREAM, STR("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"));
	r.lazy = true;
	r.out_breaks = true;
	assert_non_null(rig_ask(&r, &ask, false));
	rig_run(&r);
	assert_int_equal(r.stream->fault, FAULT_none);
	assert_int_equal(r.stream->in.at, AT_DONE);
	assert_int_equal(r.stream->in.head->status, 413);
	end(&r, FAULT_none);
	assert_true(r.codec->done);
	rig_close(&r);
}

static void
a_late_head_is_a_stream_with_that_fault(void **state)
{
	struct h1_rig r;

	(void)state;
	rig_open(&r, SIDE_CLIENT, STR("GET / HTTP/1.1\r\nHo"));
	rig_run(&r);
	assert_true(r.codec->midway);
	(r.codec->ops->fail)(r.codec, FAULT_request_timeout);
	rig_run(&r);
	assert_string_equal(r.log.p, "!request_timeout\n");
	assert_true(r.codec->done && r.codec->unread);
	rig_close(&r);

	/* of an idle one nobody is told */
	rig_open(&r, SIDE_CLIENT, STR(""));
	rig_run(&r);
	(r.codec->ops->fail)(r.codec, FAULT_request_timeout);
	rig_run(&r);
	assert_string_equal(r.log.p, "");
	assert_true(r.codec->done);
	rig_close(&r);
}

static void
limits_have_faults_of_their_own(void **state)
{
	static const struct {
		const char *before, *after;
		size_t n;
		enum fault fault;
	} rows[] = {
	    {"GET /", " HTTP/1.1\r\nHost: a\r\n\r\n", H1_TARGET_MAX, FAULT_uri_too_long},
	    {"GET / HTTP/1.1\r\nHost: a\r\nX: ", "\r\n\r\n", H1_HEAD_MAX, FAULT_header_too_large},
	    {"GET / HTTP/1.1\r\nHost: a\r\nX: ", "\r\n\r\n", H1_HEAD_MAX - 35, FAULT_none},
	};
	struct rig_text in = {.p = NULL};
	struct h1_rig r;

	(void)state;
	for (size_t i = 0; i < nelem(rows) * 2; i++) {
		in.len = 0;
		rig_say(&in, rows[i / 2].before);
		for (size_t k = 0; k < rows[i / 2].n; k++)
			rig_add(&in, "a", 1);
		rig_say(&in, rows[i / 2].after);
		rig_open(&r, SIDE_CLIENT, str_of(in.p, in.len));
		r.lazy = true;
		r.piece = i % 2 ? 1009 : 0;
		rig_run(&r);
		assert_non_null(r.stream);
		assert_int_equal(r.stream->fault, rows[i / 2].fault);
		rig_close(&r);
	}
	free(in.p);
}

static void
a_detached_conn_gives_the_rest_away(void **state)
{
	struct h1_rig r;
	struct slices rest = {.n = 0};

	(void)state;
	(void)arrive(
	    &r, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw");
	assert_true(r.stream->in.upgrade);
	r.stream->out.upgrade = true;
	answer(&r, BODY_NONE, 0, "");
	end(&r, FAULT_none);
	assert_true(r.codec->done);
	codec_detach(&r.codec, &rest);
	assert_null(r.codec);
	assert_int_equal(rest.bytes, 3);
	assert_memory_equal(slices_first(&rest)->chunk->bytes + slices_first(&rest)->off, "raw", 3);
	slices_clear(&rest);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(framing_is_as_the_peer_can_read_it),
	    cmocka_unit_test(trailers_follow_the_last_chunk),
	    cmocka_unit_test(less_than_promised_ends_the_conn),
	    cmocka_unit_test(an_answer_before_its_request_is_whole),
	    cmocka_unit_test(a_body_arrives_whole_through_any_hole),
	    cmocka_unit_test(reading_stops_when_nobody_takes),
	    cmocka_unit_test(interim_answers_go_first),
	    cmocka_unit_test(interim_answers_wait_for_room),
	    cmocka_unit_test(a_client_that_takes_nothing_is_gone),
	    cmocka_unit_test(an_upstream_that_takes_nothing_may_have_answered),
	    cmocka_unit_test(a_late_head_is_a_stream_with_that_fault),
	    cmocka_unit_test(limits_have_faults_of_their_own),
	    cmocka_unit_test(a_detached_conn_gives_the_rest_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
