/* pair - a loop and two ends of a byte stream in one thread, for the tests of what moves bytes: one
 * end is a conn of the room under test, the other one is the test's own. */
#ifndef TESTS_UNIT_PAIR_H
#define TESTS_UNIT_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/conn.h"

enum { PAIR_TURNS = 20000, PAIR_PAUSE_US = 50 };

static inline uint64_t
pair_random(uint64_t *s, uint64_t n)
{
	uint64_t z = *s += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % n;
}

struct pair_stop {
	struct task task;
	struct loop *loop;
};

static inline void
pair_stop_run(struct task *t)
{
	loop_stop(container_of(t, struct pair_stop, task)->loop);
}

/* One turn, without sleeping in it. */
static inline void
pair_turn(struct loop *l)
{
	struct pair_stop stop = {.task = {.run = pair_stop_run}, .loop = l};

	l->stop = false;
	loop_again(l, &stop.task);
	loop_run(l);
}

/* Turns until it is so; a failure when that takes too long. */
#define PAIR_UNTIL(l, condition)                                                                   \
	for (unsigned turns_ = 0; !(condition); turns_++) {                                        \
		assert_true(turns_ < PAIR_TURNS);                                                  \
		if (turns_ > 2)                                                                    \
			usleep(PAIR_PAUSE_US);                                                     \
		pair_turn(l);                                                                      \
	}

static inline void
pair_unix(int fds[2])
{
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

/* A listening socket on a port of the kernel's choice. */
static inline int
pair_listen(struct addr *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && addr_parse(STR("127.0.0.1:0"), false, at));
	assert_int_equal(bind(fd, &at->sa, addr_len(at)), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, &at->sa, &len), 0);
	return fd;
}

static inline void
pair_tcp(int fds[2]) /* both non-blocking */
{
	struct addr at;
	int door = pair_listen(&at);

	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fds[0], &at.sa, addr_len(&at)), 0);
	fds[1] = accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(fds[1] >= 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	close(door);
}

/* A close that the other side sees as a reset. */
static inline void
pair_reset(int fd)
{
	struct linger linger = {.l_onoff = 1};

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	close(fd);
}

static inline void
pair_small(int fd)
{
	int size = 1; /* the kernel's minimum */

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

/* Bytes that tell where in the stream they are. */
static inline char
pair_byte(uint64_t at)
{
	return (char)(at ^ at >> 8 ^ at >> 16);
}

/* What the peer has for us now is appended to text; false: it has ended. */
static inline bool
pair_drain(int fd, char *text, size_t *len, size_t room)
{
	for (;;) {
		ssize_t n = read(fd, text + *len, room - *len);

		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		*len += (size_t)n;
		assert_true(*len < room);
	}
}

#endif
