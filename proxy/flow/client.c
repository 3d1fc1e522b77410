#include "flow/client.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flow/exchange.h"
#include "flow/handshake.h"
#include "flow/identity.h"
#include "flow/passthrough.h"
#include "flow/tunnel.h"
#include "io/proxy_protocol.h"
#include "io/tls_conn.h"

enum {
	CLIENT_GRACE_US =
	    1000000, /* a half-closed client gets its answer within this, or has left */
	CLIENT_WATCH_US = 100000,   /* until the conn of a first request is watched for a hang-up */
	CLIENT_LINGER_US = 2000000, /* of quiet end the swallowing of what the peer still sends */
	CLIENT_LINGER_BYTES = 4096,
	CLIENT_REFUSAL = 256,
};

static void
client_reap(struct reap *r)
{
	struct client *c = container_of(r, struct client, reap);

	slab_give(&c->worker->clients, c);
}

void
client_close(struct client *c)
{
	struct worker *w = c->worker;

	if (c->at == CLIENT_CLOSED)
		return;
	ASSERT(c->exchanges == 0);
	c->at = CLIENT_CLOSED;
	if (c->codec != NULL)
		c->codec->ops->close(&c->codec);
	conn_close(&c->conn);
	identity_free(&c->identity);
	LIST_REMOVE(c, entry);
	COUNTER_ADD(worker_stats(w)->conns_closed, 1);
	COUNTER_ADD(w->conns, -1);
	listener_client_gone(c->listener);
	loop_reap(w->loop, &c->reap, client_reap);
}

/* ---- what a client waits for, and for how long ---- */

/* When the phase ends; 0: nothing of this conn's is awaited (its exchanges have deadlines). */
static uint64_t
client_due(const struct client *c)
{
	const struct timeouts *t = &c->worker->timeouts;

	if (c->at == CLIENT_LINGER) {
		uint64_t quiet = c->conn.active_at + CLIENT_LINGER_US;
		uint64_t end = c->phase_at + t->body;

		return quiet < end ? quiet : end;
	}
	if (c->exchanges > 0)
		return c->hup_seen ? c->phase_at + CLIENT_GRACE_US : 0;
	if (c->at == CLIENT_PROXY || c->codec->midway || !c->served)
		return c->phase_at + t->header;
	if (c->codec->done) /* the last bytes wait for a peer that reads slowly */
		return c->conn.active_at + t->body;
	return c->conn.active_at + t->idle;
}

static void
client_timer(struct timer *t)
{
	struct conn *conn = container_of(t, struct conn, timer);
	struct client *c = container_of(conn, struct client, conn);

	c->timed_out = true;
	loop_ready(conn->loop, &conn->task);
}

static void
client_phase(struct client *c, uint64_t us)
{
	c->phase_at = c->worker->loop->now;
	timer_set(c->worker->loop, &c->conn.timer, c->phase_at + us);
}

/* ---- the end ---- */

static void
client_linger_run(struct task *t)
{
	struct client *c = container_of(t, struct client, conn.task);
	char swallowed[CLIENT_LINGER_BYTES];
	size_t got;
	enum io io = IO_MORE;

	for (unsigned i = 0; i < ACCEPTOR_SHARE && c->conn.may_read; i++) {
		io = conn_read(&c->conn, swallowed, sizeof(swallowed), &got);
		if (io != IO_DONE)
			break;
	}
	if (io == IO_EOF || io == IO_FAILED || client_due(c) <= c->worker->loop->now) {
		client_close(c);
		return;
	}
	if (c->timed_out)
		timer_set(c->worker->loop, &c->conn.timer, client_due(c));
	c->timed_out = false;
	if (c->conn.may_read)
		loop_again(c->worker->loop, &c->conn.task);
}

/* Closing with unread bytes makes the kernel send a reset, which may overtake the answer; so the
 * FIN goes first, and what still comes is swallowed for a while (RFC 9112 section 9.6). */
void
client_linger(struct client *c)
{
	if (c->codec != NULL)
		c->codec->ops->close(&c->codec);
	conn_finish(&c->conn);
	c->at = CLIENT_LINGER;
	c->conn.task.run = client_linger_run;
	c->conn.timer.fire = client_timer;
	client_phase(c, CLIENT_LINGER_US);
	conn_watch(&c->conn);
	loop_again(c->worker->loop, &c->conn.task);
}

