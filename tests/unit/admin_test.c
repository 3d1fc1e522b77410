#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/admin.h"

enum { BIG = 1 << 20, ANSWER_MAX = 4 * BIG, PATIENCE_MS = 8000, GLANCE_MS = 300 };

struct room { /* an admin server with one socket */
	struct loop *loop;
	struct admin *admin;
	char folder[64], path[96];
};

/* ---- what it serves ---- */

static void
answer_echo(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	char *value = admin_param(r, "a");

	(void)owner;
	a->status = 200;
	a->body = xasprintf("%s|%.*s|%s|%s", value ? value : "-", STR_FMT(r->body),
	    r->text ? "text" : "json", strncmp(r->who, "uid ", 4) == 0 ? "uid" : r->who);
	a->len = strlen(a->body);
	free(value);
}

static void
answer_big(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	(void)owner;
	(void)r;
	a->status = 200;
	a->body = xmalloc(BIG);
	memset(a->body, 'x', BIG);
	a->len = BIG;
}

static const struct admin_route routes[] = {
    {METHOD_GET, "/echo", ADMIN_SOCKET | ADMIN_TCP, answer_echo},
    {METHOD_GET, "/big", ADMIN_SOCKET | ADMIN_METRICS, answer_big},
    {METHOD_POST, "/change", ADMIN_SOCKET, answer_echo},
};

static int
open_room(void **state)
{
	struct room *room = xcalloc(1, sizeof(*room));
	char why[ADMIN_WHY];

	snprintf(room->folder, sizeof(room->folder), "/tmp/weir-admin-test-XXXXXX");
	assert_non_null(mkdtemp(room->folder));
	snprintf(room->path, sizeof(room->path), "%s/admin.sock", room->folder);
	room->loop = loop_new(NULL);
	room->admin = admin_new(room->loop, room, routes, nelem(routes));
	admin_doors_begin(room->admin);
	assert_true(admin_door_socket(room->admin, room->path, why));
	admin_doors_end(room->admin);
	*state = room;
	return 0;
}

static int
close_room(void **state)
{
	struct room *room = *state;

	admin_free(&room->admin);
	loop_free(&room->loop);
	assert_int_not_equal(access(room->path, F_OK), 0); /* the socket's file is gone */
	assert_int_equal(rmdir(room->folder), 0);
	free(room);
	return 0;
}

/* ---- who asks: a thread that sends, half-closes or not, and reads to the end ---- */

struct visit {
	struct letter letter;
	struct loop *loop;
	const struct addr *tcp; /* NULL: the socket */
	const char *path, *bytes;
	size_t len;
	unsigned patience_ms;
	char *answer; /* ends in NUL */
	size_t answer_len;
};

static void
visit_over(struct letter *letter, void *owner)
{
	(void)owner;
	loop_stop(container_of(letter, struct visit, letter)->loop);
}

static int
visit_dial(const struct visit *v)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(v->tcp ? v->tcp->sa.sa_family : AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", v->path ? v->path : "");
	if (v->tcp != NULL ? connect(fd, &v->tcp->sa, addr_len(v->tcp))
			   : connect(fd, (struct sockaddr *)&un, sizeof(un)))
		abort();
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO,
	    &(struct timeval){v->patience_ms / 1000, v->patience_ms % 1000 * 1000},
	    sizeof(struct timeval));
	return fd;
}

static void *
visit_run(void *arg)
{
	struct visit *v = arg;
	int fd = visit_dial(v);
	ssize_t n;

	for (size_t sent = 0; sent < v->len; sent += (size_t)n) {
		n = send(fd, v->bytes + sent, v->len - sent, MSG_NOSIGNAL);
		if (n <= 0)
			break;
	}
	while ((n = recv(fd, v->answer + v->answer_len, ANSWER_MAX - v->answer_len, 0)) > 0)
		v->answer_len += (size_t)n;
	v->answer[v->answer_len] = '\0';
	close(fd);
	v->letter.run = visit_over;
	loop_post(v->loop, &v->letter);
	return NULL;
}

/* What comes back until the server closes; valid until the next call. */
static char *
ask_for(struct room *room, const struct addr *tcp, const char *bytes, unsigned patience_ms)
{
	static char answer[ANSWER_MAX + 1];
	struct visit v = {.loop = room->loop,
	    .tcp = tcp,
	    .path = room->path,
	    .bytes = bytes,
	    .len = strlen(bytes),
	    .patience_ms = patience_ms,
	    .answer = answer};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, visit_run, &v), 0);
	room->loop->stop = false;
	loop_run(room->loop);
	pthread_join(thread, NULL);
	return answer;
}

static char *
ask(struct room *room, const char *bytes)
{
	return ask_for(room, NULL, bytes, PATIENCE_MS);
}

