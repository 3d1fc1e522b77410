#include "io/conn.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CONN_LOOK_US = 200000 }; /* of quiet after a short read, then one more look */

static void
conn_on_event(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	if (what & EV_READ)
		c->may_read = true;
	if (what & EV_WRITE)
		c->may_write = true;
	if (what & EV_CLOSED)
		c->hup = c->may_read = true;
	loop_ready(c->loop, &c->task);
}

/* libevent tells an error (EPOLLERR) as mere readiness. When the last bytes and the reset behind
 * them come as one event, a short read would take all to be well and never be told again; so once
 * a conn has been quiet for a while after a short read, it is looked at once more. Lazy: while
 * bytes flow this costs a store. */
static void
conn_look(struct timer *t)
{
	struct conn *c = container_of(t, struct conn, look);

	c->may_read = true;
	loop_ready(c->loop, &c->task);
}

static void
conn_init(struct conn *c, struct loop *l, int fd, void (*run)(struct task *))
{
	c->task = (struct task){.run = run};
	c->loop = l;
	c->transport = &transport_plain;
	c->tls = NULL;
	c->fd = fd;
	c->error = 0;
	c->held = 0;
	c->may_read = c->may_write = true;
	c->hup = c->eof = c->watched = c->watched_write = c->more = c->large = false;
	c->active_at = l->now;
	c->timer = (struct timer){0};
	c->look = (struct timer){.fire = conn_look};
}

void
conn_open(struct conn *c, struct loop *l, int fd, void (*run)(struct task *))
{
	conn_init(c, l, fd, run);
}

static void
conn_register(struct conn *c, short what)
{
	event_assign(&c->event, c->loop->base, c->fd, what | EV_CLOSED | EV_ET | EV_PERSIST,
	    conn_on_event, c);
	/* Only memory can fail it for a valid descriptor, and that is impossible-class. */
	ASSERT(event_add(&c->event, NULL) == 0);
	c->watched = true;
}

void
conn_watch(struct conn *c)
{
	if (!c->watched && c->fd >= 0)
		conn_register(c, EV_READ);
}

void
conn_watch_write(struct conn *c)
{
	if (c->watched_write || c->fd < 0)
		return;
	if (c->watched)
		event_del(&c->event);
	conn_register(c, EV_READ | EV_WRITE);
	c->watched_write = true;
}

enum io
conn_dial(struct conn *c, struct loop *l, const struct addr *to, void (*run)(struct task *))
{
	int one = 1, fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	conn_init(c, l, fd, run);
	if (fd < 0) {
		c->error = errno;
		return IO_FAILED;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* only slower without */
	if (connect(fd, &to->sa, addr_len(to)) == 0) {
		conn_watch_write(c);
		return IO_DONE;
	}
	if (errno != EINPROGRESS) {
		c->error = errno;
		conn_close(c);
		return IO_FAILED;
	}
	c->may_read = c->may_write = false;
	conn_watch_write(c);
	return IO_MORE;
}

enum io
conn_dialled(struct conn *c)
{
	socklen_t len = sizeof(c->error);

	if (!c->may_write && !c->hup && !c->may_read)
		return IO_MORE;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &c->error, &len) != 0)
		c->error = errno;
	return c->error ? IO_FAILED : IO_DONE;
}

void
conn_close(struct conn *c)
{
	if (c->fd < 0)
		return;
	c->transport->close(c);
	timer_clear(c->loop, &c->timer);
	timer_clear(c->loop, &c->look);
	task_unlist(c->loop, &c->task);
	if (c->watched)
		event_del(&c->event); /* before the number can be used again */
	close(c->fd);
	c->fd = -1;
	c->watched = c->watched_write = c->may_read = c->may_write = false;
}

void
conn_abort(struct conn *c)
{
	struct linger linger = {.l_onoff = 1};

	if (c->error == 0)
		c->error = ECONNABORTED; /* so that no transport says goodbye */
	if (c->fd >= 0)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	conn_close(c);
}

/* glibc's recv() and send() may be cancelled: in a process with threads that is two calls more and
 * 35 instructions for each of them. Nobody is cancelled here. (Sanitizers know them by name.) */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CONN_RECV(fd, buf, len)        recv(fd, buf, len, 0)
#define CONN_SEND(fd, buf, len, flags) send(fd, buf, len, flags)
#else
#define CONN_RECV(fd, buf, len)        syscall(SYS_recvfrom, fd, buf, len, 0, NULL, NULL)
#define CONN_SEND(fd, buf, len, flags) syscall(SYS_sendto, fd, buf, len, flags, NULL, 0)
#endif

static enum io
plain_read(struct conn *c, void *buf, size_t len, size_t *got)
{
	ssize_t n;

	do
		n = CONN_RECV(c->fd, buf, len);
	while (n < 0 && errno == EINTR);
	*got = n > 0 ? (size_t)n : 0;
	if (likely(n > 0)) {
		c->active_at = c->loop->now;
		if ((size_t)n < len && !c->hup) {
			c->may_read = false; /* a short read has drained it: no EAGAIN needed */
			timer_set(c->loop, &c->look, c->active_at + CONN_LOOK_US);
		}
		return IO_DONE;
	}
	c->may_read = false;
	if (n == 0) {
		c->eof = true;
		return IO_EOF;
	}
	if (errno == EAGAIN)
		return IO_MORE;
	c->error = errno;
	return IO_FAILED;
}

static __attribute__((noinline)) ssize_t
plain_send_all(struct conn *c, const struct iovec *iov, int n, int flags, size_t *want)
{
	*want = 0;
	for (int i = 0; i < n; i++)
		*want += iov[i].iov_len;
	return sendmsg(c->fd,
	    &(struct msghdr){.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n},
	    flags);
}

/* Without the msghdr when there is but one piece, as for most requests and answers. */
static inline ssize_t
plain_send(struct conn *c, const struct iovec *iov, int n, size_t *want)
{
	int flags = MSG_NOSIGNAL | (c->more ? MSG_MORE : 0);

	if (unlikely(n != 1))
		return plain_send_all(c, iov, n, flags, want);
	*want = iov->iov_len;
	return CONN_SEND(c->fd, iov->iov_base, *want, flags);
}

static enum io
plain_write(struct conn *c, const struct iovec *iov, int n, size_t *put)
{
	size_t want;
	ssize_t sent;

	do
		sent = plain_send(c, iov, n, &want);
	while (sent < 0 && errno == EINTR);
	*put = sent > 0 ? (size_t)sent : 0;
	if (likely(sent >= 0 && (size_t)sent == want)) {
		c->active_at = c->loop->now;
		return IO_DONE;
	}
	if (sent < 0 && errno != EAGAIN) {
		c->error = errno;
		c->may_write = false;
		return IO_FAILED;
	}
	if (sent > 0)
		c->active_at = c->loop->now;
	c->may_write = false;
	conn_watch_write(c);
	return sent > 0 ? IO_DONE : IO_MORE;
}

static void
plain_finish(struct conn *c)
{
	(void)shutdown(c->fd, SHUT_WR); /* ENOTCONN: it is over anyway */
}

static void
plain_close(struct conn *c)
{
	(void)c;
}

const struct transport transport_plain = {
    "plain", plain_read, plain_write, plain_finish, plain_close};
