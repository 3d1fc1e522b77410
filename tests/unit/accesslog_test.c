#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "observe/accesslog.h"

enum { RING = 64 * 1024, PATH_LEN = 128 };
#define WALL UINT64_C(1795375829123456) /* 22 Nov 2026, 19:30:29.123456 UTC */

static struct addr client;

/* The exchange of the example in the door. */
static struct record
record_of_example(void)
{
	struct record r = {
	    .kind = RECORD_EXCHANGE,
	    .why = FAULT_connection_refused,
	    .status = 503,
	    .tries = 2,
	    .major = 1,
	    .minor = 1,
	    .local = true,
	    .method = METHOD_GET,
	    .client = &client,
	    .peer = &client,
	    .listener = STR("web"),
	    .route = STR("api.example.com/v1/*"),
	    .backend = STR("api"),
	    .endpoint = STR("10.0.0.21:8080"),
	    .method_text = STR("GET"),
	    .target = STR("/v1/x"),
	    .host = STR("api.example.com"),
	    .user_agent = STR("curl/7.88.1"),
	    .id = STR("4bf92f3577b34da6a3ce929d0e0e4736"),
	    .bytes_in = 7,
	    .bytes_out = 41,
	    .started_at = 1000000,
	    .attempt_at = 1041750,
	    .finished_at = 1043127,
	};

	assert_true(addr_parse(STR("203.0.113.7:5555"), false, &client));
	return r;
}

static char *
format_line(enum log_format format, const struct record *r)
{
	struct ring *ring = ring_new(RING);
	struct str s;
	char *copy;

	accesslog_write(ring, format, r, WALL);
	s = ring_peek(ring);
	assert_true(s.len > 0 && s.p[s.len - 1] == '\n');
	assert_true(str_find(s, '\n', 0) == s.len - 1);
	for (size_t i = 0; i + 1 < s.len; i++)
		assert_true(s.p[i] >= ' ' && s.p[i] < 0x7f);
	copy = str_dup(str_of(s.p, s.len - 1));
	ring_free(&ring);
	return copy;
}

static void
check_text(const struct record *r, const char *want)
{
	char *line = format_line(LOG_TEXT, r);

	assert_string_equal(line, want);
	free(line);
}

/* The value of key=... in a line of text. */
static void
check_value(const struct record *r, const char *key, const char *want)
{
	char *line = format_line(LOG_TEXT, r), *at, *end, name[32];

	snprintf(name, sizeof(name), " %s=", key);
	at = strstr(line, name);
	assert_non_null(at);
	at += strlen(name);
	end = *at == '"' ? strchr(at + 1, '"') + 1 : strchrnul(at, ' ');
	*end = '\0';
	assert_string_equal(at, want);
	free(line);
}

static void
text_is_combined_and_then_keys(void **state)
{
	struct record r = record_of_example();

	(void)state;
	check_text(&r,
	    "203.0.113.7 - - [22/Nov/2026:19:30:29 +0000] \"GET /v1/x HTTP/1.1\" 503 41 "
	    "\"-\" \"curl/7.88.1\" host=api.example.com route=api.example.com/v1/* "
	    "backend=api endpoint=10.0.0.21:8080 time=43ms wait=0 connect=1.37ms first=- "
	    "tries=2 why=connection_refused id=4bf92f3577b34da6a3ce929d0e0e4736");
}

static void
what_never_happened_is_a_dash(void **state)
{
	struct record r = {.started_at = 5, .finished_at = 5, .why = FAULT_client_gone};

	(void)state;
	check_text(&r, "- - - [22/Nov/2026:19:30:29 +0000] \"-\" 499 0 \"-\" \"-\" host=- route=- "
		       "backend=- endpoint=- time=0 wait=- connect=- first=- tries=0 "
		       "why=client_gone id=-");
}

static void
a_call_says_what_it_came_to(void **state)
{
	struct record r = record_of_example();

	(void)state;
	r.grpc = true;
	r.grpc_status = GRPC_DEADLINE_EXCEEDED;
	check_value(&r, "grpc", "DEADLINE_EXCEEDED");
	r.grpc_status = GRPC_NONE;
	check_value(&r, "grpc", "UNAVAILABLE"); /* by its fault */
}