#define END  "Host: admin\r\nConnection: close\r\n\r\n"
#define JSON "Content-Type: application/json\r\n"

static void
assert_answer(const char *answer, unsigned status, const char *end)
{
	char line[32];
	size_t len = strlen(answer);

	snprintf(line, sizeof(line), "HTTP/1.1 %u ", status);
	if (strncmp(answer, line, strlen(line)) != 0 || len < strlen(end) ||
	    strcmp(answer + len - strlen(end), end) != 0)
		fail_msg("wanted %u ...%s, got %s", status, end, answer);
}

/* ---- tests ---- */

static void
answers_by_path_and_method(void **state)
{
	struct room *room = *state;

	assert_answer(
	    ask(room, "GET /echo?b=1&a=x%20y+z HTTP/1.1\r\n" END), 200, "x y z||json|uid");
	assert_answer(
	    ask(room, "GET /echo HTTP/1.1\r\nAccept: text/plain\r\n" END), 200, "-||text|uid");
	assert_answer(
	    ask(room, "POST /change HTTP/1.1\r\n" JSON "Content-Length: 4\r\n" END "body"), 200,
	    "-|body|json|uid");
	assert_answer(
	    ask(room, "POST /change HTTP/1.1\r\n" JSON "Transfer-Encoding: chunked\r\n" END
		      "2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"),
	    200, "-|body|json|uid");
	assert_answer(ask(room, "GET /nothing HTTP/1.1\r\n" END), 404, "path\"}\n");
	assert_answer(ask(room, "GET /change HTTP/1.1\r\n" END), 405, "for POST\"}\n");
	assert_answer(ask(room, "POST /echo HTTP/1.1\r\n" JSON END), 405, "for GET\"}\n");
	assert_answer(ask(room, "DELETE /echo HTTP/1.1\r\n" END), 405, "POST\"}\n");
	assert_non_null(strstr(ask(room, "GET /change HTTP/1.1\r\n" END), "\r\nAllow: POST\r\n"));
}

static void
refuses_what_a_web_page_could_send(void **state)
{
	struct room *room = *state;

	assert_answer(ask(room, "POST /change HTTP/1.1\r\n" END), 415, "json\"}\n");
	assert_answer(ask(room, "POST /change HTTP/1.1\r\nContent-Type: text/plain\r\n" END), 415,
	    "json\"}\n");
	assert_answer(ask(room, "POST /change HTTP/1.1\r\n" JSON "Origin: http://a.test\r\n" END),
	    403, "(Origin)\"}\n");
	assert_answer(
	    ask(room, "GET /echo HTTP/1.1\r\nOrigin: null\r\n" END), 403, "(Origin)\"}\n");
}

static void
keeps_a_connection_and_sends_large_answers_whole(void **state)
{
	struct room *room = *state;
	char *answer = ask(room, "GET /echo?a=1 HTTP/1.1\r\nHost: a\r\n\r\n"
				 "HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n"
				 "GET /big HTTP/1.1\r\n" END);
	char *second = strstr(answer, "1||json|uidHTTP/1.1 200 "), *third;

	assert_non_null(second);
	assert_non_null(strstr(second, "Content-Length: 1048576\r\n"));
	third = strstr(second, "\r\n\r\nHTTP/1.1 200 ");
	assert_non_null(third);
	third = strstr(third + 4, "\r\n\r\n") + 4;
	assert_int_equal(strlen(third), BIG);
	assert_int_equal(strspn(third, "x"), BIG);
}

static void
bounds_a_request(void **state)
{
	struct room *room = *state;
	size_t len = 2 * ADMIN_BODY_MAX;
	char *body = xmalloc(len), *text;

	memset(body, 'b', len);
	text = xasprintf("POST /change HTTP/1.1\r\n" JSON "Content-Length: %zu\r\n" END "%.*s", len,
	    (int)len, body);
	assert_answer(ask(room, text), 413, "allowed\"}\n");
	free(text);
	text = xasprintf("POST /change HTTP/1.1\r\n" JSON "Content-Length: %d\r\n" END "%.*s",
	    ADMIN_BODY_MAX, ADMIN_BODY_MAX, body);
	assert_answer(ask(room, text), 200, "bbb|json|uid");
	free(text);
	text = xasprintf("GET /echo HTTP/1.1\r\nA: %.*s", (int)len, body);
	assert_answer(ask(room, text), 431, "\"}\n");
	free(text);
	free(body);
}

