#include "flow/attempt_parts.h"

void
attempt_begin(struct attempt *a, struct worker *w, struct backend *b, const struct policy *p,
    struct task *owner)
{
	a->worker = w;
	a->waiter.task = a->place.owner = owner;
	a->backend = b;
	a->state = b->state;
	a->policy = p;
	a->alone = b->proxy_protocol != PROXY_PROTOCOL_OFF;
	a->pick.limit = b->guard.endpoint_requests;
}

/* It has what it waited for, or waits no more. */
static void
attempt_leave_line(struct attempt *a, bool took)
{
	if (likely(a->place.line == NULL))
		return;
	a->waited_us += a->worker->loop->now - a->place.since;
	queue_leave(&a->state->guard.queue, &a->place, took);
}

/* At the limit, a connection that idles here is one that another worker's request may come to wait
 * for, and nobody would tell this worker. */
static bool
attempt_may_keep(const struct attempt *a)
{
	const struct guard_spec *spec = &a->backend->guard;

	return spec->queue.size == 0 || spec->max_connections == 0 ||
	       atomic_load_explicit(&a->state->guard.conns, memory_order_relaxed) <
		   spec->max_connections;
}

/* True: it had an endpoint, which the record may name much later, when the client has read the
 * answer. */
static bool
attempt_give_back(struct attempt *a, bool reusable)
{
	waiter_leave(&a->waiter);
	if (a->upstream != NULL && reusable && attempt_may_keep(a))
		upstream_give(&a->upstream);
	else
		upstream_drop(&a->upstream);
	if (a->endpoint == NULL)
		return false;
	endpoint_mention(a->endpoint);
	backend_pick_done(a->endpoint);
	a->endpoint = NULL;
	return true;
}

void
attempt_release(struct attempt *a, bool reusable)
{
	if (attempt_give_back(a, reusable))
		queue_wake(&a->state->guard.queue, a->worker->index);
}

void
attempt_end(struct attempt *a)
{
	if (a->state == NULL)
		return; /* never begun */
	attempt_leave_line(a, false);
	attempt_release(a, false);
	if (!a->pass.inside)
		return;
	guard_leave(&a->state->guard, &a->pass);
	queue_wake(&a->state->guard.queue, a->worker->index);
}

void
attempt_forget(struct attempt *a)
{
	attempt_end(a);
	if (a->last != NULL)
		endpoint_mention_done(a->last);
	a->last = NULL;
}

static enum attempt_at
attempt_failed(struct attempt *a, enum fault why)
{
	a->fault = why;
	attempt_leave_line(a, false);
	attempt_release(a, false);
	return ATTEMPT_FAILED;
}

/* The client's own, if it may be chosen; else another one, unless the client waits for its own. */
static struct endpoint *
attempt_pick_seat(struct attempt *a)
{
	struct endpoint *e = backend_pick_seat(a->backend, &a->pick, a->seat, &a->fault);

	a->seated = e != NULL;
	if (e != NULL)
		COUNTER_ADD(attempt_stats(a)->seats_kept, 1);
	if (e != NULL || (a->fault != FAULT_none && a->backend->sticky->strict))
		return e;
	COUNTER_ADD(attempt_stats(a)->seats_lost, 1);
	return backend_pick(a->backend, &a->pick, &a->fault);
}

/* Picks an endpoint that was not tried yet. False: a->fault says why not. */
static bool
attempt_pick(struct attempt *a)
{
	struct endpoint *e;

	a->pick.random = worker_random(a->worker);
	if (unlikely(a->seat != NULL))
		e = attempt_pick_seat(a);
	else
		e = backend_pick(a->backend, &a->pick, &a->fault);
	if (e == NULL)
		return false;
	if (unlikely(a->last != NULL)) /* it waited in line, or failed */
		endpoint_mention_done(a->last);
	a->last = a->endpoint = e;
	a->tries++;
	a->began_at = a->worker->loop->now;
	a->connected_at = 0;
	a->judged = false;
	a->due = a->policy->try_us != 0 ? a->began_at + a->policy->try_us : 0;
	return true;
}