static void
a_tunnel_still_reads_as_combined(void **state)
{
	struct record r = {
	    .kind = RECORD_TUNNEL,
	    .peer = &client,
	    .listener = STR("postgres"),
	    .backend = STR("db"),
	    .endpoint = STR("[::1]:5432"),
	    .tries = 1,
	    .bytes_out = 8192,
	    .started_at = 1,
	    .attempt_at = 1,
	    .connected_at = 851,
	    .first_at = 10851,
	    .finished_at = 60000001,
	};

	(void)state;
	(void)record_of_example();
	check_text(&r,
	    "203.0.113.7 - - [22/Nov/2026:19:30:29 +0000] \"TCP postgres\" 200 8192 \"-\" "
	    "\"-\" host=- route=- backend=db endpoint=[::1]:5432 time=60000ms wait=0 "
	    "connect=850us first=10ms tries=1 why=- id=-");
	r.why = FAULT_connection_refused;
	r.listener = STR("a\" b\n");
	check_text(&r,
	    "203.0.113.7 - - [22/Nov/2026:19:30:29 +0000] \"TCP a\\x22 b\\x0a\" 502 8192 "
	    "\"-\" \"-\" host=- route=- backend=db endpoint=[::1]:5432 time=60000ms "
	    "wait=0 connect=850us first=10ms tries=1 why=connection_refused id=-");
}

static void
spans_follow_one_rule(void **state)
{
	static const struct {
		uint64_t us;
		const char *text;
	} rows[] = {{0, "0"}, {1, "1us"}, {999, "999us"}, {1000, "1ms"}, {1009, "1ms"},
	    {1010, "1.01ms"}, {1250, "1.25ms"}, {1500, "1.5ms"}, {9999, "9.99ms"}, {10000, "10ms"},
	    {43999, "43ms"}, {70250000, "70250ms"}};
	struct record r = record_of_example();

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		r.wait_us = rows[i].us;
		check_value(&r, "wait", rows[i].text);
	}
	r.finished_at = r.started_at - 1; /* clocks do not run backwards; no huge number if so */
	check_value(&r, "time", "0");
}

static void
a_peer_cannot_forge_a_line(void **state)
{
	struct record r = record_of_example();

	(void)state;
	r.target = STR("/\" 200 1 \"-\" \"-\" why=-\r\n1.2.3.4 - - [");
	r.referer = STR("\x1b[2J\\\"");
	r.user_agent = STR("a\0b\x7f\xc3\xa4");
	r.host = STR("h why=none");
	r.id = STR("i\"d");
	check_text(&r,
	    "203.0.113.7 - - [22/Nov/2026:19:30:29 +0000] \"GET /\\x22 200 1 \\x22-\\x22 "
	    "\\x22-\\x22 why=-\\x0d\\x0a1.2.3.4 - - [ HTTP/1.1\" 503 41 "
	    "\"\\x1b[2J\\x5c\\x22\" \"a\\x00b\\x7f\\xc3\\xa4\" host=\"h why=none\" "
	    "route=api.example.com/v1/* backend=api endpoint=10.0.0.21:8080 time=43ms "
	    "wait=0 connect=1.37ms first=- tries=2 why=connection_refused id=\"i\\x22d\"");
	r.host = STR("");
	check_value(&r, "host", "\"\"");
}

static void
json_has_the_same_names(void **state)
{
	struct record r = record_of_example();
	char *line;

	(void)state;
	r.wait_us = 2000000;
	line = format_line(LOG_JSON, &r);
	assert_string_equal(line,
	    "{\"ts\":\"2026-11-22T19:30:29.123Z\",\"client\":\"203.0.113.7\",\"listener\":\"web\","
	    "\"method\":\"GET\",\"target\":\"/v1/x\",\"protocol\":\"HTTP/1.1\",\"status\":503,"
	    "\"bytes_in\":7,\"bytes\":41,\"referer\":null,\"user_agent\":\"curl/7.88.1\","
	    "\"host\":\"api.example.com\",\"route\":\"api.example.com/v1/*\",\"backend\":\"api\","
	    "\"endpoint\":\"10.0.0.21:8080\",\"time\":0.043127,\"wait\":2,\"connect\":0.001377,"
	    "\"first\":null,\"tries\":2,\"why\":\"connection_refused\","
	    "\"id\":\"4bf92f3577b34da6a3ce929d0e0e4736\"}");
	free(line);
}

