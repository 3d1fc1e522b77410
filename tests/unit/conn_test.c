#include "pair.h"

#include <sys/resource.h>

enum { ROOM = 4096, FLOOD = 8 * 1024 * 1024 };

struct rig {
	struct loop *loop;
	struct conn conn;
	int peer;
	unsigned runs;
};

static void
rig_run(struct task *t)
{
	container_of(t, struct rig, conn.task)->runs++;
}

static void
rig_open(struct rig *r, void (*make)(int fds[2]))
{
	int fds[2];

	*r = (struct rig){.loop = loop_new(NULL)};
	make(fds);
	conn_open(&r->conn, r->loop, fds[0], rig_run);
	r->peer = fds[1];
}

static void
rig_close(struct rig *r)
{
	conn_close(&r->conn);
	conn_close(&r->conn);
	if (r->peer >= 0)
		close(r->peer);
	assert_int_equal(r->conn.fd, -1);
	loop_free(&r->loop);
}

static void
say(struct rig *r, const char *text)
{
	assert_int_equal(write(r->peer, text, strlen(text)), (ssize_t)strlen(text));
}

static enum io
hear(struct rig *r, size_t room, const char *want)
{
	char buf[ROOM];
	size_t got = 99;
	enum io io = conn_read(&r->conn, buf, room, &got);

	assert_int_equal(got, strlen(want));
	assert_memory_equal(buf, want, got);
	return io;
}

static void
a_short_read_has_drained_it(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, pair_tcp);
	assert_true(r.conn.may_read && r.conn.may_write); /* try first */
	assert_int_equal(hear(&r, ROOM, ""), IO_MORE);
	assert_false(r.conn.may_read);
	conn_watch(&r.conn);
	say(&r, "abcdef");
	PAIR_UNTIL(r.loop, r.conn.may_read);
	assert_int_equal(r.runs, 1);
	assert_int_equal(hear(&r, 3, "abc"), IO_DONE);
	assert_true(r.conn.may_read); /* a full one may not have */
	assert_int_equal(hear(&r, ROOM, "def"), IO_DONE);
	assert_false(r.conn.may_read);
	assert_false(r.conn.hup);
	say(&r, "g");
	PAIR_UNTIL(r.loop, r.conn.may_read);
	assert_int_equal(hear(&r, ROOM, "g"), IO_DONE);
	rig_close(&r);
}

static void
what_came_before_it_was_watched_is_told(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, pair_tcp);
	assert_int_equal(hear(&r, ROOM, ""), IO_MORE);
	say(&r, "early");
	conn_watch(&r.conn);
	conn_watch(&r.conn);
	PAIR_UNTIL(r.loop, r.conn.may_read);
	assert_int_equal(hear(&r, ROOM, "early"), IO_DONE);
	rig_close(&r);
}

/* The FIN may come with the last bytes, in one event: no other one follows. */
static void
bytes_before_the_end_are_read_to_it(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, pair_tcp);
	say(&r, "last");
	close(r.peer);
	r.peer = -1;
	conn_watch(&r.conn);
	PAIR_UNTIL(r.loop, r.conn.hup);
	assert_int_equal(hear(&r, ROOM, "last"), IO_DONE);
	assert_true(r.conn.may_read); /* no event will say so again */
	assert_false(r.conn.eof);
	assert_int_equal(hear(&r, ROOM, ""), IO_EOF);
	assert_true(r.conn.eof);
	assert_false(r.conn.may_read);
	rig_close(&r);
}

static void
the_end_after_a_short_read_is_told(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, pair_tcp);
	conn_watch(&r.conn);
	say(&r, "x");
	PAIR_UNTIL(r.loop, r.runs > 0);
	assert_int_equal(hear(&r, ROOM, "x"), IO_DONE);
	assert_false(r.conn.may_read);
	assert_int_equal(shutdown(r.peer, SHUT_WR), 0);
	PAIR_UNTIL(r.loop, r.conn.hup && r.conn.may_read);
	assert_int_equal(hear(&r, ROOM, ""), IO_EOF);
	rig_close(&r);
}

