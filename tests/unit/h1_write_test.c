#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/h1_parse.h"
#include "http/h1_write.h"

enum { ARENA = 64 * 1024 };

/* What is written has to fit what h1_write_size said: the block ends there. */
static char *
written(const struct head *h, enum body_kind kind, uint64_t length, bool upgrade,
    enum h1_connection connection)
{
	const struct h1_frame frame = {kind, length, upgrade, connection};
	size_t size = h1_write_size(h), n;
	char *p = malloc(size), *text;

	n = (size_t)(h1_write_head(p, size, h, &frame) - p);
	assert_true(n <= size);
	text = malloc(n + 1);
	memcpy(text, p, n);
	text[n] = '\0';
	free(p);
	return text;
}

static void
assert_written(const struct head *h, enum body_kind kind, uint64_t length, bool upgrade,
    enum h1_connection connection, const char *want)
{
	char *text = written(h, kind, length, upgrade, connection);

	assert_string_equal(text, want);
	free(text);
}

/* Less room than that: it fits all the same, or nothing is said to be written. */
static void
too_little_room_is_told(void **state)
{
	static const char text[] = "GET /a?b HTTP/1.1\r\nHost: a\r\nX-B:1\r\nX-C: 2\r\n\r\n";
	const struct h1_frame frame = {BODY_LENGTH, UINT64_MAX, true, H1_CONNECTION_NONE};
	struct head h = {0};
	struct arena a;

	(void)state;
	arena_init(&a, NULL, 0, ARENA);
	assert_int_equal(h1_parse_request(STR(text), &a, &h), FAULT_none);
	for (size_t room = 0; room < h1_write_size(&h); room++) {
		char *p = malloc(room + 1), *end = h1_write_head(p, room, &h, &frame);

		assert_true(end == NULL || end <= p + room);
		assert_true(room > sizeof(text) || end == NULL);
		free(p);
	}
	arena_reset(&a);
}

static void
start_lines(void **state)
{
	struct head request = {
	    .method_text = STR("PATCH"), .path = STR("/a"), .query = {NULL, 0}, .minor = 0};
	struct head response = {.status = 404, .reason = STR("Not here"), .minor = 0};

	(void)state;
	assert_written(
	    &request, BODY_NONE, 0, false, H1_CONNECTION_NONE, "PATCH /a HTTP/1.1\r\n\r\n");
	request.query = STR("");
	assert_written(
	    &request, BODY_NONE, 0, false, H1_CONNECTION_NONE, "PATCH /a? HTTP/1.1\r\n\r\n");
	request.query = STR("b=c?d");
	assert_written(
	    &request, BODY_NONE, 0, false, H1_CONNECTION_NONE, "PATCH /a?b=c?d HTTP/1.1\r\n\r\n");
	assert_written(
	    &response, BODY_NONE, 0, false, H1_CONNECTION_NONE, "HTTP/1.1 404 Not here\r\n\r\n");
	response.reason = STR_NONE; /* the space stays (RFC 9112 section 4) */
	assert_written(&response, BODY_NONE, 0, false, H1_CONNECTION_NONE, "HTTP/1.1 404 \r\n\r\n");
}

static void
connection_is_said_once(void **state)
{
	static const struct {
		bool upgrade;
		enum h1_connection connection;
		const char *want;
	} rows[] = {
	    {false, H1_CONNECTION_NONE, "HTTP/1.1 200 OK\r\n\r\n"},
	    {false, H1_CONNECTION_CLOSE, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
	    {false, H1_CONNECTION_KEEP_ALIVE, "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n"},
	    {true, H1_CONNECTION_NONE, "HTTP/1.1 200 OK\r\nConnection: upgrade\r\n\r\n"},
	    {true, H1_CONNECTION_CLOSE, "HTTP/1.1 200 OK\r\nConnection: upgrade\r\n\r\n"},
	};
	struct head h = {.status = 200, .reason = STR("OK")};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++)
		assert_written(&h, BODY_NONE, 0, rows[i].upgrade, rows[i].connection, rows[i].want);
}

