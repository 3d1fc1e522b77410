#include "flow/tunnel.h"

#include <stdlib.h>

#include "flow/handshake.h"
#include "io/proxy_protocol.h"
#include "io/pump.h"

/* The clock is looked at this often when no timeout is set. */
#define TUNNEL_LOOK_US (UINT64_C(3600) * 1000000)

enum tunnel_at { TUNNEL_CONNECTS, TUNNEL_RUNS, TUNNEL_OVER };

struct tunnel {
	struct task task; /* listed when either conn has news, or the attempt has */
	struct worker *worker;
	struct client *client;
	struct snapshot_use *use; /* while it connects */
	struct attempt attempt;
	struct pump up, down; /* client -> endpoint, endpoint -> client */
	struct record record;
	struct meter *route_meter; /* ref */
	char *text;                /* owned: the record's strings that an exchange lent */
	enum tunnel_at at;
	enum fault fault;
	bool timed_out;
	struct reap reap;
};

size_t
tunnel_size(void)
{
	return sizeof(struct tunnel);
}

static void
tunnel_reap(struct reap *r)
{
	struct tunnel *t = container_of(r, struct tunnel, reap);

	slab_give(&t->worker->tunnels, t);
}

static void
tunnel_log(struct tunnel *t)
{
	struct worker *w = t->worker;
	struct record *r = &t->record;
	const struct snapshot *s = w->current->snapshot;

	r->finished_at = w->loop->now;
	r->why = t->fault;
	r->tries = t->attempt.tries;
	r->wait_us = t->attempt.waited_us;
	r->bytes_in = t->up.bytes;
	r->bytes_out = t->down.bytes;
	r->listener = str_from(t->client->listener->name);
	r->listener_meter = t->client->listener->meter;
	if (t->attempt.last != NULL) {
		r->endpoint = t->attempt.last->name;
		r->endpoint_meter = t->attempt.last->meter;
		r->away = atomic_load_explicit(&t->attempt.last->away, memory_order_relaxed);
	}
	if (r->attempt_at == 0 && t->attempt.tries > 0) {
		r->attempt_at = t->attempt.began_at;
		r->connected_at = t->attempt.connected_at;
	}
	stats_record(r, w->index);
	if (s->access_log)
		accesslog_write(
		    w->log, s->log_format, r, (uint64_t)((int64_t)w->loop->now + w->wall_offset));
}

/* The last bytes to the client must still arrive: the endpoint's, which left first, or an alert. */
static bool
tunnel_has_said(enum fault why)
{
	return why == FAULT_none || why == FAULT_unrecognized_name;
}

/* Both conns close, the record is written, everything counted is given back. */
static void
tunnel_end(struct tunnel *t, enum fault why)
{
	struct worker *w = t->worker;

	if (t->at == TUNNEL_OVER)
		return;
	t->at = TUNNEL_OVER;
	t->fault = why;
	tunnel_log(t);
	pump_close(&t->up);
	pump_close(&t->down);
	attempt_forget(&t->attempt);
	if (t->use != NULL)
		worker_unuse(w, &t->use);
	meter_unref(&t->route_meter);
	free(t->text);
	task_unlist(w->loop, &t->task);
	t->client->at = CLIENT_OPEN; /* an ordinary conn again, to be closed */
	if (tunnel_has_said(why) && !t->client->conn.eof && t->client->conn.fd >= 0)
		client_linger(t->client);
	else
		client_close(t->client);
	loop_reap(w->loop, &t->reap, tunnel_reap);
}

/* One side broke: the other is reset as well, for a FIN would say that all has come. */
static void
tunnel_break(struct tunnel *t, enum fault why)
{
	conn_abort(&t->client->conn);
	conn_abort(&t->attempt.upstream->conn);
	tunnel_end(t, why);
}

