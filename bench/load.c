/* load - a load generator with a fixed number of requests, so that CPU per request is exact.
 * One thread, edge-triggered; every answer's status and length are checked.
 *
 *	load --port P [--kind http|raw|ws|silent] [--connections N] [--requests N] [--path /1k]
 *	     [--expect BYTES] [--body BYTES] [--hosts N] [--close] [--rate R] [--seconds S] [--wait]
 *
 *	http    GET, or with --body POST. --hosts spreads over r0.example.com .. r<N-1>.example.com.
 *	        --close asks for and waits for the end of the connection after each answer.
 *	raw     sends --body bytes and expects as many back (an echo behind an L4 proxy)
 *	ws      opens a WebSocket tunnel per connection; with --requests 0, to hold them
 *	silent  connects and says nothing
 *
 * First every connection makes one exchange that is not counted; then, with --wait, "ready" is
 * printed and a line is awaited on stdin; then the counted requests run and one line of JSON says
 * how it went. With --wait the connections then stay open until another line, or the end of stdin.
 * --rate makes it an open loop: request i is due at start + i/R, and its latency is
 * counted from then, sent or not. --seconds bounds the run; what is late then has failed. */
#include "histogram.h"
#include "load_spec.h"
#include "net.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HEAD_MAX = 4096,
	OWN_MAX = 512,      /* a request that names its own host */
	PRIME_AT_ONCE = 64, /* connections that are opened at the same time */
	NS_PER_S = 1000000000,
	GRACE_NS = 2000000000, /* for answers that are out at the end of --seconds */
	POLL_NS = 100000000,
};

enum conn_at { CONN_RESTS, CONN_HEAD, CONN_BODY, CONN_CLOSING };

enum failure {
	FAILURE_REFUSED, /* no connection */
	FAILURE_RESET,
	FAILURE_CLOSED, /* the end before the whole answer */
	FAILURE_STATUS,
	FAILURE_LENGTH,
	FAILURE_LATE,
	FAILURES
};

struct conn {
	int fd; /* -1: not connected */
	enum conn_at at;
	bool readable, ended;
	uint64_t due_at, took_for;
	const char *out; /* borrowed from the load or from own */
	size_t out_len;
	uint64_t left; /* bytes of the answer that are missing */
	size_t head_len;
	char head[HEAD_MAX]; /* the start of a head that came in pieces */
	char own[OWN_MAX];
	struct conn *next; /* in the ready queue */
};

struct load {
	struct spec spec;
	int poll;
	struct conn *conns;
	struct conn *ready, **ready_end; /* connections that wait for their next request */
	const char *request;
	size_t request_len;
	bool primed; /* the counted part has begun */
	uint64_t begun_at, issued, finished, total, in_flight, random;
	uint64_t failed[FAILURES], connects, bytes;
	struct histogram latency;
	char buffer[HEAD_MAX + NET_BUFFER];
};

static void
ready_push(struct load *l, struct conn *c)
{
	c->next = NULL;
	*l->ready_end = c;
	l->ready_end = &c->next;
}

static struct conn *
ready_pop(struct load *l)
{
	struct conn *c = l->ready;

	l->ready = c->next;
	if (l->ready == NULL)
		l->ready_end = &l->ready;
	return c;
}

static void
conn_drop(struct conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->at = CONN_RESTS;
	c->readable = c->ended = false;
	c->out_len = c->head_len = 0;
}

static void
conn_finish(struct load *l, struct conn *c)
{
	c->at = CONN_RESTS;
	l->in_flight--;
	l->finished++;
	if (l->primed)
		ready_push(l, c);
}

static void
conn_fail(struct load *l, struct conn *c, enum failure why)
{
	l->failed[why]++;
	conn_drop(c);
	conn_finish(l, c);
}

static void
conn_succeed(struct load *l, struct conn *c)
{
	histogram_add(&l->latency, c->took_for);
	if (l->spec.close)
		conn_drop(c);
	conn_finish(l, c);
}

static void
conn_write(struct load *l, struct conn *c)
{
	while (c->out_len > 0) {
		ssize_t n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);

		if (n < 0) {
			/* Why it broke, and perhaps an early answer, is for recv to say. */
			if (errno == ECONNREFUSED)
				conn_fail(l, c, FAILURE_REFUSED);
			else if (errno != EAGAIN)
				c->readable = c->ended = true;
			return;
		}
		c->out += n;
		c->out_len -= (size_t)n;
	}
	if (l->spec.kind == KIND_SILENT && c->at == CONN_HEAD)
		conn_succeed(l, c);
}

static size_t
request_write(const struct load *l, char *to, size_t room, uint64_t host)
{
	const struct spec *s = &l->spec;
	const char *extra = "";
	char length[64] = "";
	int n;

	if (s->kind == KIND_WS)
		extra = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
	else if (s->close)
		extra = "Connection: close\r\n";
	if (s->body > 0)
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n", s->body);
	n = snprintf(to, room,
	    "%s %s HTTP/1.1\r\nHost: r%llu.example.com\r\nUser-Agent: load\r\nAccept: "
	    "*/*\r\n%s%s\r\n",
	    s->body > 0 ? "POST" : "GET", s->path, (unsigned long long)host, extra, length);
	if ((size_t)n >= room)
		die("the request is too long");
	return (size_t)n;
}

