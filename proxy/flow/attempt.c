#include "flow/attempt.h"

void
attempt_begin(struct attempt *a, struct worker *w, struct backend *b, struct task *owner,
    uint64_t key, bool raw)
{
	*a = (struct attempt){.worker = w,
	    .waiter.task = owner,
	    .backend = b,
	    .state = b->state,
	    .raw = raw,
	    .alone = b->proxy_protocol != PROXY_PROTOCOL_OFF};
	a->pick.key = key;
}

static struct backend_stats *
attempt_stats(struct attempt *a)
{
	return meter_block(a->state->meter, a->worker->index);
}

static void
attempt_leave_endpoint(struct attempt *a)
{
	if (a->endpoint != NULL)
		backend_pick_done(a->endpoint);
	a->endpoint = NULL;
}

void
attempt_release(struct attempt *a, bool reusable)
{
	waiter_leave(&a->waiter);
	if (a->upstream != NULL && reusable)
		upstream_give(&a->upstream);
	else
		upstream_drop(&a->upstream);
	attempt_leave_endpoint(a);
}

void
attempt_end(struct attempt *a)
{
	attempt_release(a, false);
	if (a->entered)
		backend_leave(a->state);
	a->entered = false;
}

static enum attempt_at
attempt_failed(struct attempt *a, enum fault why)
{
	a->fault = why;
	attempt_release(a, false);
	return ATTEMPT_FAILED;
}

/* Picks an endpoint that was not tried yet. */
static bool
attempt_pick(struct attempt *a)
{
	a->pick.random = worker_random(a->worker);
	a->target = backend_pick(a->backend, &a->pick);
	if (a->target == BALANCE_NONE)
		return false;
	a->last = a->endpoint = a->backend->targets[a->target].endpoint;
	a->tries++;
	a->began_at = a->worker->loop->now;
	a->connected_at = 0;
	return true;
}

/* A kept connection that turned out to be closed says nothing about its endpoint; any other failed
 * target is kept away from. */
static void
attempt_avoid(struct attempt *a, enum fault_retry kind)
{
	if (kind == RETRY_REUSED)
		a->fresh = true;
	else if (a->pick.n_tried < BALANCE_TRIED_MAX)
		a->pick.tried[a->pick.n_tried++] = a->target;
}

bool
attempt_retry(struct attempt *a, enum fault why, bool replayable, bool idempotent)
{
	const struct endpoint *failed = a->endpoint;
	enum fault_retry kind = fault_row(why)->retry;
	bool again =
	    a->tries < ATTEMPT_TRIES &&
	    (kind == RETRY_SAFE || (kind == RETRY_REUSED && a->reused && replayable && idempotent));

	a->fault = why;
	if (again)
		attempt_avoid(a, kind);
	attempt_release(a, false);
	if (!again || !attempt_pick(a))
		return false;
	/* The last try's fault is counted with the record, this one here. */
	code_count(&attempt_stats(a)->retries, why);
	code_count(
	    &((struct endpoint_stats *)meter_block(failed->meter, a->worker->index))->errors, why);
	return true;
}

/* The first choice. False: a->fault says why not. */
static bool
attempt_choose(struct attempt *a)
{
	if (!a->entered) {
		a->fault = backend_enter(a->backend);
		if (a->fault != FAULT_none)
			return false;
		a->entered = true;
	}
	if (attempt_pick(a))
		return true;
	a->fault = FAULT_destination_unavailable;
	return false;
}

/* A connection that others use or used, or that they have begun to dial. */
static bool
attempt_share(struct attempt *a)
{
	a->joined = false;
	if (a->raw || a->alone)
		return false;
	if (!a->fresh)
		a->upstream = upstream_take(a->worker->pools, a->endpoint);
	if (a->upstream == NULL) {
		a->upstream = upstream_join(a->worker->pools, a->endpoint, &a->waiter);
		a->joined = a->upstream != NULL;
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
	full = backend_conn_open(a->backend);
	if (full != FAULT_none && upstream_evict(a->worker->pools, a->backend))
		full = backend_conn_open(a->backend); /* an idle one counts, but blocks nobody */
	if (full != FAULT_none) {
		a->fault = full;
		return false;
	}
	COUNTER_ADD(attempt_stats(a)->conns_opened, 1);
	a->upstream = (a->raw || a->alone ? upstream_dial_alone : upstream_dial)(
	    a->worker->pools, a->backend, a->endpoint, &a->waiter);
	return true;
}

enum attempt_at
attempt_run(struct attempt *a)
{
	for (;;) {
		if (a->endpoint == NULL && !attempt_choose(a))
			return attempt_failed(a, a->fault);
		if (a->upstream == NULL && !attempt_connect(a))
			return attempt_failed(a, a->fault);
		switch ((enum upstream_at)a->upstream->at) {
		case UPSTREAM_DIALS:
			return ATTEMPT_WAIT;
		case UPSTREAM_LENT:
		case UPSTREAM_IDLE:
			if (a->joined && !upstream_admits(a->upstream)) {
				upstream_drop(&a->upstream); /* others were here before */
				break;
			}
			if (a->connected_at == 0)
				a->connected_at = a->worker->loop->now;
			a->reused = a->upstream->reused;
			a->fault = FAULT_none;
			return ATTEMPT_READY;
		case UPSTREAM_CLOSED:
			if (!attempt_retry(a, a->upstream->fault, true, true))
				return ATTEMPT_FAILED;
			break;
		}
	}
}