/* One framing field or none, whatever the head says. */
static void
framing_is_from_the_message_alone(void **state)
{
	static const struct {
		uint16_t status;
		enum body_kind kind;
		uint64_t length;
		const char *want;
	} rows[] = {
	    {200, BODY_LENGTH, UINT64_MAX, "Content-Length: 18446744073709551615\r\n"},
	    {200, BODY_CHUNKED, 0, "Transfer-Encoding: chunked\r\n"},
	    {200, BODY_CLOSE, 0, ""},
	    {200, BODY_NONE, 0, "Content-Length: 7\r\n"}, /* of a HEAD: what it would be */
	    {304, BODY_NONE, 0, "Content-Length: 7\r\n"},
	    {204, BODY_NONE, 0, ""}, /* RFC 9110 section 8.6 */
	    {101, BODY_NONE, 0, ""},
	    {103, BODY_NONE, 0, ""},
	    {0, BODY_NONE, 0, "Content-Length: 7\r\n"},
	    {0, BODY_LENGTH, 9, "Content-Length: 9\r\n"},
	    {0, BODY_CHUNKED, 0, "Transfer-Encoding: chunked\r\n"},
	};
	struct arena a;

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct head h = {.status = rows[i].status,
		    .method_text = STR("PUT"),
		    .path = STR("/"),
		    .reason = STR("R")};
		char want[128];

		arena_init(&a, NULL, 0, ARENA);
		assert_true(fields_add(&h.fields, &a, STR("Content-Length"), STR("7")));
		assert_true(fields_add(&h.fields, &a, STR("X-A"), STR("1")));
		assert_true(fields_add(&h.fields, &a, STR("transfer-encoding"), STR("gzip")));
		if (rows[i].kind == BODY_NONE)
			(void)snprintf(want, sizeof(want), "%sX-A: 1\r\n\r\n", rows[i].want);
		else
			(void)snprintf(want, sizeof(want), "X-A: 1\r\n%s\r\n", rows[i].want);
		char *text = written(&h, rows[i].kind, rows[i].length, false, H1_CONNECTION_NONE);

		assert_string_equal(strstr(text, "\r\n") + 2, want);
		free(text);
		arena_reset(&a);
	}
}

static void
what_is_written_reads_the_same(void **state)
{
	static const char text[] = "POST /p/q?r=s HTTP/1.1\r\nHost: a:8080\r\nX-Empty: \r\n"
				   "x-case: MiXed  \tinside\r\nCookie: a=b\r\nCookie: c=d\r\n\r\n";
	struct head h = {0};
	struct arena a;
	char *out;

	(void)state;
	arena_init(&a, NULL, 0, ARENA);
	assert_int_equal(h1_parse_request(STR(text), &a, &h), FAULT_none);
	out = written(&h, BODY_NONE, 0, false, H1_CONNECTION_NONE);
	assert_string_equal(out, text);
	free(out);
	arena_reset(&a);
}

/* Lines that stand one behind the other leave in one copy, whatever is missing between them. */
static void
runs_of_lines_read_the_same(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nA: 1\r\nb:2\r\nContent-Length: 70\r\n"
				   "C: 3 \r\nDate: d\r\nE: 5\r\n\r\n";
	struct head h = {0};
	struct arena a;

	(void)state;
	arena_init(&a, NULL, 0, ARENA);
	assert_int_equal(h1_parse_response(STR(text), &a, &h), FAULT_none);
	assert_written(&h, BODY_LENGTH, 70, false, H1_CONNECTION_NONE,
	    "HTTP/1.1 200 OK\r\nA: 1\r\nb: 2\r\nContent-Length: 70\r\nC: 3\r\nDate: d\r\n"
	    "E: 5\r\n\r\n");
	assert_written(&h, BODY_LENGTH, 7, false, H1_CONNECTION_NONE,
	    "HTTP/1.1 200 OK\r\nA: 1\r\nb: 2\r\nC: 3\r\nDate: d\r\nE: 5\r\n"
	    "Content-Length: 7\r\n\r\n");
	h.fields.v[4] = h.fields.v[5];
	h.fields.n = 5;
	assert_written(&h, BODY_CHUNKED, 0, false, H1_CONNECTION_NONE,
	    "HTTP/1.1 200 OK\r\nA: 1\r\nb: 2\r\nC: 3\r\nE: 5\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n");
	arena_reset(&a);
}

