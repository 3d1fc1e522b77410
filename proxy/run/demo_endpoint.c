#include "run/demo_endpoint.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/framing.h"
#include "http/h1_parse.h"
#include "io/acceptor.h"

enum {
	DEMO_CALLERS = 128, /* connections at once; more wait in the kernel's queue */
	DEMO_READ = 16 * 1024,
	DEMO_ARENA = 64 * 1024,
	DEMO_SLOTS = 2, /* of the poll list that are not callers: stop, listener */
};

struct demo_caller {
	char bytes[DEMO_READ];
	size_t len;
	uint64_t skip; /* bytes of a body that nobody reads */
	size_t scanned;
};

struct demo_endpoint {
	const char *name;
	struct addr addr;
	int listen_fd, stop_fd;
	pthread_t thread;
	struct pollfd polled[DEMO_SLOTS + DEMO_CALLERS];
	struct demo_caller *callers[DEMO_CALLERS]; /* owned */
	nfds_t n;                                  /* of polled */
};

static void
demo_hang_up(struct demo_endpoint *e, nfds_t i)
{
	nfds_t last = --e->n;

	close(e->polled[i].fd);
	free(e->callers[i - DEMO_SLOTS]);
	e->polled[i] = e->polled[last];
	e->callers[i - DEMO_SLOTS] = e->callers[last - DEMO_SLOTS];
}

static void
demo_accept(struct demo_endpoint *e)
{
	int fd = accept4(e->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	e->callers[e->n - DEMO_SLOTS] = xcalloc(1, sizeof(struct demo_caller));
	e->polled[e->n++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static bool
demo_send(int fd, const char *p, size_t left)
{
	while (left > 0) {
		ssize_t n = send(fd, p, left, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		left -= (size_t)n;
	}
	return true;
}

/* The endpoint's name, and its view of the request. */
static bool
demo_answer(const struct demo_endpoint *e, int fd, const struct head *h, struct str request)
{
	char *body = xasprintf("This is endpoint %s. It was asked:\n\n%.*s", e->name,
	    (int)(request.len - strlen("\r\n")), request.p);
	char *all = xasprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
			      "Content-Length: %zu\r\nX-Endpoint: %s\r\n\r\n%s",
	    strlen(body), e->name, body);
	size_t len = strlen(all) - (h->method == METHOD_HEAD ? strlen(body) : 0);
	bool ok = demo_send(fd, all, len);

	free(all);
	free(body);
	return ok;
}

/* Answers every whole request that is buffered. False: hang up. */
static bool
demo_serve(const struct demo_endpoint *e, int fd, struct demo_caller *c)
{
	for (;;) {
		size_t skip = c->skip < c->len ? (size_t)c->skip : c->len, size;
		enum fault why = FAULT_none;
		struct framing framing;
		struct head head;
		struct arena a;
		bool ok;

		c->skip -= skip;
		c->len -= skip;
		memmove(c->bytes, c->bytes + skip, c->len);
		size = h1_head_size(str_of(c->bytes, c->len), &c->scanned, &why);
		if (why != FAULT_none || (size == 0 && c->len == sizeof(c->bytes)))
			return false;
		if (size == 0)
			return true;
		arena_init(&a, NULL, 0, DEMO_ARENA);
		ok = h1_parse_request(str_of(c->bytes, size), &a, &head) == FAULT_none &&
		     framing_request(&head, &framing) == FAULT_none &&
		     demo_answer(e, fd, &head, str_of(c->bytes, size));
		arena_reset(&a);
		if (!ok || framing.kind == BODY_CHUNKED || !framing.keep_alive)
			return false;
		c->skip = size + (framing.kind == BODY_LENGTH ? framing.length : 0);
		c->scanned = 0;
	}
}

static bool
demo_read(const struct demo_endpoint *e, int fd, struct demo_caller *c)
{
	ssize_t n = recv(fd, c->bytes + c->len, sizeof(c->bytes) - c->len, 0);

	if (n <= 0)
		return n < 0 && errno == EINTR;
	c->len += (size_t)n;
	return demo_serve(e, fd, c);
}

static void *
demo_run(void *arg)
{
	struct demo_endpoint *e = arg;

	e->polled[0] = (struct pollfd){.fd = e->stop_fd, .events = POLLIN};
	e->polled[1] = (struct pollfd){.fd = e->listen_fd, .events = POLLIN};
	e->n = DEMO_SLOTS;
	for (;;) {
		e->polled[1].events = e->n < nelem(e->polled) ? POLLIN : 0;
		if (poll(e->polled, e->n, -1) < 0 && errno != EINTR)
			break;
		if (e->polled[0].revents != 0)
			break;
		for (nfds_t i = e->n; i-- > DEMO_SLOTS;)
			if (e->polled[i].revents != 0 &&
			    !demo_read(e, e->polled[i].fd, e->callers[i - DEMO_SLOTS]))
				demo_hang_up(e, i);
		if (e->polled[1].revents != 0)
			demo_accept(e);
	}
	while (e->n > DEMO_SLOTS)
		demo_hang_up(e, e->n - 1);
	return NULL;
}

/* Signals are for the thread that serves. */
static bool
demo_spawn(struct demo_endpoint *e)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	error = pthread_create(&e->thread, NULL, demo_run, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return error == 0;
}

struct demo_endpoint *
demo_endpoint_start(const char *name)
{
	struct demo_endpoint *e = xcalloc(1, sizeof(*e));
	struct addr any;

	e->name = name;
	e->stop_fd = eventfd(0, EFD_CLOEXEC);
	ASSERT(addr_parse(STR("127.0.0.1:0"), false, &any));
	e->listen_fd = acceptor_bind(&any, false, &e->addr);
	if (e->stop_fd >= 0 && e->listen_fd >= 0 && demo_spawn(e))
		return e;
	if (e->stop_fd >= 0)
		close(e->stop_fd);
	if (e->listen_fd >= 0)
		close(e->listen_fd);
	free(e);
	return NULL;
}

void
demo_endpoint_stop(struct demo_endpoint **ep)
{
	struct demo_endpoint *e = *ep;
	uint64_t one = 1;

	if (e == NULL)
		return;
	*ep = NULL;
	ASSERT(write(e->stop_fd, &one, sizeof(one)) == sizeof(one));
	ASSERT(pthread_join(e->thread, NULL) == 0);
	close(e->stop_fd);
	close(e->listen_fd);
	free(e);
}

const struct addr *
demo_endpoint_addr(const struct demo_endpoint *e)
{
	return &e->addr;
}