static void
client_say_goodbye(struct client *c)
{
	if (c->codec->fault == FAULT_frame_flood || c->codec->fault == FAULT_stream_resets)
		code_count(&listener_stats(c->listener)->http2_abuse, c->codec->fault);
	if (c->codec->cut)
		conn_abort(&c->conn);
	if (c->codec->cut || c->codec->fault == FAULT_client_gone || c->conn.eof ||
	    !(c->codec->unread || c->conn.may_read))
		client_close(c);
	else
		client_linger(c);
}

/* The peer has closed its side while its request is being served. A reset is a goodbye; a FIN may
 * be a half-close, whose sender still wants the answer: it gets a grace. */
static void
client_hung_up(struct client *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (c->conn.hup && !c->hup_seen) {
		c->hup_seen = true;
		client_phase(c, CLIENT_GRACE_US);
	}
	if (getsockopt(c->conn.fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error != 0)
		(void)client_cut(c, FAULT_client_gone);
}

static void
client_overdue(struct client *c)
{
	uint64_t due = client_due(c);

	c->timed_out = false;
	conn_watch(&c->conn); /* an unwatched first request takes long: now its hang-up matters */
	if (due > c->worker->loop->now) {
		timer_set(c->worker->loop, &c->conn.timer, due);
		return;
	}
	if (due == 0)
		return;
	if (c->exchanges > 0)
		(void)client_cut(c, FAULT_client_gone);
	else if (c->at == CLIENT_OPEN && c->codec->midway)
		c->codec->ops->fail(c->codec, FAULT_request_timeout); /* answered: 408 */
	else if (c->at == CLIENT_OPEN && c->codec->ops->many && !c->codec->done)
		c->codec->ops->fail(c->codec, FAULT_idle_timeout); /* told: GOAWAY */
	else
		client_close(c);
}

/* ---- its life ---- */

static void
client_streams(struct client *c)
{
	struct stream *s;

	while (c->at == CLIENT_OPEN && (s = c->codec->fresh) != NULL) {
		c->codec->fresh = s->next;
		c->served = true;
		exchange_start(c, s);
	}
}

static void
client_run(struct task *t)
{
	struct client *c = container_of(t, struct client, conn.task);
	bool midway = c->codec->midway;

	if (c->timed_out)
		client_overdue(c);
	if (c->at != CLIENT_OPEN)
		return;
	(void)c->codec->ops->feed(c->codec); /* its streams and codec.done say what came of it */
	if (unlikely(c->codec->preface)) {
		codec_switch(&c->codec);
		(void)c->codec->ops->feed(c->codec);
	}
	client_streams(c);
	if (c->at != CLIENT_OPEN)
		return;
	if (codec_waits(c->codec) && c->conn.may_write)
		(void)c->codec->ops->flush(c->codec);
	if (c->exchanges > 0) {
		if (!c->codec->quiet) /* the rest of a first request's body comes later */
			conn_watch(&c->conn);
		else if (c->conn.hup || c->conn.may_read)
			client_hung_up(c);
		return;
	}
	if (c->codec->done) {
		if (!codec_waits(c->codec) || c->codec->fault == FAULT_client_gone)
			client_say_goodbye(c);
		return;
	}
	if (c->codec->midway && !midway)
		client_phase(c, c->worker->timeouts.header);
	conn_watch(&c->conn);
}

/* What was agreed on, or else HTTP/1, which knows HTTP/2 when it sees it. */
static const struct codec_ops *
client_codec(const struct client *c)
{
	return c->conn.tls != NULL && str_eq(tls_alpn(&c->conn), STR("h2")) ? &codec_h2 : &codec_h1;
}

static void
client_speak(struct client *c)
{
	c->at = CLIENT_OPEN;
	c->conn.task.run = client_run;
	c->codec = client_codec(c)->open(&c->conn, &c->listener->codec_spec);
}

void
client_secured(struct client *c)
{
	const struct listener_spec *spec = c->listener->spec;

	switch (c->listener->protocol) {
	case LISTEN_HTTP:
		client_speak(c);
		client_run(&c->conn.task);
		return;
	case LISTEN_TCP:
		tunnel_start(c, spec ? &spec->arms : NULL, NULL);
		return;
	case LISTEN_TLS:
		passthrough_start(c);
		return;
	}
}

static void
client_serve(struct client *c)
{
	if (c->listener->spec != NULL && atomic_load(&c->listener->spec->tls) != NULL)
		handshake_start(c);
	else
		client_secured(c);
}

/* The header is peeked at, so that not a byte of what follows is taken. */
static void
client_proxy_run(struct task *t)
{
	struct client *c = container_of(t, struct client, conn.task);
	char header[PROXY_PROTOCOL_MAX];
	struct proxy_info info;
	size_t used;
	ssize_t n = recv(c->conn.fd, header, sizeof(header), MSG_PEEK);
	enum proxy_parse parsed = PROXY_PARSE_MORE;

	if (n > 0)
		parsed = proxy_protocol_parse(str_of(header, (size_t)n), &info, &used);
	if (n == 0 || (n < 0 && errno != EAGAIN) || parsed == PROXY_PARSE_BAD || c->timed_out) {
		COUNTER_ADD(listener_stats(c->listener)->refused, 1);
		client_close(c);
		return;
	}
	if (parsed == PROXY_PARSE_MORE) {
		conn_watch(&c->conn);
		return;
	}
	if (recv(c->conn.fd, header, used, 0) != (ssize_t)used) {
		client_close(c);
		return;
	}
	if (!info.local) {
		c->peer = info.source;
		c->local = info.destination;
	}
	c->conn.may_read = true;
	timer_set(c->worker->loop, &c->conn.timer, c->worker->loop->now + CLIENT_WATCH_US);
	client_serve(c);
}

void
client_open(struct listener *l, int fd, const struct addr *peer)
{
	struct worker *w = l->worker;
	struct client *c = slab_take(&w->clients);
	const struct listener_spec *spec = l->spec;

	memset(c, 0, sizeof(*c));
	c->listener = l;
	c->worker = w;
	c->peer = *peer;
	conn_open(&c->conn, w->loop, fd, client_run);
	c->conn.timer.fire = client_timer;
	LIST_INSERT_HEAD(&w->all_clients, c, entry);
	COUNTER_ADD(worker_stats(w)->conns_opened, 1);
	COUNTER_ADD(w->conns, 1);
	c->phase_at = w->loop->now;
	timer_set(w->loop, &c->conn.timer,
	    c->phase_at + (spec->proxy_protocol ? w->timeouts.header : CLIENT_WATCH_US));
	if (spec->proxy_protocol) {
		c->at = CLIENT_PROXY;
		c->conn.task.run = client_proxy_run;
		if (!cidr_has(spec->proxy_from, spec->n_proxy_from, peer)) {
			COUNTER_ADD(listener_stats(l)->refused, 1);
			client_close(c);
		} else {
			client_proxy_run(&c->conn.task);
		}
		return;
	}
	client_serve(c);
}

void
client_exchange_done(struct client *c)
{
	uint64_t due;

	c->exchanges--;
	if (!c->codec->done) { /* done: its task is listed and closes it */
		conn_watch(&c->conn);
		if (c->listener->draining)
			client_drain(c);
	}
	if (c->at != CLIENT_OPEN || c->exchanges > 0)
		return; /* a timer would outlive it, or come too early */
	due = client_due(c);
	if (c->conn.timer.prev == NULL || c->conn.timer.at > due)
		timer_set(c->worker->loop, &c->conn.timer, due);
}

void
client_refuse(struct listener *l, int fd, enum fault why)
{
	char answer[CLIENT_REFUSAL];
	int n = snprintf(answer, sizeof(answer),
	    "HTTP/1.1 503 Service Unavailable\r\nProxy-Status: weir; error=%.*s\r\n"
	    "Retry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
	    STR_FMT(fault_row(why)->word));

	if (l->protocol == LISTEN_HTTP &&
	    (l->spec == NULL || atomic_load(&l->spec->tls) ==
				    NULL)) /* best effort: the buffer of a new socket is empty */
		(void)!send(fd, answer, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

void
client_drain(struct client *c)
{
	if (c->at == CLIENT_OPEN && c->codec->ops->many) {
		loop_ready(c->worker->loop, &c->conn.task); /* says GOAWAY */
		return;
	}
	if (c->exchanges > 0 || c->at == CLIENT_TUNNEL || c->at == CLIENT_LINGER)
		return; /* says "Connection: close" with its answer, or ends by itself */
	if (c->at == CLIENT_OPEN && c->codec->midway)
		return; /* a request is on its way: it is answered, then closed */
	client_close(c);
}

uint32_t
client_cut(struct client *c, enum fault why)
{
	if (c->at == CLIENT_TUNNEL)
		return tunnel_cut(c, why);
	if (c->exchanges == 0) {
		client_close(c);
		return 0;
	}
	c->codec->ops->fail(c->codec, why);
	return c->exchanges;
}
