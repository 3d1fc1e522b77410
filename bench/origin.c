/* origin - the cheapest endpoint that a proxy can be measured against: one thread, edge-triggered,
 * one recv and one send per request. It looks for the end of the head and for the last segment of
 * the path, which is the size of the answer: /1k, /64k, /1m, /any/prefix/1k. A POST also has its
 * Content-Length of body consumed. /ws answers 101 and then echoes. `--mode echo` only echoes.
 *
 *	origin [--mode http|echo] [--port P] [--ports N]
 *
 * The ports are printed on one line as soon as they listen; port 0 lets the kernel pick. */
#include "net.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REPLY_MAX = 16, REPLY_HEAD_MAX = 160, HEAD_MAX = 16 * 1024, SIZE_DEFAULT = 2 };

enum conn_at { CONN_HEAD, CONN_BODY, CONN_ECHO };

struct watched {
	int fd;
	bool listening; /* a listener, or the head of a struct conn */
};

struct conn {
	struct watched watched; /* first: epoll gives back a struct watched */
	enum conn_at at;
	bool readable, ended;
	char *held; /* owned: the start of a head, or an echo that did not fit */
	size_t held_len;
	uint64_t body_left;
	const char *out; /* borrowed from a reply or from held */
	size_t out_len;
};

struct reply {
	size_t size;
	char *bytes; /* owned: head and body */
	size_t len;
};

struct origin {
	int poll;
	bool echo;
	struct reply replies[REPLY_MAX];
	size_t reply_count;
	struct reply switching; /* the 101 */
	char buffer[HEAD_MAX + NET_BUFFER];
};

static void
conn_close(struct conn *c)
{
	close(c->watched.fd);
	free(c->held);
	free(c);
}

