#include "flow/attempt.h"

#include "upstream/ejection.h"

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

static struct backend_stats *
attempt_stats(struct attempt *a)
{
	return meter_block(a->state->meter, a->worker->index);
}

static struct endpoint_stats *
attempt_endpoint_stats(const struct attempt *a, const struct endpoint *e)
{
	return meter_block(e->meter, a->worker->index);
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

/* Picks an endpoint that was not tried yet. False: a->fault says why not. */
static bool
attempt_pick(struct attempt *a)
{
	struct endpoint *e;

	a->pick.random = worker_random(a->worker);
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

/* Notes it for the endpoint, once; the worker that sees a streak tells the control thread. */
static void
attempt_note(struct attempt *a, enum outlier_result result)
{
	enum outlier_detector which;

	if (a->judged || a->endpoint == NULL || !a->backend->outlier.on)
		return;
	a->judged = true;
	if (likely(result == OUTLIER_GOOD))
		COUNTER_ADD(attempt_endpoint_stats(a, a->endpoint)->good, 1);
	else
		COUNTER_ADD(attempt_endpoint_stats(a, a->endpoint)->failed, 1);
	if (unlikely(outlier_note(&a->endpoint->streaks, &a->backend->outlier, result, &which)))
		ejection_ask(a->endpoint, which, a->worker->current->snapshot->home);
}

/* A kept connection that was closed meanwhile, and one that was properly taken leave of, say
 * nothing about their endpoint. */
void
attempt_judge(struct attempt *a, enum fault why)
{
	const struct fault_row *row;

	if (likely(why == FAULT_none)) {
		attempt_note(a, OUTLIER_GOOD);
		return;
	}
	row = fault_row(why);
	if (row->whose == WHOSE_UPSTREAM && why != FAULT_connection_goaway &&
	    !(row->retry == RETRY_REUSED && a->reused))
		attempt_note(a, OUTLIER_LOCAL);
}

/* What this try came to: a fault, or FAULT_none and a status. Once per try. */
static void
attempt_result(struct attempt *a, enum fault why, uint16_t status)
{
	const struct backend *b = a->backend;
	uint64_t now = a->worker->loop->now;
	bool failed = why != FAULT_none ? fault_row(why)->whose == WHOSE_UPSTREAM
					: status >= ATTEMPT_SERVER_ERROR;

	if (why != FAULT_none)
		attempt_judge(a, why);
	else if (failed)
		attempt_note(a, outlier_of_status(status));
	if (unlikely(b->outlier.latency != 0) && why == FAULT_none)
		histogram_add(&attempt_endpoint_stats(a, a->endpoint)->answers, now - a->began_at);
	if (guard_result(&a->state->guard, &b->guard, &a->pass, failed, now - a->began_at, now))
		log_warn("backend %.*s: breaker %s", STR_FMT(b->name),
		    failed ? "open: too many requests fail" : "closed: it answers again");
}

/* ---- trying again: decided here and nowhere else ---- */

/* By the policy, after this failure? */
static bool
attempt_permits(const struct attempt *a, enum fault_retry kind, enum attempt_sent sent)
{
	const struct policy *p = a->policy;
	bool repeatable = sent == ATTEMPT_SENT_NOTHING || a->idempotent;
	bool asked = (repeatable || p->non_idempotent);

	switch (kind) {
	case RETRY_NEVER:
		return false;
	case RETRY_SAFE:
	case RETRY_ELSEWHERE:
		return true;
	case RETRY_REUSED:
		if (a->reused && repeatable)
			return true;
		return asked && (p->asks & POLICY_RESET) != 0;
	case RETRY_RESET:
		return asked && (p->asks & POLICY_RESET) != 0;
	case RETRY_TIMEOUT:
		return asked && (p->asks & POLICY_TIMEOUT) != 0;
	}
	return false;
}

/* A kept connection that turned out to be closed says nothing about its endpoint; any other failed
 * target is kept away from. */
static void
attempt_avoid(struct attempt *a, bool stale)
{
	if (stale)
		a->fresh = true;
	else if (a->pick.n_tried < BALANCE_TRIED_MAX)
		a->pick.tried[a->pick.n_tried++] = a->endpoint;
}

/* Leaves one that may be chosen in a->pick, or returns false. Who was tried is asked again when
 * nobody else is left, the last one last. */
static bool
attempt_has_choice(struct attempt *a, bool again)
{
	struct balance_pick *pick = &a->pick;

	if (backend_has(a->backend, pick))
		return true;
	if (!again || pick->n_tried == 0)
		return false;
	pick->tried[0] = pick->tried[pick->n_tried - 1];
	pick->n_tried = 1;
	if (backend_has(a->backend, pick))
		return true;
	pick->n_tried = 0;
	return backend_has(a->backend, pick);
}

/* Is all of the request still there? */
static bool
attempt_has_request(struct attempt *a, enum attempt_sent sent)
{
	if (sent != ATTEMPT_SENT_LOST)
		return true;
	if (a->tries <= a->policy->retries)
		a->denied = ATTEMPT_NOT_KEPT;
	return false;
}

/* why: what the try before came to, a fault or a status. */
static bool
attempt_has_budget(struct attempt *a, uint32_t why)
{
	if (guard_retry(&a->state->guard, &a->backend->guard, &a->pass))
		return true;
	a->denied = ATTEMPT_NO_BUDGET;
	code_count(&attempt_stats(a)->no_budget, why);
	return false;
}

/* When, and to whom? False: there is no other try. After a failure of which no endpoint has worked
 * on the request, the first one is free, and comes at once if it goes to somebody else. All others
 * are of the budget and come after a pause. */
static bool
attempt_plan(struct attempt *a, enum fault_retry kind, uint32_t why, uint64_t after_us)
{
	const struct policy *p = a->policy;
	uint64_t now = a->worker->loop->now, pause = 0;
	bool stale = kind == RETRY_REUSED && a->reused;
	bool free = a->tries == 1 && (stale || kind == RETRY_SAFE || kind == RETRY_ELSEWHERE);
	uint32_t tried = a->pick.n_tried;

	if (a->tries > p->retries)
		return false;
	attempt_avoid(a, stale);
	/* Who refused a moment ago is asked again only by those who want more than one retry. */
	if (!attempt_has_choice(a, kind != RETRY_ELSEWHERE || p->retries > 1))
		return false;
	if (!free || (kind == RETRY_ELSEWHERE && a->pick.n_tried <= tried))
		pause = policy_pause(p, a->tries - 1u, worker_random(a->worker));
	if (pause < after_us)
		pause = after_us;
	if (a->deadline != 0 ? now + pause >= a->deadline : after_us > p->backoff_max_us)
		return false;
	if (!free && !attempt_has_budget(a, why))
		return false;
	a->pauses = pause > 0;
	a->due = pause > 0 ? now + pause : 0;
	return true;
}

bool
attempt_retry(struct attempt *a, enum fault why, enum attempt_sent sent)
{
	struct endpoint *failed = a->endpoint;
	enum fault_retry kind = fault_row(why)->retry;
	bool again;

	if (failed != NULL)
		attempt_result(a, why, 0);
	again = failed != NULL && attempt_permits(a, kind, sent) && attempt_has_request(a, sent) &&
		attempt_plan(a, kind, why, 0);
	a->fault = why;
	attempt_release(a, false);
	if (!again)
		return false;
	/* What the last try came to is counted with the record, this one here. */
	code_count(&attempt_stats(a)->retries, why);
	code_count(&attempt_endpoint_stats(a, failed)->errors, why);
	return true;
}

bool
attempt_decline(struct attempt *a, uint16_t status, enum attempt_sent sent, uint64_t after_us)
{
	/* as what is tried again only if the route asks for it */
	if (!(a->idempotent || a->policy->non_idempotent) || !attempt_has_request(a, sent) ||
	    !attempt_plan(a, RETRY_RESET, status, after_us))
		return false;
	attempt_result(a, FAULT_none, status);
	code_count(&attempt_stats(a)->retries, status);
	code_count(&attempt_endpoint_stats(a, a->endpoint)->requests, status);
	return true;
}

struct str
attempt_denied_word(const struct attempt *a)
{
	static const struct str words[] = {[ATTEMPT_NOT_DENIED] = {NULL, 0},
	    [ATTEMPT_NO_BUDGET] = STR_INIT("no_budget"),
	    [ATTEMPT_NOT_KEPT] = STR_INIT("body_not_kept")};

	return words[a->denied];
}

void
attempt_answered(struct attempt *a, uint16_t status)
{
	attempt_result(a, FAULT_none, status);
	guard_retry_done(&a->state->guard, &a->pass);
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
			if (!attempt_retry(a, a->upstream->fault, ATTEMPT_SENT_NOTHING))
				return ATTEMPT_FAILED;
			if (a->pauses)
				return ATTEMPT_WAIT;
			break;
		}
	}
}