/* Every byte a peer may send, in every field: what a JSON parser gets out is what came in, bytes
 * from 0x80 on as the code points of the same number. */
static void
json_gives_back_every_byte(void **state)
{
	struct record r = record_of_example();
	char all[256], *line;
	json_t *root, *ua;
	const char *utf8;

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	r.target = r.referer = r.user_agent = r.host = r.id = r.route = r.method_text =
	    str_of(all + 1, sizeof(all) - 1);
	line = format_line(LOG_JSON, &r);
	root = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	ua = json_object_get(root, "user_agent");
	utf8 = json_string_value(ua);
	assert_int_equal(json_string_length(ua), 127 + 2 * 128);
	for (unsigned c = 1; c < 0x80; c++)
		assert_int_equal(utf8[c - 1], c);
	assert_int_equal((unsigned char)utf8[127], 0xc2);
	assert_int_equal((unsigned char)utf8[128], 0x80);
	json_decref(root);
	free(line);

	r.kind = RECORD_TUNNEL;
	line = format_line(LOG_JSON, &r);
	root = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "protocol")), "TCP");
	json_decref(root);
	free(line);
}

static void
what_tls_told_stands_behind_the_id_when_there_is_any(void **state)
{
	struct record r = record_of_example();
	char *line = format_line(LOG_TEXT, &r);

	(void)state;
	assert_null(strstr(line, " tls="));
	assert_null(strstr(line, " sni="));
	free(line);
	r.tls = STR("1.3");
	r.subject = STR("CN=a b,O=\"x\"");
	check_value(&r, "tls", "1.3");
	check_value(&r, "subject", "\"CN=a b,O=\\x22x\\x22\"");
	r.sni = STR("a.test");
	r.alpn = STR("h2,http/1.1");
	check_value(&r, "sni", "a.test");
	check_value(&r, "alpn", "h2,http/1.1");
	line = format_line(LOG_JSON, &r);
	assert_non_null(strstr(line, ",\"sni\":\"a.test\",\"alpn\":\"h2,http/1.1\"}"));
	free(line);
}

static void
the_longest_line_fits(void **state)
{
	char *huge = malloc(RING);
	struct record r = record_of_example();

	(void)state;
	memset(huge, '\n', RING);
	r.target = r.referer = r.user_agent = r.host = r.id = r.route = r.backend = r.endpoint =
	    r.listener = r.method_text = r.subject = r.sni = r.alpn = str_of(huge, RING);
	r.bytes_in = r.bytes_out = r.wait_us = r.finished_at = UINT64_MAX;
	r.connected_at = r.first_at = 1;
	for (unsigned format = LOG_TEXT; format <= LOG_JSON; format++) {
		char *line = format_line((enum log_format)format, &r);

		assert_true(strlen(line) < ACCESSLOG_LINE_MAX);
		assert_non_null(strstr(line, "...\""));
		free(line);
	}
	free(huge);
}

static void
dates_are_right(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} rows[] = {{0, "[01/Jan/1970:00:00:00 +0000]"},
	    {951782399, "[28/Feb/2000:23:59:59 +0000]"},
	    {951782400, "[29/Feb/2000:00:00:00 +0000]"},
	    {951868800, "[01/Mar/2000:00:00:00 +0000]"},
	    {1704067199, "[31/Dec/2023:23:59:59 +0000]"},
	    {1709164800, "[29/Feb/2024:00:00:00 +0000]"},
	    {4107542400, "[01/Mar/2100:00:00:00 +0000]"}};
	struct record r = {0};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct ring *ring = ring_new(RING);
		char *line;

		accesslog_write(ring, LOG_TEXT, &r, rows[i].seconds * 1000000);
		line = str_dup(ring_peek(ring));
		assert_non_null(strstr(line, rows[i].text));
		free(line);
		ring_free(&ring);
	}
}