/* Moves what can move, both ways. */
static void
tunnel_pump(struct tunnel *t)
{
	enum io up = pump_run(&t->up, t->worker->loop);
	enum io down = pump_run(&t->down, t->worker->loop);

	if (t->down.bytes > 0 && t->record.first_at == 0)
		t->record.first_at = t->worker->loop->now;
	/* An endpoint that takes no more may have said its word before: that still goes. */
	if (down == IO_FAILED || (up == IO_FAILED && t->client->conn.error != 0)) {
		tunnel_break(
		    t, t->client->conn.error ? FAULT_client_gone : FAULT_connection_terminated);
	} else if ((up == IO_EOF || up == IO_FAILED) && down == IO_EOF) {
		tunnel_end(t, FAULT_none);
	} else if (up == IO_DONE || down == IO_DONE) {
		loop_again(t->worker->loop, &t->task); /* its share of this turn is used */
	}
}

/* Lazy: looks at when either conn moved last, and sets itself to when that will be too long ago. */
static bool
tunnel_overdue(struct tunnel *t)
{
	struct conn *c = &t->client->conn;
	uint64_t idle = t->worker->timeouts.tunnel, last = c->active_at, now = t->worker->loop->now;

	t->timed_out = false;
	if (t->attempt.upstream != NULL && t->attempt.upstream->conn.active_at > last)
		last = t->attempt.upstream->conn.active_at;
	if (idle != 0 && last + idle <= now) {
		tunnel_end(t, FAULT_idle_timeout);
		return true;
	}
	timer_set(t->worker->loop, &c->timer, idle != 0 ? last + idle : now + TUNNEL_LOOK_US);
	return false;
}

static void
tunnel_client_news(struct task *task)
{
	struct client *c = container_of(task, struct client, conn.task);

	loop_ready(c->worker->loop, &c->tunnel->task);
}

static void
tunnel_timer(struct timer *timer)
{
	struct conn *conn = container_of(timer, struct conn, timer);
	struct client *c = container_of(conn, struct client, conn);

	c->tunnel->timed_out = true;
	loop_ready(conn->loop, &c->tunnel->task);
}

static void
tunnel_runs(struct tunnel *t)
{
	struct upstream *u = t->attempt.upstream;

	t->at = TUNNEL_RUNS;
	u->owner = &t->task;
	pump_open(&t->up, &t->client->conn, &u->conn);
	pump_open(&t->down, &u->conn, &t->client->conn);
	conn_watch(&t->client->conn);
	t->timed_out = true; /* sets its first deadline */
	loop_ready(t->worker->loop, &t->task);
}

static void
tunnel_connects(struct tunnel *t)
{
	struct backend *b = t->attempt.backend;
	struct client *c = t->client;
	char header[PROXY_PROTOCOL_MAX];

	switch (attempt_run(&t->attempt)) {
	case ATTEMPT_WAIT:
		return;
	case ATTEMPT_FAILED:
		tunnel_end(t, t->attempt.fault);
		return;
	case ATTEMPT_READY:
		break;
	}
	attempt_answered(&t->attempt, 0);
	attempt_judge(&t->attempt, FAULT_none); /* what is said in it means nothing to us */
	tunnel_runs(t);
	if (b->proxy_protocol != PROXY_PROTOCOL_OFF)
		pump_push(&t->up, t->worker->loop,
		    str_of(header,
			proxy_protocol_write(b->proxy_protocol, &c->peer,
			    c->local.sa.sa_family ? &c->local : &c->listener->addr, header)));
	worker_unuse(t->worker, &t->use);
}

static void
tunnel_run(struct task *task)
{
	struct tunnel *t = container_of(task, struct tunnel, task);

	if (t->at == TUNNEL_CONNECTS)
		tunnel_connects(t);
	if (t->at == TUNNEL_RUNS && !(t->timed_out && tunnel_overdue(t)))
		tunnel_pump(t);
}

static struct tunnel *
tunnel_new(struct client *c)
{
	struct tunnel *t = slab_take(&c->worker->tunnels);

	memset(t, 0, sizeof(*t));
	t->task.run = tunnel_run;
	t->worker = c->worker;
	t->client = c;
	t->at = TUNNEL_CONNECTS;
	c->at = CLIENT_TUNNEL;
	c->tunnel = t;
	c->conn.task.run = tunnel_client_news;
	c->conn.timer.fire = tunnel_timer;
	return t;
}