static void
refuses_what_is_ambiguous(void **state)
{
	static const char *const bad[] = {
	    "GARBAGE\r\n\r\n",
	    "GET /echo HTTP/1.1\r\n\r\n",
	    "POST /change HTTP/1.1\r\n" JSON
	    "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n" END "0\r\n\r\n",
	    "POST /change HTTP/1.1\r\n" JSON "Content-Length: 1\r\nContent-Length: 2\r\n" END "x",
	    "POST /change HTTP/1.1\r\n" JSON "Transfer-Encoding: chunked\r\n" END "zz\r\n",
	    "GET /echo HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
	};

	for (size_t i = 0; i < nelem(bad); i++)
		assert_answer(ask(*state, bad[i]), 400, "malformed\"}\n");
}

static void
says_continue_to_who_waits_for_it(void **state)
{
	char *answer = ask_for(*state, NULL,
	    "POST /change HTTP/1.1\r\n" JSON
	    "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n" END,
	    GLANCE_MS); /* the body never comes */

	assert_int_equal(strncmp(answer, "HTTP/1.1 100 Continue\r\n\r\n", 25), 0);
}

static void
shows_less_at_the_other_doors(void **state)
{
	struct room *room = *state;
	struct addr any, tcp, metrics;
	char why[ADMIN_WHY];
	int fd;

	assert_true(addr_parse(STR("127.0.0.1:0"), false, &any));
	fd = acceptor_bind(&any, false, &tcp);
	close(fd);
	fd = acceptor_bind(&any, false, &metrics);
	close(fd);
	admin_doors_begin(room->admin);
	assert_true(admin_door_socket(room->admin, room->path, why));
	assert_true(admin_door_tcp(room->admin, &tcp, ADMIN_TCP, why));
	assert_true(admin_door_tcp(room->admin, &metrics, ADMIN_METRICS, why));
	assert_false(admin_door_tcp(room->admin, &tcp, ADMIN_METRICS, why));
	assert_non_null(strstr(why, "cannot listen on 127.0.0.1:"));
	admin_doors_end(room->admin);

#define ASK(where, text) ask_for(room, &(where), text, PATIENCE_MS)
	assert_non_null(strstr(ASK(tcp, "GET /echo HTTP/1.1\r\n" END), "json|127.0.0.1:"));
	assert_answer(ASK(tcp, "POST /change HTTP/1.1\r\n" JSON END), 403, "only\"}\n");
	assert_answer(ASK(tcp, "GET /big HTTP/1.1\r\n" END), 404, "path\"}\n");
	assert_answer(ASK(metrics, "GET /big HTTP/1.1\r\n" END), 200, "xxx");
	assert_answer(ASK(metrics, "GET /echo HTTP/1.1\r\n" END), 404, "path\"}\n");
	assert_answer(ASK(metrics, "POST /change HTTP/1.1\r\n" JSON END), 404, "path\"}\n");
#undef ASK
}

static void
replaces_only_what_is_dead(void **state)
{
	struct room *room = *state;
	struct admin *other = admin_new(room->loop, NULL, routes, nelem(routes));
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char path[96], why[ADMIN_WHY];
	struct stat st;
	int fd;

	assert_int_equal(stat(room->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_false(admin_door_socket(other, room->path, why));
	assert_non_null(strstr(why, "another weir answers there"));

	snprintf(path, sizeof(path), "%s/dead.sock", room->folder);
	memcpy(at.sun_path, path, sizeof(path));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
	assert_true(admin_door_socket(other, path, why));

	snprintf(path, sizeof(path), "%s/file", room->folder);
	fclose(fopen(path, "w"));
	assert_false(admin_door_socket(other, path, why));
	assert_non_null(strstr(why, "no socket"));
	unlink(path);
	assert_false(admin_door_socket(other, "/nowhere/at/all", why));
	admin_free(&other);
}

static void
survives_many_who_say_nothing(void **state)
{
	struct room *room = *state;
	struct visit v = {.path = room->path, .patience_ms = PATIENCE_MS};
	int fds[ADMIN_CALLERS_MAX / 2];

	for (size_t i = 0; i < nelem(fds); i++)
		fds[i] = visit_dial(&v);
	assert_answer(ask(room, "GET /echo HTTP/1.1\r\n" END), 200, "uid");
	for (size_t i = 0; i < nelem(fds); i++)
		close(fds[i]);
	assert_answer(ask(room, "GET /echo HTTP/1.1\r\n" END), 200, "uid");
}

int
main(void)
{
#define ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)
	const struct CMUnitTest tests[] = {
	    ROOM(answers_by_path_and_method),
	    ROOM(refuses_what_a_web_page_could_send),
	    ROOM(keeps_a_connection_and_sends_large_answers_whole),
	    ROOM(bounds_a_request),
	    ROOM(refuses_what_is_ambiguous),
	    ROOM(says_continue_to_who_waits_for_it),
	    ROOM(shows_less_at_the_other_doors),
	    ROOM(replaces_only_what_is_dead),
	    ROOM(survives_many_who_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
