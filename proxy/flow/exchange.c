#include "flow/exchange.h"

#include "flow/exchange_clock.h"
#include "flow/exchange_pump.h"
#include "flow/forward.h"
#include "flow/handshake.h"
#include "flow/reply.h"
#include "flow/tunnel.h"
#include "http/cookie.h"
#include "http/retry_after.h"

enum step_result { STEP_NEXT, STEP_WAIT };

struct step {
	const char *name;
	enum step_result (*run)(struct exchange *x);
	uint32_t may_follow; /* bit per step_at */
};

static enum step_result step_route(struct exchange *x);
static enum step_result step_request(struct exchange *x);
static enum step_result step_attempt(struct exchange *x);
static enum step_result step_exchange(struct exchange *x);
static enum step_result step_reply(struct exchange *x);
static enum step_result step_finish(struct exchange *x);

#define TO(step) (1u << STEP_##step)

static const struct step steps[] = {
    [STEP_ROUTE] = {"route", step_route, TO(REQUEST) | TO(REPLY) | TO(FINISH)},
    [STEP_REQUEST] = {"request", step_request, TO(ATTEMPT) | TO(REPLY) | TO(FINISH)},
    [STEP_ATTEMPT] = {"attempt", step_attempt, TO(EXCHANGE) | TO(REPLY) | TO(FINISH)},
    [STEP_EXCHANGE] = {"exchange", step_exchange, TO(ATTEMPT) | TO(REPLY) | TO(FINISH)},
    [STEP_REPLY] = {"reply", step_reply, TO(FINISH)},
    [STEP_FINISH] = {"finish", step_finish, 0},
};

static enum step_result
exchange_enter(struct exchange *x, enum step_at at)
{
	ASSERT(steps[x->at].may_follow & (1u << at));
	x->at = at;
	return STEP_NEXT;
}

static void
exchange_run(struct task *t)
{
	struct exchange *x = container_of(t, struct exchange, task);

	while (steps[x->at].run(x) == STEP_NEXT)
		;
}

static void
exchange_timer(struct timer *t)
{
	struct exchange *x = container_of(t, struct exchange, timer);

	x->timed_out = true;
	loop_ready(x->worker->loop, &x->task);
}

void
exchange_start(struct client *c, struct stream *s)
{
	struct worker *w = c->worker;
	struct exchange *x = slab_take(&w->exchanges);

	memset(x, 0, sizeof(*x));
	x->task.run = exchange_run;
	x->timer.fire = exchange_timer;
	x->worker = w;
	x->client = c;
	x->use = worker_use(w);
	x->client_stream = s;
	x->replayable = true;
	x->at = STEP_ROUTE;
	s->owner = &x->task;
	c->exchanges++;
	x->record.kind = RECORD_EXCHANGE;
	x->record.started_at = s->started_at;
	x->record.peer = &c->peer;
	x->record.client = &x->source;
	if (c->conn.tls != NULL)
		handshake_tell(c, &x->record);
	exchange_run(&x->task);
}

/* ---- ROUTE ---- */

static enum step_result
exchange_reply(struct exchange *x, enum fault why)
{
	x->fault = why;
	attempt_end(&x->attempt);
	reply_fault(x, why);
	return exchange_enter(x, STEP_REPLY);
}

static enum step_result
step_route(struct exchange *x)
{
	const struct snapshot *snapshot = x->use->snapshot;
	const struct listener *l = x->client->listener;
	struct stream *s = x->client_stream;
	struct table_query query = {s->in.head, l->index, x->worker->scratch};

	forward_identify(x);
	if (s->fault != FAULT_none)
		return exchange_reply(x, s->fault);
	if (l->spec != NULL && l->spec->redirect_https) {
		if (s->in.head->host.len == 0) /* a 1.0 request: where to, is not known */
			return exchange_reply(x, FAULT_http_request_error);
		reply_redirect_https(x);
		return exchange_enter(x, STEP_REPLY);
	}
	/* A proxy that tunnels anywhere is an open relay: CONNECT is for routes to come. */
	if (s->in.head->method == METHOD_CONNECT)
		return exchange_reply(x, FAULT_not_implemented);
	x->route = table_find(snapshot->table, &query);
	if (x->route == NULL)
		return exchange_reply(x, FAULT_no_route);
	x->record.route = x->route->name;
	x->record.route_meter = x->route->meter;
	stats_started(&x->record, x->worker->index);
	return exchange_enter(x, STEP_REQUEST);
}

