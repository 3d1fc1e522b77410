#include "io/acceptor.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ACCEPTOR_BACKLOG = 4096,
	ACCEPTOR_PAUSE_US = 100000, /* without accepting, after descriptors ran out */
	ACCEPTOR_KEEPALIVE_S = 60,  /* of silence before the kernel asks whether the peer lives */
};

static bool
acceptor_options(int fd, bool shared)
{
	int one = 1, idle = ACCEPTOR_KEEPALIVE_S;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	       (!shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) == 0) &&
	       setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) == 0 &&
	       setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle)) == 0;
}

int
acceptor_bind(const struct addr *addr, bool shared, struct addr *bound)
{
	socklen_t len = sizeof(*bound);
	int fd = socket(addr->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -1;
	if (acceptor_options(fd, shared) && bind(fd, &addr->sa, addr_len(addr)) == 0 &&
	    listen(fd, ACCEPTOR_BACKLOG) == 0 && getsockname(fd, &bound->sa, &len) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Level-triggered: what was not accepted in this turn is told again in the next. */
static void
acceptor_on_event(evutil_socket_t fd, short what, void *arg)
{
	struct acceptor *a = arg;

	(void)fd;
	(void)what;
	loop_ready(a->loop, &a->task);
}

static void
acceptor_resume(struct timer *t)
{
	struct acceptor *a = container_of(t, struct acceptor, pause);

	ASSERT(event_add(&a->event, NULL) == 0);
}

void
acceptor_open(struct acceptor *a, struct loop *l, int fd, void (*run)(struct task *))
{
	*a = (struct acceptor){.task = {.run = run}, .loop = l, .fd = fd};
	a->pause.fire = acceptor_resume;
	a->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	event_assign(&a->event, l->base, fd, EV_READ | EV_PERSIST, acceptor_on_event, a);
	ASSERT(event_add(&a->event, NULL) == 0);
}

/* The spare descriptor lets one connection be taken and refused, so that its peer learns; the rest
 * waits in the kernel's queue. */
static void
acceptor_exhausted(struct acceptor *a)
{
	int fd;

	if (a->spare_fd >= 0) {
		close(a->spare_fd);
		fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			close(fd);
	}
	a->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	event_del(&a->event);
	timer_set(a->loop, &a->pause, a->loop->now + ACCEPTOR_PAUSE_US);
}

int
acceptor_accept(struct acceptor *a, struct addr *peer, bool *exhausted)
{
	*exhausted = false;
	for (;;) {
		socklen_t len = sizeof(*peer);
		int fd = accept4(a->fd, &peer->sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			return fd;
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		/* Level-triggered: what is not accepted now would be told again at once. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			*exhausted = true;
			acceptor_exhausted(a);
		}
		return -1;
	}
}

void
acceptor_close(struct acceptor *a)
{
	if (a->fd < 0)
		return;
	timer_clear(a->loop, &a->pause);
	task_unlist(a->loop, &a->task);
	event_del(&a->event);
	close(a->fd);
	a->fd = -1;
	if (a->spare_fd >= 0)
		close(a->spare_fd);
	a->spare_fd = -1;
}