/* The first choice. False: a->fault says why not. */
static bool
attempt_choose(struct attempt *a)
{
	struct guard *g = &a->state->guard;

	if (a->pass.inside)
		return attempt_pick(a);
	a->fault = FAULT_connection_limit_reached;
	if (unlikely(!queue_may_pass(&g->queue, &a->place)))
		return false; /* those who wait were here before */
	a->fault = guard_enter(g, &a->backend->guard, &a->pass, a->worker->loop->now);
	return a->fault == FAULT_none && attempt_pick(a);
}

/* A connection that others use or used, or that they have begun to dial. */
static bool
attempt_share(struct attempt *a)
{
	a->waited = false;
	if (a->raw || a->alone)
		return false;
	if (!a->fresh)
		a->upstream = upstream_take(a->worker->pools, a->backend, a->endpoint);
	if (a->upstream == NULL) {
		a->upstream = upstream_join(a->worker->pools, a->backend, a->endpoint, &a->waiter);
		a->waited = a->upstream != NULL;
	}
	if (a->upstream == NULL)
		return false;
	COUNTER_ADD(attempt_stats(a)->conns_reused, 1);
	return true;
}

static bool
attempt_connect(struct attempt *a)
{
	enum fault full;

	if (attempt_share(a))
		return true;
	full = backend_conn_open(a->backend, a->endpoint);
	if (full != FAULT_none && upstream_evict(a->worker->pools, a->backend))
		full = backend_conn_open(
		    a->backend, a->endpoint); /* an idle one counts, but blocks nobody */
	if (full != FAULT_none) {
		a->fault = full;
		return false;
	}
	COUNTER_ADD(attempt_stats(a)->conns_opened, 1);
	a->upstream = (a->raw || a->alone ? upstream_dial_alone : upstream_dial)(
	    a->worker->pools, a->backend, a->endpoint, &a->waiter);
	a->waited = true;
	return true;
}

/* There is no place for it now: it gives back what it has and waits in line, if it may. */
static enum attempt_at
attempt_wait(struct attempt *a)
{
	struct guard *g = &a->state->guard;
	const struct queue_spec *spec = &a->backend->guard.queue;
	bool joins = a->place.line == NULL;

	if (a->place.late)
		a->fault = FAULT_queue_timeout;
	if (!guard_may_wait(a->fault) || spec->size == 0)
		return attempt_failed(a, a->fault);
	/* What it gives back is no news to the others: they could not use it either. */
	(void)attempt_give_back(a, false);
	a->due = 0;
	guard_leave(g, &a->pass);
	if (!queue_join(&g->queue, spec, a->worker->index, a->worker->loop, &a->place))
		return attempt_failed(a, FAULT_queue_full);
	if (joins) /* a place that became free before it was in line was told to nobody */
		loop_ready(a->worker->loop, a->place.owner);
	return ATTEMPT_WAIT;
}

/* False: it still pauses before its next try. */
static bool
attempt_is_due(struct attempt *a)
{
	if (likely(!a->pauses))
		return true;
	if (a->worker->loop->now < a->due)
		return false;
	a->pauses = false;
	a->due = 0;
	return true;
}

enum attempt_at
attempt_run(struct attempt *a)
{
	if (!attempt_is_due(a))
		return ATTEMPT_WAIT;
	for (;;) {
		if (a->endpoint == NULL && !attempt_choose(a))
			return attempt_wait(a);
		if (a->upstream == NULL && !attempt_connect(a))
			return attempt_wait(a);
		attempt_leave_line(a, true);
		switch ((enum upstream_at)a->upstream->at) {
		case UPSTREAM_DIALS:
		case UPSTREAM_SHAKES:
			return ATTEMPT_WAIT;
		case UPSTREAM_LENT:
		case UPSTREAM_IDLE:
			if (a->waited && !upstream_admits(a->upstream)) {
				upstream_drop(&a->upstream); /* others were here before */
				break;
			}
			if (a->connected_at == 0)
				a->connected_at = a->worker->loop->now;
			a->reused = a->upstream->reused;
			a->fault = FAULT_none;
			return ATTEMPT_READY;
		case UPSTREAM_CLOSED:
			if (!attempt_retry(a, a->upstream->fault, ATTEMPT_SENT_NOTHING))
				return ATTEMPT_FAILED;
			if (a->pauses)
				return ATTEMPT_WAIT;
			break;
		}
	}
}
