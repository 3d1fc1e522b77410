#include "pair.h"

#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "io/acceptor.h"

enum { CALLERS = 40, FEW = 3 };

struct rig {
	struct loop *loop;
	struct acceptor acceptor;
	struct addr at;
	unsigned runs, accepted, exhausted;
	int fds[CALLERS], callers[CALLERS];
};

static void
rig_run(struct task *t)
{
	struct rig *r = container_of(t, struct rig, acceptor.task);
	struct addr peer;
	bool exhausted = false;

	r->runs++;
	for (unsigned i = 0; i < ACCEPTOR_SHARE && r->accepted < CALLERS; i++) {
		int fd = acceptor_accept(&r->acceptor, &peer, &exhausted);

		r->exhausted += exhausted;
		if (fd < 0)
			return;
		ASSERT(peer.sa.sa_family == AF_INET);
		r->fds[r->accepted++] = fd;
	}
}

static void
rig_open(struct rig *r)
{
	struct addr any;
	int fd;

	*r = (struct rig){.loop = loop_new(NULL)};
	ASSERT(addr_parse(STR("127.0.0.1:0"), false, &any));
	fd = acceptor_bind(&any, true, &r->at);
	ASSERT(fd >= 0);
	acceptor_open(&r->acceptor, r->loop, fd, rig_run);
}

static void
call(struct rig *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		ASSERT(fd >= 0 && connect(fd, &r->at.sa, addr_len(&r->at)) == 0);
		r->callers[i] = fd;
	}
}

static void
rig_close(struct rig *r)
{
	for (unsigned i = 0; i < CALLERS; i++) {
		if (r->callers[i] > 0)
			close(r->callers[i]);
		if (i < r->accepted)
			close(r->fds[i]);
	}
	acceptor_close(&r->acceptor);
	acceptor_close(&r->acceptor);
	loop_free(&r->loop);
}

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static void
everybody_is_let_in_with_the_options(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	call(&r, CALLERS);
	PAIR_UNTIL(r.loop, r.accepted == CALLERS);
	assert_true(r.runs >= CALLERS / ACCEPTOR_SHARE); /* a share a turn */
	for (unsigned i = 0; i < CALLERS; i++) {
		assert_true(fcntl(r.fds[i], F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(r.fds[i], F_GETFD) & FD_CLOEXEC);
		assert_true(option(r.fds[i], IPPROTO_TCP, TCP_NODELAY));
		assert_true(option(r.fds[i], SOL_SOCKET, SO_KEEPALIVE));
	}
	rig_close(&r);
}

static void
nobody_there_is_not_exhausted(void **state)
{
	struct rig r;
	struct addr peer;
	bool exhausted = true;

	(void)state;
	rig_open(&r);
	assert_int_equal(acceptor_accept(&r.acceptor, &peer, &exhausted), -1);
	assert_false(exhausted);
	rig_close(&r);
}

static void
a_socket_is_shared_only_with_those_who_share(void **state)
{
	struct addr any, at, other;
	int first, second;

	(void)state;
	assert_true(addr_parse(STR("127.0.0.1:0"), false, &any));
	first = acceptor_bind(&any, true, &at);
	assert_true(first >= 0 && addr_port(&at) != 0);
	second = acceptor_bind(&at, true, &other);
	assert_true(second >= 0);
	assert_true(addr_same(&at, &other));
	close(second);
	assert_int_equal(acceptor_bind(&at, false, &other), -1);
	assert_int_equal(errno, EADDRINUSE);
	close(first);
	first = acceptor_bind(&at, false, &other);
	assert_true(first >= 0);
	assert_int_equal(acceptor_bind(&at, true, &other), -1);
	assert_int_equal(errno, EADDRINUSE);
	close(first);
}

static void
a_closed_acceptor_lets_nobody_in(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	rig_open(&r);
	call(&r, 1);
	acceptor_close(&r.acceptor);
	for (unsigned i = 0; i < FEW; i++)
		pair_turn(r.loop);
	assert_int_equal(r.runs, 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, &r.at.sa, addr_len(&r.at)), -1);
	close(fd);
	rig_close(&r);
}

/* ---- without descriptors ---- */

static void
turns(struct rig *r, unsigned ms)
{
	uint64_t until = r->loop->now + ms * UINT64_C(1000);

	while (r->loop->now < until) {
		usleep(PAIR_PAUSE_US);
		pair_turn(r->loop);
	}
}

/* In a process of its own: it changes its limits. */
static int
child(void)
{
	struct rig r;
	struct rlimit old, low;
	char c;
	unsigned refused = 0;

	rig_open(&r);
	call(&r, FEW);
	ASSERT(getrlimit(RLIMIT_NOFILE, &old) == 0);
	low = (struct rlimit){(rlim_t)dup(0), old.rlim_max};
	close((int)low.rlim_cur);
	ASSERT(setrlimit(RLIMIT_NOFILE, &low) == 0);

	/* one of them is refused, the rest wait, nothing spins */
	turns(&r, 20);
	ASSERT(r.exhausted == 1 && r.accepted == 0 && r.runs == 1);
	for (unsigned i = 0; i < FEW; i++)
		refused += recv(r.callers[i], &c, 1, MSG_DONTWAIT) == 0 || errno != EAGAIN;
	ASSERT(refused == 1);
	turns(&r, 120);
	ASSERT(r.exhausted == 2 && r.accepted == 0 && r.runs == 2);

	/* and when there are some again, who still waits is let in */
	ASSERT(setrlimit(RLIMIT_NOFILE, &old) == 0);
	turns(&r, 120);
	ASSERT(r.accepted == FEW - 2);
	ASSERT(r.acceptor.spare_fd >= 0);
	rig_close(&r);
	return 0;
}

static void
without_descriptors_it_pauses(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(everybody_is_let_in_with_the_options),
	    cmocka_unit_test(nobody_there_is_not_exhausted),
	    cmocka_unit_test(a_socket_is_shared_only_with_those_who_share),
	    cmocka_unit_test(a_closed_acceptor_lets_nobody_in),
	    cmocka_unit_test(without_descriptors_it_pauses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
