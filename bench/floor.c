/* floor - the physical limit of a relay on this machine: edge-triggered epoll, one thread, sockets
 * registered once, one recv and one send per direction and message, nothing parsed.
 *
 *	floor --to PORT [--mode kept|once|l4] [--port P]
 *
 *	kept  each client is paired with one upstream connection, which outlives it and is reused
 *	once  the same, but the client is closed after the first answer (it must fit one recv)
 *	l4    each client gets an upstream connection of its own; the end of one ends the other
 *
 * The port is printed as soon as it listens. */
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

enum mode { MODE_KEPT, MODE_ONCE, MODE_L4 };

struct side {
	int fd; /* -1: closed, freed at the end of the turn */
	bool client, readable, ended;
	struct side *peer; /* NULL: idle upstream */
	struct side *next; /* in the idle or the dead list */
	char *held;        /* owned: what the peer sent and this socket did not take */
	size_t held_len, held_off;
};

struct floor {
	int poll, listener;
	uint16_t to;
	enum mode mode;
	struct side *idle, *dead;
	char buffer[NET_BUFFER];
};

static void
side_close(struct side *s, struct floor *f)
{
	if (s->fd < 0)
		return;
	close(s->fd);
	s->fd = -1;
	s->next = f->dead;
	f->dead = s;
}

static struct side *
side_new(struct floor *f, int fd, bool client)
{
	struct side *s = must_alloc(sizeof(*s));

	s->fd = fd;
	s->client = client;
	net_watch(f->poll, fd, s, net_all_events);
	return s;
}

static struct side *
upstream_take(struct floor *f)
{
	struct side *s = f->idle;
	int fd;

	if (s != NULL) {
		f->idle = s->next;
		return s;
	}
	fd = net_dial(f->to);
	return fd < 0 ? NULL : side_new(f, fd, false);
}

static void
upstream_forget(struct floor *f, const struct side *gone)
{
	struct side **at = &f->idle;

	while (*at != NULL && *at != gone)
		at = &(*at)->next;
	if (*at != NULL)
		*at = gone->next;
}

/* The client has left: its upstream connection is at rest, unless bytes are still waiting for it.
 */
static void
pair_part(struct floor *f, struct side *client)
{
	struct side *upstream = client->peer;

	side_close(client, f);
	upstream->peer = NULL;
	if (f->mode == MODE_L4 || upstream->held_len > 0 || upstream->ended) {
		side_close(upstream, f);
		return;
	}
	upstream->next = f->idle;
	f->idle = upstream;
}

static void
side_end(struct floor *f, struct side *s)
{
	if (s->client) {
		pair_part(f, s);
		return;
	}
	if (s->peer != NULL)
		side_close(s->peer, f);
	else
		upstream_forget(f, s);
	side_close(s, f);
}

static bool
side_send(struct side *s, const char *bytes, size_t len)
{
	ssize_t n = send(s->fd, bytes, len, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != ENOTCONN)
		return false;
	if (n == (ssize_t)len)
		return true;
	s->held_off = 0;
	s->held_len = len - (size_t)(n > 0 ? n : 0);
	s->held = must_alloc(s->held_len);
	memcpy(s->held, bytes + (n > 0 ? n : 0), s->held_len);
	return true;
}

static bool
side_flush(struct side *s)
{
	while (s->held_len > 0) {
		ssize_t n = send(s->fd, s->held + s->held_off, s->held_len, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == ENOTCONN;
		s->held_off += (size_t)n;
		s->held_len -= (size_t)n;
	}
	free(s->held);
	s->held = NULL;
	return true;
}

/* Everything that `from` has goes to its peer, for as long as the peer takes it. */
static void
side_pump(struct floor *f, struct side *from)
{
	while (from->fd >= 0 && from->readable && from->peer && from->peer->held_len == 0) {
		ssize_t n = recv(from->fd, f->buffer, NET_BUFFER, 0);

		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			side_end(f, from);
			return;
		}
		if (n < NET_BUFFER)
			from->readable = from->ended && n > 0;
		if (n < 0)
			return;
		if (!side_send(from->peer, f->buffer, (size_t)n)) {
			side_end(f, from->peer);
			return;
		}
		if (f->mode == MODE_ONCE && !from->client) {
			pair_part(f, from->peer);
			return;
		}
	}
}

static void
floor_accept(struct floor *f)
{
	int fd;

	while ((fd = net_accept(f->listener)) >= 0) {
		struct side *upstream = upstream_take(f);
		struct side *client;

		if (upstream == NULL) {
			close(fd);
			continue;
		}
		client = side_new(f, fd, true);
		client->peer = upstream;
		upstream->peer = client;
		/* The first bytes are usually there by now. */
		client->readable = true;
		side_pump(f, client);
	}
}

static void
floor_event(struct floor *f, const struct epoll_event *event)
{
	struct side *s = event->data.ptr;

	if (s == NULL) {
		floor_accept(f);
		return;
	}
	if (s->fd < 0)
		return;
	if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		s->ended = true;
	if (s->ended || (event->events & EPOLLIN))
		s->readable = true;
	if (s->peer == NULL) {
		if (s->ended)
			side_end(f, s);
		return;
	}
	if (s->held_len > 0) {
		if (!side_flush(s)) {
			side_end(f, s);
			return;
		}
		side_pump(f, s->peer);
	}
	side_pump(f, s);
}

static void
floor_bury(struct floor *f)
{
	while (f->dead != NULL) {
		struct side *s = f->dead;

		f->dead = s->next;
		free(s->held);
		free(s);
	}
}

static _Noreturn void
floor_run(struct floor *f)
{
	struct epoll_event events[NET_EVENTS];

	for (;;) {
		int n = epoll_wait(f->poll, events, NET_EVENTS, -1);

		for (int i = 0; i < n; i++)
			floor_event(f, &events[i]);
		floor_bury(f);
	}
}

static enum mode
mode_named(const char *name)
{
	static const char *const names[] = {
	    [MODE_KEPT] = "kept", [MODE_ONCE] = "once", [MODE_L4] = "l4"};

	for (enum mode m = MODE_KEPT; m <= MODE_L4; m++) {
		if (strcmp(names[m], name) == 0)
			return m;
	}
	die("no such mode: %s", name);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"mode", required_argument, NULL, 'm'},
	    {"port", required_argument, NULL, 'p'}, {"to", required_argument, NULL, 't'}, {0}};
	struct floor *f = must_alloc(sizeof(*f));
	uint16_t port = 0;

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'm')
			f->mode = mode_named(optarg);
		else if (c == 'p')
			port = (uint16_t)must_number(optarg);
		else if (c == 't')
			f->to = (uint16_t)must_number(optarg);
		else
			return 2;
	}
	if (f->to == 0)
		die("--to PORT is missing");
	net_prepare();
	f->poll = epoll_create1(EPOLL_CLOEXEC);
	f->listener = net_listen(port);
	net_watch(f->poll, f->listener, NULL, EPOLLIN | EPOLLET);
	printf("%u\n", net_port(f->listener));
	fflush(stdout);
	floor_run(f);
}