static void
a_reset_is_a_failure(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, pair_tcp);
	conn_watch(&r.conn);
	(void)hear(&r, ROOM, "");
	pair_reset(r.peer);
	r.peer = -1;
	PAIR_UNTIL(r.loop, r.conn.may_read);
	assert_int_equal(hear(&r, ROOM, ""), IO_FAILED);
	assert_int_equal(r.conn.error, ECONNRESET);
	assert_false(r.conn.may_read);
	rig_close(&r);
}

static void
an_abort_resets(void **state)
{
	struct rig r;
	char c;

	(void)state;
	rig_open(&r, pair_tcp);
	conn_abort(&r.conn);
	PAIR_UNTIL(r.loop, read(r.peer, &c, 1) < 0 && errno == ECONNRESET);
	rig_close(&r);
}

static void
a_finish_ends_our_side_only(void **state)
{
	struct rig r;
	char c;

	(void)state;
	rig_open(&r, pair_tcp);
	conn_finish(&r.conn);
	conn_finish(&r.conn); /* again: nothing */
	PAIR_UNTIL(r.loop, read(r.peer, &c, 1) == 0);
	conn_watch(&r.conn);
	say(&r, "still");
	PAIR_UNTIL(r.loop, r.runs > 0);
	assert_int_equal(hear(&r, ROOM, "still"), IO_DONE);
	rig_close(&r);
}

/* Until the socket is full; then the task is listed when there is room again. */
static void
a_full_socket_waits_for_room(void **state)
{
	struct rig r;
	char *flood = calloc(1, FLOOD);
	struct iovec iov[2] = {{flood, FLOOD / 2}, {flood + FLOOD / 2, FLOOD / 2}};
	size_t put, sent = 0, len = 0;
	bool open;

	(void)state;
	rig_open(&r, pair_tcp);
	conn_watch(&r.conn);
	assert_int_equal(conn_write(&r.conn, iov, 2, &put), IO_DONE); /* a part */
	assert_true(put > 0 && put < FLOOD);
	sent = put;
	assert_false(r.conn.may_write);
	assert_true(r.conn.watched_write);
	/* no room: nothing is written, nothing is lost; the room between two tries counts */
	while (conn_write(&r.conn, iov, 2, &put) == IO_DONE)
		sent += put;
	assert_int_equal(put, 0);
	PAIR_UNTIL(r.loop, (open = pair_drain(r.peer, flood, &len, FLOOD), open && len == sent));
	PAIR_UNTIL(r.loop, r.conn.may_write);
	assert_true(r.runs > 0);
	iov[0].iov_len = 5;
	assert_int_equal(conn_write(&r.conn, iov, 1, &put), IO_DONE);
	assert_int_equal(put, 5);
	assert_true(r.conn.may_write);
	free(flood);
	rig_close(&r);
}

/* Watching the write side late must not lose what the read side was about to be told. */
static void
a_change_of_interest_loses_nothing(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, pair_tcp);
	(void)hear(&r, ROOM, "");
	conn_watch(&r.conn);
	say(&r, "in between");
	r.conn.may_write = false;
	conn_watch_write(&r.conn);
	PAIR_UNTIL(r.loop, r.conn.may_read && r.conn.may_write);
	assert_int_equal(hear(&r, ROOM, "in between"), IO_DONE);
	rig_close(&r);
}

static void
a_write_to_nobody_fails_without_a_signal(void **state)
{
	struct rig r;
	struct iovec iov[2] = {{(char[]){"a"}, 1}, {(char[]){"b"}, 1}};
	size_t put;

	(void)state;
	for (int n = 1; n <= 2; n++) {
		rig_open(&r, pair_unix);
		close(r.peer);
		r.peer = -1;
		assert_int_equal(conn_write(&r.conn, iov, n, &put), IO_FAILED);
		assert_int_equal(put, 0);
		assert_int_equal(r.conn.error, EPIPE);
		assert_false(r.conn.may_write);
		rig_close(&r);
	}
}