static void
a_full_ring_drops_the_line(void **state)
{
	struct ring *ring = ring_new(2 * ACCESSLOG_LINE_MAX);
	struct record r = record_of_example();

	(void)state;
	for (int i = 0; i < 1000; i++)
		accesslog_write(ring, LOG_TEXT, &r, WALL);
	assert_true(ring_dropped(ring) > 0 && ring_dropped(ring) < 1000);
	ring_free(&ring);
}

/* --- the sink --- */

static char dir[PATH_LEN], path[PATH_LEN + 16], why[256];

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "%s/weir-accesslog-XXXXXX", getenv("TMPDIR") ?: "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/access.log", dir);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void
put_line(struct ring *ring, struct str line)
{
	char *p = ring_reserve(ring, line.len);

	assert_non_null(p);
	memcpy(p, line.p, line.len);
	ring_commit(ring, line.len);
}

static void
check_file(const char *name, const char *want)
{
	char got[4096];
	int fd = open(name, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, got, sizeof(got) - 1);
	assert_true(n >= 0);
	got[n] = '\0';
	assert_string_equal(got, want);
	close(fd);
}

static void
a_file_is_appended_to_and_reopened(void **state)
{
	struct ring *ring = ring_new(1024);
	struct accesslog *a = accesslog_open(path, why);
	char moved[PATH_LEN + 32];
	struct stat st;

	(void)state;
	assert_non_null(a);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0137, 0);
	assert_int_equal(accesslog_drain(a, ring), 0);
	put_line(ring, STR("one\n"));
	put_line(ring, STR("two\n"));
	assert_int_equal(accesslog_drain(a, ring), 8);
	snprintf(moved, sizeof(moved), "%s.1", path);
	assert_int_equal(rename(path, moved), 0);
	put_line(ring, STR("three\n"));
	accesslog_drain(a, ring);
	check_file(moved, "one\ntwo\nthree\n");
	assert_true(accesslog_reopen(a, why));
	put_line(ring, STR("four\n"));
	accesslog_drain(a, ring);
	check_file(path, "four\n");
	check_file(moved, "one\ntwo\nthree\n");
	unlink(moved);
	assert_int_equal(accesslog_errors(a), 0);
	accesslog_close(&a);
	assert_null(a);
	ring_free(&ring);
}