static uint64_t
load_random(struct load *l)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return l->random;
}

static void
conn_start(struct load *l, struct conn *c, uint64_t due_at)
{
	l->issued++;
	l->in_flight++;
	if (c->fd < 0) {
		c->fd = net_dial(l->spec.port);
		if (c->fd < 0) {
			conn_fail(l, c, FAILURE_REFUSED);
			return;
		}
		l->connects++;
		net_watch(l->poll, c->fd, c, net_all_events);
	}
	c->due_at = due_at;
	c->out = l->request;
	c->out_len = l->request_len;
	if (l->spec.hosts > 0) {
		c->out = c->own;
		c->out_len =
		    request_write(l, c->own, sizeof(c->own), load_random(l) % l->spec.hosts);
	}
	c->left = l->spec.body; /* for an echo */
	c->at = l->spec.kind == KIND_RAW ? CONN_BODY : CONN_HEAD;
	if (l->spec.kind != KIND_SILENT)
		conn_write(l, c);
}

/* The whole answer is here. */
static void
conn_answered(struct load *l, struct conn *c)
{
	c->took_for = now_ns() - c->due_at;
	if (c->out_len > 0)
		conn_fail(l, c, FAILURE_LENGTH);
	else if (l->spec.close)
		c->at = CONN_CLOSING;
	else
		conn_succeed(l, c);
}

static void
conn_body(struct load *l, struct conn *c, size_t len)
{
	if (len > c->left) {
		conn_fail(l, c, FAILURE_LENGTH);
		return;
	}
	l->bytes += len;
	c->left -= len;
	if (c->left == 0)
		conn_answered(l, c);
}

static void
conn_head(struct load *l, struct conn *c, const char *head, size_t len)
{
	static const char version[] = "HTTP/1.1 ";
	const char *end = memmem(head, len, "\r\n\r\n", 4);
	const char *status = l->spec.kind == KIND_WS ? "101" : "200";

	if (end == NULL) {
		if (len > HEAD_MAX) {
			conn_fail(l, c, FAILURE_LENGTH);
			return;
		}
		memcpy(c->head, head, len);
		c->head_len = len;
		return;
	}
	c->head_len = 0;
	if (memcmp(head, version, sizeof(version) - 1) != 0 ||
	    memcmp(head + sizeof(version) - 1, status, 3) != 0) {
		conn_fail(l, c, FAILURE_STATUS);
		return;
	}
	c->left = l->spec.kind == KIND_WS ? 0 : net_body_length(head, (size_t)(end + 2 - head));
	if (c->left != l->spec.expect) {
		conn_fail(l, c, FAILURE_LENGTH);
		return;
	}
	c->at = CONN_BODY;
	conn_body(l, c, len - (size_t)(end + 4 - head));
}

static void
conn_lost(struct load *l, struct conn *c, int error)
{
	if (c->at == CONN_RESTS) /* an idle connection may end at any time */
		conn_drop(c);
	else if (c->at == CONN_CLOSING)
		conn_succeed(l, c);
	else if (error == ECONNREFUSED)
		conn_fail(l, c, FAILURE_REFUSED);
	else
		conn_fail(l, c, error != 0 ? FAILURE_RESET : FAILURE_CLOSED);
}

static void
conn_read(struct load *l, struct conn *c)
{
	while (c->fd >= 0 && c->readable) {
		char *start = l->buffer + HEAD_MAX;
		ssize_t n = recv(c->fd, start, NET_BUFFER, 0);
		size_t before = c->head_len;

		if (n < 0 && errno == EAGAIN) {
			c->readable = false;
			return;
		}
		if (n <= 0) {
			conn_lost(l, c, n < 0 ? errno : 0);
			return;
		}
		if (n < NET_BUFFER)
			c->readable = c->ended;
		memcpy(start - before, c->head, before);
		if (c->at == CONN_HEAD)
			conn_head(l, c, start - before, before + (size_t)n);
		else if (c->at == CONN_BODY)
			conn_body(l, c, (size_t)n);
		else
			conn_lost(l, c, EPROTO); /* more than was asked for */
	}
}

static bool
load_may_issue(const struct load *l, uint64_t now)
{
	if (l->ready == NULL || l->issued == l->total)
		return false;
	if (!l->primed)
		return l->in_flight < PRIME_AT_ONCE;
	return l->spec.rate == 0 || now >= l->begun_at + l->issued * NS_PER_S / l->spec.rate;
}

static void
load_issue(struct load *l)
{
	uint64_t now = now_ns();

	while (load_may_issue(l, now)) {
		uint64_t due_at = now;

		if (l->primed && l->spec.rate > 0)
			due_at = l->begun_at + l->issued * NS_PER_S / l->spec.rate;
		conn_start(l, ready_pop(l), due_at);
		now = now_ns();
	}
}