/* False: the connection is broken. */
static bool
conn_flush(struct conn *c)
{
	while (c->out_len > 0) {
		ssize_t n = send(c->watched.fd, c->out, c->out_len, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN;
		c->out += n;
		c->out_len -= (size_t)n;
	}
	free(c->held);
	c->held = NULL;
	c->held_len = 0;
	return true;
}

static bool
conn_send(struct conn *c, const struct reply *reply)
{
	c->out = reply->bytes;
	c->out_len = reply->len;
	return conn_flush(c);
}

static void
conn_hold(struct conn *c, const char *bytes, size_t len)
{
	c->held = must_alloc(len);
	memcpy(c->held, bytes, len);
	c->held_len = len;
}

static bool
conn_echo(struct conn *c, const char *bytes, size_t len)
{
	struct reply same = {.bytes = (char *)(uintptr_t)bytes, .len = len};

	if (!conn_send(c, &same))
		return false;
	if (c->out_len > 0) {
		conn_hold(c, c->out, c->out_len);
		c->out = c->held;
	}
	return true;
}

static const struct reply *
origin_reply(struct origin *o, size_t size)
{
	struct reply *reply = o->replies;
	int head;

	while (reply < o->replies + o->reply_count && reply->size != size)
		reply++;
	if (reply < o->replies + o->reply_count)
		return reply;
	if (o->reply_count == REPLY_MAX)
		die("more than %d sizes", REPLY_MAX);
	o->reply_count++;
	reply->size = size;
	reply->bytes = must_alloc(REPLY_HEAD_MAX + size);
	head = snprintf(reply->bytes, REPLY_HEAD_MAX,
	    "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: "
	    "%zu\r\n\r\n",
	    size);
	memset(reply->bytes + head, 'x', size);
	reply->len = (size_t)head + size;
	return reply;
}

/* "GET /a/64k HTTP/1.1": 64 KB. A name that is no number asks for the default size. */
static size_t
path_size(const char *last)
{
	char *unit;
	size_t size = strtoul(last, &unit, 10);

	if (unit == last)
		return SIZE_DEFAULT;
	return *unit == 'm' ? size << 20 : *unit == 'k' ? size << 10 : size;
}

/* The head ends at `end`; the answer starts at once, whatever is still to come of the body. */
static bool
conn_answer(struct conn *c, struct origin *o, const char *head, const char *end, size_t after)
{
	const char *path = memchr(head, ' ', (size_t)(end - head));
	const char *path_end = path ? memchr(path + 1, ' ', (size_t)(end - path - 1)) : NULL;
	const char *last = path_end ? memrchr(path, '/', (size_t)(path_end - path)) : NULL;

	if (last == NULL)
		return false;
	if (strncmp(last, "/ws ", 4) == 0) {
		c->at = CONN_ECHO;
		return conn_send(c, &o->switching);
	}
	if (head[0] == 'P') {
		uint64_t body = net_body_length(head, (size_t)(end - head));

		if (body == NET_NO_LENGTH)
			return false;
		c->body_left = body > after ? body - after : 0;
	}
	/* An upload is answered when it is complete, so that every byte of it was relayed. */
	c->at = c->body_left > 0 ? CONN_BODY : CONN_HEAD;
	return c->body_left > 0 || conn_send(c, origin_reply(o, path_size(last + 1)));
}

static bool
conn_take(struct conn *c, struct origin *o, const char *bytes, size_t len)
{
	const char *end;

	switch (c->at) {
	case CONN_ECHO:
		return conn_echo(c, bytes, len);
	case CONN_BODY:
		c->body_left -= len < c->body_left ? len : c->body_left;
		if (c->body_left > 0)
			return true;
		c->at = CONN_HEAD;
		return conn_send(c, origin_reply(o, SIZE_DEFAULT));
	case CONN_HEAD:
		break;
	}
	end = memmem(bytes, len, "\r\n\r\n", 4);
	if (end == NULL) {
		if (len > HEAD_MAX)
			return false;
		conn_hold(c, bytes, len);
		return true;
	}
	return conn_answer(c, o, bytes, end + 2, len - (size_t)(end + 4 - bytes));
}

/* Reads while there is something to read and nothing that waits to leave. */
static bool
conn_run(struct conn *c, struct origin *o)
{
	if (c->out_len > 0 && !conn_flush(c))
		return false;
	while (c->readable && c->out_len == 0) {
		size_t before = c->held_len;
		ssize_t n;

		if (before > 0)
			memcpy(o->buffer, c->held, before);
		n = recv(c->watched.fd, o->buffer + before, NET_BUFFER, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return false;
		if (n < NET_BUFFER)
			c->readable = c->ended && n > 0;
		if (n < 0)
			break;
		free(c->held);
		c->held = NULL;
		c->held_len = 0;
		if (!conn_take(c, o, o->buffer, before + (size_t)n))
			return false;
	}
	return true;
}

static void
origin_accept(struct origin *o, int listener)
{
	int fd;

	while ((fd = net_accept(listener)) >= 0) {
		struct conn *c = must_alloc(sizeof(*c));

		c->watched.fd = fd;
		c->at = o->echo ? CONN_ECHO : CONN_HEAD;
		net_watch(o->poll, fd, &c->watched, net_all_events);
	}
}

static void
origin_event(struct origin *o, const struct epoll_event *event)
{
	struct watched *watched = event->data.ptr;
	struct conn *c = (struct conn *)watched;

	if (watched->listening) {
		origin_accept(o, watched->fd);
		return;
	}
	if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->ended = true;
	if (c->ended || (event->events & EPOLLIN))
		c->readable = true;
	if (!conn_run(c, o))
		conn_close(c);
}

static void
origin_listen(struct origin *o, uint16_t port, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct watched *listener = must_alloc(sizeof(*listener));

		listener->fd = net_listen(port ? (uint16_t)(port + i) : 0);
		listener->listening = true;
		net_watch(o->poll, listener->fd, listener, EPOLLIN | EPOLLET);
		printf("%s%u", i ? " " : "", net_port(listener->fd));
	}
	printf("\n");
	fflush(stdout);
}

static _Noreturn void
origin_run(struct origin *o)
{
	struct epoll_event events[NET_EVENTS];

	for (;;) {
		int n = epoll_wait(o->poll, events, NET_EVENTS, -1);

		for (int i = 0; i < n; i++)
			origin_event(o, &events[i]);
	}
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"mode", required_argument, NULL, 'm'},
	    {"port", required_argument, NULL, 'p'}, {"ports", required_argument, NULL, 'n'}, {0}};
	/* The answer to the key that RFC 6455 1.3 uses, which is the one that load sends. */
	static const char switching[] =
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
	struct origin *o = must_alloc(sizeof(*o));
	uint16_t port = 0;
	size_t ports = 1;

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'm')
			o->echo = strcmp(optarg, "echo") == 0;
		else if (c == 'p')
			port = (uint16_t)must_number(optarg);
		else if (c == 'n')
			ports = must_number(optarg);
		else
			return 2;
	}
	net_prepare();
	o->poll = epoll_create1(EPOLL_CLOEXEC);
	o->switching.bytes = strdup(switching);
	o->switching.len = sizeof(switching) - 1;
	origin_listen(o, port, ports);
	origin_run(o);
}