/* ---- REQUEST: what happens before anybody is asked ---- */

/* The key that makes one client's requests meet the same endpoint. */
static uint64_t
exchange_hash_key(struct exchange *x, const struct backend *b)
{
	const struct head *h = x->client_stream->in.head;
	struct str value = STR_NONE;

	switch (b->hash_source) {
	case HASH_OF_CLIENT:
		return addr_hash(&x->source);
	case HASH_OF_PATH:
		value = h->path;
		break;
	case HASH_OF_HEADER:
		value = field_value(fields_find_name(&h->fields, b->hash_name));
		break;
	case HASH_OF_COOKIE:
		value = cookie_find(&h->fields, b->hash_name);
		break;
	}
	return value.p != NULL ? balance_hash(value) : worker_random(x->worker);
}

/* Where the client was before, as it says. */
static const struct sticky_tag *
exchange_seat(struct exchange *x, const struct sticky *s)
{
	const struct stream *in = x->client_stream;
	struct sticky_tag *tag = arena_take(in->arena, sizeof(*tag));

	if (tag == NULL || !sticky_read(cookie_find(&in->in.head->fields, s->cookie), tag))
		return NULL;
	return tag;
}

static enum step_result
step_request(struct exchange *x)
{
	struct backend *b = arms_next(&x->route->arms);
	const struct policy *p = x->route->policy;
	struct attempt *a = &x->attempt;

	if (b == NULL)
		return exchange_reply(x, FAULT_proxy_configuration_error);
	if (worker_sheds(x->worker, x->route->priority))
		return exchange_reply(x, FAULT_overload_shed);
	x->record.backend = b->name;
	x->record.backend_meter = b->state->meter;
	attempt_begin(a, x->worker, b, p, &x->task);
	if (b->hashed)
		a->pick.key = exchange_hash_key(x, b);
	if (unlikely(b->sticky != NULL))
		a->seat = exchange_seat(x, b->sticky);
	a->idempotent = method_is_idempotent(x->client_stream->in.head->method);
	a->place.priority = (uint8_t)x->route->priority;
	exchange_clock_start(x);
	if (unlikely(a->deadline != 0 && a->deadline <= x->worker->loop->now))
		return exchange_reply(x, FAULT_deadline_exceeded);
	return exchange_enter(x, STEP_ATTEMPT);
}

/* ---- ATTEMPT ---- */

static enum step_result
exchange_cut_short(struct exchange *x, enum fault why)
{
	x->fault = why;
	if (x->answered && x->upstream_stream == NULL && reply_rest(x, why)) {
		attempt_end(&x->attempt);
		return exchange_enter(x, STEP_REPLY);
	}
	x->cut = true;
	return exchange_enter(x, STEP_FINISH);
}

/* The upstream's stream, if any, ends without its answer. */
static void
exchange_abandon(struct exchange *x, enum fault why)
{
	if (x->upstream_stream == NULL)
		return;
	x->record.reused = x->upstream_stream->reused;
	x->upstream_stream->codec->ops->stream_end(&x->upstream_stream, why);
}

/* The client's stream ended early: it has left, or what it sends makes no sense any more, which it
 * is told as long as nothing else was. */
static enum step_result
exchange_client_failed(struct exchange *x)
{
	enum fault why = x->client_stream->fault;

	if (why == FAULT_client_gone || why == FAULT_drain_timeout || x->answered)
		return exchange_cut_short(x, why);
	exchange_abandon(x, why);
	return exchange_reply(x, why);
}

/* The PROXY header of a backend that wants one, ahead of everything else on a new connection. */
static void
exchange_proxy_header(struct exchange *x, struct codec *codec)
{
	char header[PROXY_PROTOCOL_MAX];
	const struct client *c = x->client;
	size_t n = proxy_protocol_write(x->attempt.backend->proxy_protocol, &x->source,
	    c->local.sa.sa_family != 0 ? &c->local : &c->listener->addr, header);

	wire_text(&codec->wire, codec->conn->loop, str_of(header, n));
}