static struct timespec
load_patience(const struct load *l)
{
	uint64_t for_ns = POLL_NS;

	if (l->primed && l->spec.rate > 0 && l->ready != NULL && l->issued < l->total) {
		uint64_t due_at = l->begun_at + l->issued * NS_PER_S / l->spec.rate;
		uint64_t now = now_ns();

		for_ns = due_at > now ? due_at - now : 0;
		for_ns = for_ns < POLL_NS ? for_ns : POLL_NS;
	}
	return (struct timespec){.tv_nsec = (long)for_ns};
}

static void
load_event(struct load *l, const struct epoll_event *event)
{
	struct conn *c = event->data.ptr;

	if (c->fd < 0)
		return;
	if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->ended = true;
	if (c->ended || (event->events & EPOLLIN))
		c->readable = true;
	if (event->events & EPOLLOUT)
		conn_write(l, c);
	conn_read(l, c);
	/* In a closed loop the next request leaves at once, not at the end of the turn. */
	if (l->primed && l->spec.rate == 0)
		load_issue(l);
}

/* Until `total` requests have finished or the time is over. */
static void
load_run(struct load *l, uint64_t total)
{
	struct epoll_event events[NET_EVENTS];
	uint64_t over_at;

	l->issued = l->finished = 0;
	l->total = total;
	l->begun_at = now_ns();
	over_at = l->begun_at + l->spec.seconds * NS_PER_S;
	while (l->finished < l->total && now_ns() < over_at + GRACE_NS) {
		struct timespec patience;
		int n;

		if (now_ns() >= over_at)
			l->total = l->issued;
		load_issue(l);
		patience = load_patience(l);
		n = epoll_pwait2(l->poll, events, NET_EVENTS, &patience, NULL);
		for (int i = 0; i < n; i++)
			load_event(l, &events[i]);
	}
	l->failed[FAILURE_LATE] += l->in_flight;
}

static void
load_prime(struct load *l)
{
	l->conns = must_alloc(l->spec.connections * sizeof(*l->conns));
	for (size_t i = 0; i < l->spec.connections; i++) {
		l->conns[i].fd = -1;
		ready_push(l, &l->conns[i]);
	}
	load_run(l, l->spec.connections);
	for (int why = 0; why < FAILURES; why++) {
		if (l->failed[why] > 0)
			die("%llu of the first %zu exchanges failed, reason %d",
			    (unsigned long long)l->failed[why], l->spec.connections, why);
	}
	l->ready = NULL;
	l->ready_end = &l->ready;
	for (size_t i = 0; i < l->spec.connections; i++)
		ready_push(l, &l->conns[i]);
	memset(&l->latency, 0, sizeof(l->latency));
	l->connects = l->bytes = 0;
	l->primed = true;
}

static void
load_report(const struct load *l)
{
	static const char *const names[FAILURES] = {
	    "refused", "reset", "closed", "status", "length", "late"};
	double seconds = (double)(now_ns() - l->begun_at) / NS_PER_S;
	uint64_t failed = 0;

	for (int why = 0; why < FAILURES; why++)
		failed += l->failed[why];
	printf("{\"requests\": %llu, \"failed\": %llu, \"failures\": {",
	    (unsigned long long)l->issued, (unsigned long long)failed);
	for (int why = 0; why < FAILURES; why++)
		printf("%s\"%s\": %llu", why ? ", " : "", names[why],
		    (unsigned long long)l->failed[why]);
	printf("}, \"seconds\": %.6f, \"rps\": %.1f, \"bytes\": %llu, \"connects\": %llu, ",
	    seconds, (double)l->latency.count / seconds, (unsigned long long)l->bytes,
	    (unsigned long long)l->connects);
	printf("\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f}\n",
	    histogram_quantile_us(&l->latency, 0.5), histogram_quantile_us(&l->latency, 0.99),
	    histogram_quantile_us(&l->latency, 0.999), (double)l->latency.max / 1000);
}

static void
load_prepare(struct load *l)
{
	char *request = must_alloc(OWN_MAX + l->spec.body);

	l->request = request;
	if (l->spec.kind != KIND_RAW)
		l->request_len = request_write(l, request, OWN_MAX, 0);
	memset(request + l->request_len, 'x', l->spec.body);
	l->request_len += l->spec.body;
	l->random = 1;
	l->ready_end = &l->ready;
	l->poll = epoll_create1(EPOLL_CLOEXEC);
}

int
main(int argc, char **argv)
{
	struct load *l = must_alloc(sizeof(*l));

	l->spec = spec_read(argc, argv);
	net_prepare();
	load_prepare(l);
	load_prime(l);
	if (l->spec.wait) {
		printf("ready\n");
		fflush(stdout);
		if (getchar() == EOF)
			return 0;
	}
	load_run(l, l->spec.requests);
	load_report(l);
	fflush(stdout);
	if (l->spec.wait)
		(void)getchar();
	return 0;
}