/* As it stands only when it is what would be written. */
static void
a_length_stays_where_it_says_the_same(void **state)
{
	static const struct {
		const char *said;
		uint64_t length;
		const char *want;
	} rows[] = {
	    {"9", 9, "Content-Length: 9\r\nX-A: 1\r\n"},
	    {"8", 9, "X-A: 1\r\nContent-Length: 9\r\n"},
	    {"09", 9, "X-A: 1\r\nContent-Length: 9\r\n"},
	    {"", 9, "X-A: 1\r\nContent-Length: 9\r\n"},
	    {"18446744073709551615", UINT64_MAX,
		"Content-Length: 18446744073709551615\r\nX-A: 1\r\n"},
	    {"18446744073709551616", 1, "X-A: 1\r\nContent-Length: 1\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct head h = {.method_text = STR("PUT"), .path = STR("/")};
		struct arena a;
		char *text;

		arena_init(&a, NULL, 0, ARENA);
		assert_true(
		    fields_add(&h.fields, &a, STR("Content-Length"), str_from(rows[i].said)));
		assert_true(fields_add(&h.fields, &a, STR("X-A"), STR("1")));
		assert_true(fields_add(&h.fields, &a, STR("Content-Length"), STR("9")));
		h.fields.n = i == 0 ? 3 : 2; /* twice is once */
		text = written(&h, BODY_LENGTH, rows[i].length, false, H1_CONNECTION_NONE);
		assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
		text[strlen(text) - 2] = '\0';
		assert_string_equal(strstr(text, "\r\n") + 2, rows[i].want);
		free(text);
		arena_reset(&a);
	}
}

static void
fields_alone_are_measured_exactly(void **state)
{
	struct fields f = {.n = 0};
	struct arena a;
	char *p;
	size_t n;

	(void)state;
	assert_int_equal(h1_fields_size(&f), 0);
	arena_init(&a, NULL, 0, ARENA);
	assert_true(fields_add(&f, &a, STR("Sum"), STR("")));
	assert_true(fields_add(&f, &a, STR("T"), STR("value")));
	n = h1_fields_size(&f);
	p = malloc(n);
	assert_ptr_equal(h1_write_fields(p, &f), p + n);
	assert_int_equal(n, strlen("Sum: \r\nT: value\r\n"));
	assert_memory_equal(p, "Sum: \r\nT: value\r\n", n);
	free(p);
	arena_reset(&a);
}

/* As printf says it, and as our own decoder reads it. */
static void
assert_chunk_line(uint64_t size)
{
	char line[H1_CHUNK_LINE], want[H1_CHUNK_LINE + 1];
	size_t n = (size_t)(h1_write_chunk_line(line, size) - line);
	struct h1_chunked c = {.state = 0};
	struct h1_chunk_out out;

	assert_true(n <= sizeof(line));
	(void)snprintf(want, sizeof(want), "%llx\r\n", (unsigned long long)size);
	assert_int_equal(n, strlen(want));
	assert_memory_equal(line, want, n);
	if (size >> 62 != 0)
		return; /* more than it believes */
	assert_int_equal(h1_chunked_feed(&c, line, n, &out), FAULT_none);
	assert_int_equal(out.used, n);
	assert_int_equal(c.left, size);
	assert_int_equal(out.done, size == 0);
}

static void
chunk_lines_are_plain_hex(void **state)
{
	(void)state;
	for (uint64_t size = 0; size < 5000; size++)
		assert_chunk_line(size);
	for (unsigned bit = 0; bit < 64; bit++) {
		assert_chunk_line(UINT64_C(1) << bit);
		assert_chunk_line((UINT64_C(1) << bit) - 1);
	}
	assert_chunk_line(UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(too_little_room_is_told),
	    cmocka_unit_test(start_lines),
	    cmocka_unit_test(connection_is_said_once),
	    cmocka_unit_test(framing_is_from_the_message_alone),
	    cmocka_unit_test(what_is_written_reads_the_same),
	    cmocka_unit_test(runs_of_lines_read_the_same),
	    cmocka_unit_test(a_length_stays_where_it_says_the_same),
	    cmocka_unit_test(fields_alone_are_measured_exactly),
	    cmocka_unit_test(chunk_lines_are_plain_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