static void
a_file_that_cannot_be_opened_says_why(void **state)
{
	char nowhere[PATH_LEN + 32], keep[PATH_LEN + 32];
	struct ring *ring = ring_new(1024);
	struct accesslog *a;

	(void)state;
	snprintf(nowhere, sizeof(nowhere), "%s/none/x", dir);
	assert_null(accesslog_open(nowhere, why));
	assert_non_null(strstr(why, "/none/x: No such file or directory"));

	a = accesslog_open(path, why);
	assert_non_null(a);
	snprintf(keep, sizeof(keep), "%s/kept", dir);
	assert_int_equal(rename(path, keep), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_false(accesslog_reopen(a, why));
	assert_non_null(strstr(why, "Is a directory"));
	put_line(ring, STR("still\n"));
	accesslog_drain(a, ring);
	check_file(keep, "still\n");
	rmdir(path);
	unlink(keep);
	accesslog_close(&a);
	ring_free(&ring);
}

/* A file may not grow past RLIMIT_FSIZE, as on a full disk: a write is cut in the middle of a line
 * and the next one fails. Later the cut line goes on before lines of another ring. */
static void
a_full_disk_cuts_no_line(void **state)
{
	struct ring *first = ring_new(1024), *second = ring_new(1024);
	struct accesslog *a = accesslog_open(path, why);
	struct rlimit before, small;
	int null = open("/dev/null", O_WRONLY), err = dup(STDERR_FILENO);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 14;
	put_line(first, STR("first 1\n"));
	put_line(first, STR("first 2\n"));
	put_line(first, STR("first 3\n"));
	put_line(second, STR("second 1\n"));
	dup2(null, STDERR_FILENO);
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(accesslog_drain(a, first), 16);
	assert_int_equal(accesslog_drain(a, second), 0);
	assert_true(accesslog_errors(a) > 0);
	setrlimit(RLIMIT_FSIZE, &before);
	dup2(err, STDERR_FILENO);
	accesslog_drain(a, second);
	accesslog_drain(a, first);
	check_file(path, "first 1\nfirst 2\nsecond 1\nfirst 3\n");
	close(null);
	close(err);
	accesslog_close(&a);
	ring_free(&first);
	ring_free(&second);
}

/* Fills a FIFO through the sink until it takes no more; whether it is read or not, nothing blocks.
 */
static void
a_pipe_that_nobody_reads_does_not_block(void **state)
{
	struct ring *ring = ring_new(RING * 4);
	struct accesslog *a;
	static char line[100], got[RING * 4];
	size_t in = 0, out = 0, n;
	ssize_t r;
	int fd;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	assert_int_equal(mkfifo(path, 0600), 0);
	a = accesslog_open(path, why); /* no reader is there yet */
	assert_non_null(a);
	for (int i = 0; i < 2000; i++)
		put_line(ring, str_of(line, sizeof(line)));
	while ((n = accesslog_drain(a, ring)) > 0)
		in += n;
	assert_true(in > 16384 && in < 200000);
	assert_int_equal(accesslog_errors(a), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	for (int i = 0; i < 1000 && out < 200000; i++) {
		while ((r = read(fd, got + out, sizeof(got) - out)) > 0)
			out += (size_t)r;
		accesslog_drain(a, ring);
	}
	assert_int_equal(out, 200000);
	for (size_t i = 0; i < out; i++)
		assert_int_equal(got[i] == '\n', i % sizeof(line) == sizeof(line) - 1);
	close(fd);
	accesslog_close(&a);
	ring_free(&ring);
}

static void
a_reader_that_went_is_an_error_and_no_signal(void **state)
{
	struct ring *ring = ring_new(1024);
	int real = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
	int ends[2];
	struct accesslog *a;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	a = accesslog_open(NULL, why);
	dup2(real, STDOUT_FILENO);
	close(ends[1]);
	close(ends[0]);
	dup2(null, STDERR_FILENO);
	put_line(ring, STR("one\n"));
	assert_int_equal(accesslog_drain(a, ring), 0);
	dup2(err, STDERR_FILENO);
	assert_int_equal(accesslog_errors(a), 1);
	assert_true(accesslog_reopen(a, why));
	accesslog_close(&a);
	ring_free(&ring);
	close(real);
	close(err);
	close(null);
}

int
main(void)
{
#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_is_combined_and_then_keys),
	    cmocka_unit_test(what_never_happened_is_a_dash),
	    cmocka_unit_test(a_call_says_what_it_came_to),
	    cmocka_unit_test(a_tunnel_still_reads_as_combined),
	    cmocka_unit_test(spans_follow_one_rule),
	    cmocka_unit_test(a_peer_cannot_forge_a_line),
	    cmocka_unit_test(json_has_the_same_names),
	    cmocka_unit_test(json_gives_back_every_byte),
	    cmocka_unit_test(what_tls_told_stands_behind_the_id_when_there_is_any),
	    cmocka_unit_test(the_longest_line_fits),
	    cmocka_unit_test(dates_are_right),
	    cmocka_unit_test(a_full_ring_drops_the_line),
	    IN_DIR(a_file_is_appended_to_and_reopened),
	    IN_DIR(a_file_that_cannot_be_opened_says_why),
	    IN_DIR(a_full_disk_cuts_no_line),
	    IN_DIR(a_pipe_that_nobody_reads_does_not_block),
	    IN_DIR(a_reader_that_went_is_an_error_and_no_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