static void
a_closed_conn_is_never_run(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, pair_unix);
	conn_watch(&r.conn);
	say(&r, "x");
	loop_ready(r.loop, &r.conn.task);
	conn_close(&r.conn);
	for (unsigned i = 0; i < 3; i++)
		pair_turn(r.loop);
	assert_int_equal(r.runs, 0);
	conn_watch(&r.conn); /* nothing */
	assert_false(r.conn.watched);
	rig_close(&r);
}

/* ---- dialling ---- */

static void
a_dial_that_is_accepted_is_done(void **state)
{
	struct rig r = {.peer = -1};
	struct iovec iov = {(char[]){"hello"}, 5};
	struct addr at;
	size_t put;
	char got[8];
	int door = pair_listen(&at);
	enum io io;

	(void)state;
	r.loop = loop_new(NULL);
	io = conn_dial(&r.conn, r.loop, &at, rig_run);
	assert_true(io == IO_MORE || io == IO_DONE);
	if (io == IO_MORE) {
		assert_int_equal(conn_dialled(&r.conn), IO_MORE);
		PAIR_UNTIL(r.loop, r.runs > 0);
	}
	assert_int_equal(conn_dialled(&r.conn), IO_DONE);
	r.peer = accept(door, NULL, NULL);
	assert_true(r.peer >= 0);
	assert_int_equal(conn_write(&r.conn, &iov, 1, &put), IO_DONE);
	assert_int_equal(read(r.peer, got, sizeof(got)), 5);
	say(&r, "back");
	PAIR_UNTIL(r.loop, r.conn.may_read);
	assert_int_equal(hear(&r, ROOM, "back"), IO_DONE);
	close(door);
	rig_close(&r);
}

static void
a_dial_to_a_closed_port_is_refused(void **state)
{
	struct rig r = {.peer = -1};
	struct addr at;
	enum io io;

	(void)state;
	close(pair_listen(&at));
	r.loop = loop_new(NULL);
	io = conn_dial(&r.conn, r.loop, &at, rig_run);
	if (io == IO_MORE) {
		PAIR_UNTIL(r.loop, r.runs > 0);
		io = conn_dialled(&r.conn);
	}
	assert_int_equal(io, IO_FAILED);
	assert_int_equal(r.conn.error, ECONNREFUSED);
	rig_close(&r);
}

/* Out of descriptors, or an address nobody can reach: told at once, nothing is left open. */
static void
a_dial_may_fail_at_once(void **state)
{
	struct rig r = {.peer = -1};
	struct rlimit old, none;
	struct addr at;

	(void)state;
	r.loop = loop_new(NULL);
	assert_true(addr_parse(STR("255.255.255.255:1"), false, &at));
	assert_int_equal(conn_dial(&r.conn, r.loop, &at, rig_run), IO_FAILED);
	assert_int_not_equal(r.conn.error, 0);
	assert_int_equal(r.conn.fd, -1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){0, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(conn_dial(&r.conn, r.loop, &at, rig_run), IO_FAILED);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(r.conn.error, EMFILE);
	assert_int_equal(r.conn.fd, -1);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_short_read_has_drained_it),
	    cmocka_unit_test(what_came_before_it_was_watched_is_told),
	    cmocka_unit_test(bytes_before_the_end_are_read_to_it),
	    cmocka_unit_test(the_end_after_a_short_read_is_told),
	    cmocka_unit_test(a_reset_is_a_failure),
	    cmocka_unit_test(an_abort_resets),
	    cmocka_unit_test(a_finish_ends_our_side_only),
	    cmocka_unit_test(a_full_socket_waits_for_room),
	    cmocka_unit_test(a_change_of_interest_loses_nothing),
	    cmocka_unit_test(a_write_to_nobody_fails_without_a_signal),
	    cmocka_unit_test(a_closed_conn_is_never_run),
	    cmocka_unit_test(a_dial_that_is_accepted_is_done),
	    cmocka_unit_test(a_dial_to_a_closed_port_is_refused),
	    cmocka_unit_test(a_dial_may_fail_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
