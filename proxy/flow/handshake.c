#include "flow/handshake.h"

#include <sys/socket.h>

#include "flow/identity.h"
#include "io/tls_conn.h"

static void
handshake_count(struct client *c, enum tls_failure why)
{
	struct listener_stats *s = listener_stats(c->listener);

	if (why != TLS_none) {
		code_count(&s->tls_failures, why);
		return;
	}
	code_count(&s->tls_handshakes,
	    STATS_TLS | (str_eq(tls_version(&c->conn), STR("1.3")) ? STATS_TLS_13 : 0) |
		(tls_resumed(&c->conn) ? STATS_TLS_RESUMED : 0));
	histogram_add(&s->tls_duration, c->worker->loop->now - c->phase_at);
}

/* Whoever speaks HTTP to this port has left out the s: it can read this. */
static void
handshake_answer_plain(struct client *c)
{
	static const char answer[] =
	    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Proxy-Status: weir; error=http_request_error\r\nConnection: close\r\n"
	    "Content-Length: 64\r\n\r\n"
	    "400 Bad Request: this port speaks TLS; the address is https://.\n";

	tls_leave(&c->conn);
	(void)!send(c->conn.fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	client_linger(c);
}

void
handshake_tell(const struct client *c, struct record *r)
{
	r->tls = tls_version(&c->conn);
	if (c->identity != NULL)
		r->subject = str_from(c->identity->subject);
}

static void
handshake_failed(struct client *c, enum tls_failure why)
{
	const struct tls_conn *t = c->conn.tls;

	handshake_count(c, why);
	log_debug("listener %s: TLS handshake failed: %s%s%s", c->listener->name,
	    tls_failure_sentence(why), t->why != NULL ? ": " : "", t->why != NULL ? t->why : "");
	if (why == TLS_plain && c->listener->protocol == LISTEN_HTTP)
		handshake_answer_plain(c);
	else
		client_close(c);
}

static void
handshake_done(struct client *c)
{
	struct worker *w = c->worker;

	handshake_count(c, TLS_none);
	c->identity = identity_new(&c->conn);
	c->phase_at = w->loop->now; /* now its request is awaited */
	c->timed_out = false;
	timer_set(w->loop, &c->conn.timer, c->phase_at + w->timeouts.header);
	client_secured(c);
}

static void
handshake_run(struct task *t)
{
	struct client *c = container_of(t, struct client, conn.task);
	enum io io = tls_handshake(&c->conn);

	if (io == IO_FAILED) {
		handshake_failed(c, c->conn.tls->failure);
	} else if (io == IO_DONE) {
		handshake_done(c);
	} else if (c->timed_out) {
		handshake_failed(c, TLS_timeout);
	} else {
		conn_watch(&c->conn);
	}
}

void
handshake_start(struct client *c)
{
	struct worker *w = c->worker;

	c->at = CLIENT_TLS;
	c->phase_at = w->loop->now;
	c->conn.task.run = handshake_run;
	tls_accept(&c->conn, atomic_load(&c->listener->spec->tls));
	timer_set(w->loop, &c->conn.timer, w->loop->now + w->timeouts.tls);
	handshake_run(&c->conn.task);
}