/* The upstream is there: give it the request. */
static enum step_result
exchange_send(struct exchange *x)
{
	struct upstream *u = x->attempt.upstream;
	struct stream *in = x->client_stream, *out;
	enum fault why = FAULT_proxy_internal_error;

	if (u->codec == NULL) {
		upstream_speak(u);
		if (x->attempt.backend->proxy_protocol != PROXY_PROTOCOL_OFF)
			exchange_proxy_header(x, u->codec);
	}
	out = u->codec->ops->stream_open(u->codec, in->arena, &x->task);
	ASSERT(out != NULL);
	x->upstream_stream = out;
	x->sent_at = 0;
	out->reused = x->attempt.reused;
	out->out.head = forward_request(x, &why);
	if (out->out.head == NULL) {
		out->codec->ops->stream_end(&x->upstream_stream, why);
		return exchange_reply(x, why);
	}
	out->out.kind = in->in.kind;
	out->out.length = in->in.length;
	out->out.upgrade = in->in.upgrade;
	out->out.at = AT_BODY;
	replay_rewind(&x->replay);
	codec_flush(u->codec);
	return exchange_enter(x, STEP_EXCHANGE);
}

static enum step_result exchange_overdue(struct exchange *x);

static enum step_result
step_attempt(struct exchange *x)
{
	enum attempt_at at;

	if (x->client_stream->fault != FAULT_none)
		return exchange_client_failed(x);
	if (x->timed_out && exchange_overdue(x) == STEP_NEXT)
		return STEP_NEXT;
	at = attempt_run(&x->attempt);
	exchange_clock_follow(x);
	switch (at) {
	case ATTEMPT_WAIT:
		return STEP_WAIT;
	case ATTEMPT_READY:
		return exchange_send(x);
	case ATTEMPT_FAILED:
		return exchange_reply(x, x->attempt.fault);
	}
	return STEP_WAIT;
}

/* ---- EXCHANGE ---- */

/* The upstream is done with as soon as its answer is here: another exchange may have it while the
 * client still reads. One whose request is unfinished (an early answer) is closed. */
static void
exchange_release(struct exchange *x)
{
	struct stream *s = x->upstream_stream;
	bool whole = s->sent && s->fault == FAULT_none;

	x->record.reused = s->reused;
	if (unlikely(x->record.grpc))
		attempt_judge_call(&x->attempt, x->record.grpc_status);
	else
		attempt_judge(&x->attempt, FAULT_none);
	s->codec->ops->stream_end(
	    &x->upstream_stream, whole ? FAULT_none : FAULT_http_response_incomplete);
	attempt_release(&x->attempt, whole);
	attempt_end(&x->attempt); /* a client that reads slowly holds no place at the backend */
}

/* What of the request would be missing, were it sent again. */
static enum attempt_sent
exchange_sent(const struct exchange *x)
{
	if (x->upstream_stream == NULL)
		return ATTEMPT_SENT_NOTHING;
	return x->replayable ? ATTEMPT_SENT_KEPT : ATTEMPT_SENT_LOST;
}

/* The try came to nothing, and nothing was passed on: again, if that is right; else the client is
 * told. WAIT: this very step goes on. */
static enum step_result
exchange_try_failed(struct exchange *x, enum fault why)
{
	enum attempt_sent sent = exchange_sent(x);

	exchange_abandon(x, why);
	if (!attempt_retry(&x->attempt, why, sent))
		return exchange_reply(x, why);
	return x->at == STEP_ATTEMPT ? STEP_WAIT : exchange_enter(x, STEP_ATTEMPT);
}

/* The upstream ended early. */
static enum step_result
exchange_upstream_failed(struct exchange *x, enum fault why)
{
	if (!x->answered)
		return exchange_try_failed(x, why);
	exchange_abandon(x, why);
	attempt_judge(&x->attempt, why);
	return exchange_cut_short(x, why);
}

static enum step_result
exchange_overdue(struct exchange *x)
{
	enum fault why = exchange_late(x);

	if (why == FAULT_none)
		return STEP_WAIT;
	if (!x->answered && x->at != STEP_REPLY)
		return exchange_try_failed(x, why);
	if (x->upstream_stream != NULL)
		attempt_judge(&x->attempt, why);
	exchange_abandon(x, why);
	return exchange_cut_short(x, why);
}

/* An answer that the route would rather have from another try. True: this one is dropped. One that
 * is here whole leaves a connection that can be used again. */