/* What lent the strings dies; the tunnel's line is written much later. */
static void
tunnel_keep_strings(struct tunnel *t)
{
	struct record *r = &t->record;
	struct str *strings[] = {&r->route, &r->method_text, &r->target, &r->host, &r->referer,
	    &r->user_agent, &r->id, &r->sni, &r->alpn};
	size_t size = 0;
	char *p;

	for (size_t i = 0; i < nelem(strings); i++)
		size += strings[i]->len;
	p = t->text = xmalloc(size);
	for (size_t i = 0; i < nelem(strings); i++) {
		if (strings[i]->p == NULL)
			continue;
		memcpy(p, strings[i]->p, strings[i]->len);
		*strings[i] = str_of(p, strings[i]->len);
		p += strings[i]->len;
	}
}

/* A tunnel that was one from the start. */
static struct tunnel *
tunnel_begin(struct client *c, const struct client_hello *hello)
{
	struct tunnel *t = tunnel_new(c);

	t->record = (struct record){.kind = RECORD_TUNNEL,
	    .peer = &c->peer,
	    .client = &c->peer,
	    .started_at = c->worker->loop->now};
	if (c->conn.tls != NULL)
		handshake_tell(c, &t->record);
	if (hello == NULL)
		return t;
	t->record.sni = hello->name;
	t->record.alpn = hello->alpn;
	tunnel_keep_strings(t);
	return t;
}

void
tunnel_refuse(struct client *c, const struct client_hello *hello, enum fault why)
{
	tunnel_end(tunnel_begin(c, hello), why);
}

void
tunnel_start(struct client *c, const struct arms *arms, const struct client_hello *hello)
{
	struct tunnel *t = tunnel_begin(c, hello);
	struct worker *w = c->worker;
	struct backend *b = arms ? arms_next(arms) : NULL;

	if (b == NULL) {
		tunnel_end(t, FAULT_proxy_configuration_error);
		return;
	}
	t->use = worker_use(w);
	t->record.backend = b->state->name;
	t->record.backend_meter = b->state->meter;
	attempt_begin(&t->attempt, w, b, &policy_plain, &t->task);
	t->attempt.raw = true;
	t->attempt.pick.key = b->hashed ? addr_hash(&c->peer) : worker_random(w);
	timer_set(
	    w->loop, &c->conn.timer, w->loop->now + TUNNEL_LOOK_US); /* dialling has its own */
	tunnel_run(&t->task);
}

void
tunnel_upgrade(struct exchange *x)
{
	struct client *c = x->client;
	struct upstream *u = x->attempt.upstream;
	struct slices early = {0}, late = {0};
	struct tunnel *t = tunnel_new(c);

	t->record = x->record;
	t->record.kind = RECORD_UPGRADE;
	t->record.attempt_at = x->attempt.began_at;
	t->record.connected_at = x->attempt.connected_at;
	t->record.peer = t->record.client = &c->peer;
	c->peer = x->source; /* whom the log names */
	t->record.backend = x->attempt.state->name;
	t->route_meter = meter_ref(t->record.route_meter);
	attempt_judge(&x->attempt, FAULT_none);
	tunnel_keep_strings(t);
	t->attempt = x->attempt;
	t->attempt.waiter.task = &t->task;
	x->attempt = (struct attempt){0};
	x->upstream_stream->codec->ops->stream_end(&x->upstream_stream, FAULT_none);
	x->client_stream->codec->ops->stream_end(&x->client_stream, FAULT_none);
	c->exchanges--;
	codec_detach(&c->codec, &early);
	codec_detach(&u->codec, &late);
	tunnel_runs(t);
	pump_take(&t->up, &early);
	pump_take(&t->down, &late);
}

uint32_t
tunnel_cut(struct client *c, enum fault why)
{
	tunnel_end(c->tunnel, why);
	return 1;
}
