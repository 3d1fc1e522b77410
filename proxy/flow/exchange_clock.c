#include "flow/exchange_clock.h"

enum { DEADLINE_MS_MAX = 24 * 3600 * 1000 }; /* more is nonsense, or never */
#define QUIET_NEVER_US (UINT64_C(365) * 24 * 3600 * 1000000)

static void
exchange_look_by(struct exchange *x, uint64_t at)
{
	if (x->timer.prev == NULL || at < x->timer.at)
		timer_set(x->worker->loop, &x->timer, at);
}

/* What a request says of how long it may take: a call, or a proxy in front of weir that is
 * believed. False: nothing that makes sense. */
static bool
exchange_asked(const struct exchange *x, uint64_t *us)
{
	const struct fields *f = &x->client_stream->in.head->fields;
	struct str ms = field_value(fields_find(f, FIELD_X_DEADLINE_MS));

	if (x->record.grpc)
		return grpc_timeout_read(field_value(fields_find(f, FIELD_GRPC_TIMEOUT)), us);
	if (!str_to_u64(ms, DEADLINE_MS_MAX, us))
		return false;
	*us *= US_PER_MS;
	return true;
}

/* No more than the route gives it. */
static uint64_t
exchange_deadline(const struct exchange *x)
{
	uint64_t began = x->record.started_at, us = x->route->policy->request_us, asked;

	if (unlikely(x->trusted || x->record.grpc) && exchange_asked(x, &asked) &&
	    (us == 0 || asked < us))
		return began + asked;
	return us != 0 ? began + us : 0;
}

void
exchange_clock_start(struct exchange *x)
{
	struct loop *l = x->worker->loop;

	timer_set(l, &x->timer, l->now + x->route->policy->look_us);
	x->attempt.deadline = exchange_deadline(x);
	if (unlikely(x->attempt.deadline != 0))
		exchange_look_by(x, x->attempt.deadline);
}

uint64_t
exchange_left_us(const struct exchange *x)
{
	const struct attempt *a = &x->attempt;
	uint64_t now = x->worker->loop->now, end = a->deadline;

	if (a->due != 0 && a->due < end)
		end = a->due;
	return end > now ? end - now : 0;
}

void
exchange_clock_follow(struct exchange *x)
{
	if (unlikely(x->attempt.due != 0))
		exchange_look_by(x, x->attempt.due);
}

/* When this stream last moved, and whether something of it waits to leave: where a conn has one
 * stream, the conn tells. */
static uint64_t
exchange_active_at(const struct stream *s)
{
	return s->codec->ops->many ? s->active_at : s->codec->conn->active_at;
}

static bool
exchange_stuck(const struct stream *s)
{
	return s->out.full || (s->codec->ops->many ? s->out.body.bytes > 0 : codec_waits(s->codec));
}

/* How long nothing may move. A call that runs is as quiet as it likes, as a tunnel is; an answer
 * made here needs no route. */
static uint64_t
exchange_quiet_us(const struct exchange *x)
{
	const struct timeouts *t = &x->use->snapshot->timeouts;

	if (unlikely(x->record.grpc) && x->at != STEP_REPLY)
		return t->tunnel != 0 ? t->tunnel : QUIET_NEVER_US;
	return x->route != NULL ? x->route->policy->body_us : t->body;
}

/* The step that is waited for now: when it is due, and what it is to be late. */
static uint64_t
exchange_due(const struct exchange *x, enum fault *why)
{
	const struct timeouts *t = &x->use->snapshot->timeouts;
	uint64_t body_us = exchange_quiet_us(x);
	const struct stream *in = x->client_stream, *out = x->upstream_stream;
	uint64_t now = x->worker->loop->now;

	if (x->at == STEP_REPLY || (x->answered && (out == NULL || exchange_stuck(in)))) {
		*why = FAULT_idle_timeout;
		return exchange_active_at(in) + body_us;
	}
	if (out == NULL) { /* dialling has its own deadline */
		*why = FAULT_connection_timeout;
		return now + t->connect;
	}
	if (x->answered) {
		*why = FAULT_connection_read_timeout;
		return exchange_active_at(out) + body_us;
	}
	if (x->sent_at != 0) {
		uint64_t response = x->record.grpc ? body_us : x->route->policy->response_us;

		*why = FAULT_http_response_timeout;
		return response != 0 ? x->sent_at + response : now + body_us; /* off: look on */
	}
	if (exchange_stuck(out)) {
		*why = FAULT_connection_write_timeout;
		return exchange_active_at(out) + body_us;
	}
	*why = FAULT_request_timeout;
	return exchange_active_at(in) + body_us;
}

enum fault
exchange_late(struct exchange *x)
{
	const struct attempt *a = &x->attempt;
	uint64_t now = x->worker->loop->now, due;
	enum fault why;

	x->timed_out = false;
	due = exchange_due(x, &why);
	if (!x->answered && a->due != 0 && a->due < due) {
		/* A pause that is over is no lateness: the attempt goes on. */
		due = a->pauses && a->due <= now ? due : a->due;
		why = FAULT_try_timeout;
	}
	if (a->deadline != 0 && due > a->deadline) {
		due = a->deadline;
		why = FAULT_deadline_exceeded;
	}
	if (now >= due)
		return why;
	timer_set(x->worker->loop, &x->timer, due);
	return FAULT_none;
}