static bool
exchange_declines(struct exchange *x)
{
	struct stream *s = x->upstream_stream;
	const struct head *h = s->in.head;
	bool whole;

	if (likely(!statuses_have(&x->route->policy->statuses, h->status)))
		return false;
	if (!attempt_decline(&x->attempt, h->status, exchange_sent(x),
		retry_after_us(field_value(fields_find(&h->fields, FIELD_RETRY_AFTER)),
		    (uint64_t)((int64_t)x->worker->loop->now + x->worker->wall_offset))))
		return false;
	whole = s->in.at == AT_DONE && s->sent && s->fault == FAULT_none;
	exchange_abandon(x, whole ? FAULT_none : FAULT_http_response_incomplete);
	attempt_release(&x->attempt, whole);
	return true;
}

static enum step_result
step_exchange(struct exchange *x)
{
	struct stream *in = x->client_stream, *out = x->upstream_stream;

	if (in->fault != FAULT_none)
		return exchange_client_failed(x);
	if (x->timed_out && exchange_overdue(x) == STEP_NEXT)
		return STEP_NEXT;
	if (out != NULL) {
		exchange_pump_request(x);
		exchange_pump_interim(x);
		/* An answer that is broken before any of it was passed on is none. */
		if (out->fault != FAULT_none && out->in.at != AT_DONE && !x->answered)
			return exchange_upstream_failed(x, out->fault);
		if (out->in.at != AT_HEAD && !x->answered && exchange_declines(x))
			return exchange_enter(x, STEP_ATTEMPT);
		if (out->in.at != AT_HEAD && !x->answered && !exchange_answer(x))
			return exchange_upstream_failed(x, x->fault);
		if (x->answered)
			exchange_pump_response(x);
		if (out->fault != FAULT_none && out->in.at != AT_DONE)
			return exchange_upstream_failed(x, out->fault);
		if (in->out.at == AT_DONE && !in->out.upgrade)
			exchange_release(x);
	}
	return in->sent ? exchange_enter(x, STEP_FINISH) : STEP_WAIT;
}

/* ---- REPLY ---- */

static enum step_result
step_reply(struct exchange *x)
{
	struct stream *s = x->client_stream;

	if (x->timed_out && exchange_overdue(x) == STEP_NEXT)
		return STEP_NEXT;
	if (s->fault == FAULT_drain_timeout)
		return exchange_cut_short(x, s->fault);
	return s->sent ? exchange_enter(x, STEP_FINISH) : STEP_WAIT;
}

/* ---- FINISH ---- */

static void
exchange_log(struct exchange *x)
{
	struct worker *w = x->worker;
	struct record *r = &x->record;
	const struct snapshot *s = x->use->snapshot;

	r->finished_at = w->loop->now;
	r->listener = str_from(x->client->listener->name); /* a reload may have renamed it */
	r->listener_meter = x->client->listener->meter;
	r->why = x->fault;
	r->tries = x->attempt.tries;
	r->retry = attempt_denied_word(&x->attempt);
	r->wait_us = x->attempt.waited_us;
	r->bytes_in = x->client_stream->in.bytes;
	r->bytes_out = x->client_stream->out.bytes;
	if (x->attempt.tries > 0) {
		r->attempt_at = x->attempt.began_at;
		r->connected_at = x->attempt.connected_at;
		r->endpoint = x->attempt.last->name;
		r->endpoint_meter = x->attempt.last->meter;
		r->away = atomic_load_explicit(&x->attempt.last->away, memory_order_relaxed);
	}
	stats_record(r, w->index);
	if (s->access_log)
		accesslog_write(
		    w->log, s->log_format, r, (uint64_t)((int64_t)w->loop->now + w->wall_offset));
}

static void
exchange_free(struct reap *r)
{
	struct exchange *x = container_of(r, struct exchange, reap);

	slab_give(&x->worker->exchanges, x);
}

static enum step_result
step_finish(struct exchange *x)
{
	struct worker *w = x->worker;

	if (x->client_stream->out.upgrade && x->fault == FAULT_none) {
		tunnel_upgrade(x);
	} else {
		exchange_log(x);
		exchange_abandon(x, x->fault != FAULT_none ? x->fault : FAULT_client_gone);
		x->client_stream->codec->ops->stream_end(
		    &x->client_stream, x->cut ? x->fault : x->client_stream->fault);
		client_exchange_done(x->client);
		attempt_forget(&x->attempt);
	}
	timer_clear(w->loop, &x->timer);
	task_unlist(w->loop, &x->task);
	replay_clear(&x->replay);
	worker_unuse(w, &x->use);
	loop_reap(w->loop, &x->reap, exchange_free);
	return STEP_WAIT;
}
