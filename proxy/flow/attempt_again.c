/* Whether there is another try, when, and to whom: decided here and nowhere else. */
#include "flow/attempt_parts.h"

/* By the policy, after this failure? */
static bool
attempt_permits(const struct attempt *a, enum fault_retry kind, enum attempt_sent sent)
{
	const struct policy *p = a->policy;
	bool repeatable = sent == ATTEMPT_SENT_NOTHING || a->idempotent;
	bool asked = repeatable || p->non_idempotent;
	bool reset = asked && (p->asks & POLICY_RESET) != 0;

	switch (kind) {
	case RETRY_NEVER:
		return false;
	case RETRY_SAFE:
	case RETRY_ELSEWHERE:
		return true;
	case RETRY_REUSED:
		return (a->reused && repeatable) || reset;
	case RETRY_RESET:
		return reset;
	case RETRY_TIMEOUT:
		return asked && (p->asks & POLICY_TIMEOUT) != 0;
	}
	return false;
}

/* A kept connection that was closed is often the first word of an endpoint that stops: any other
 * one is as good, and none is asked over a kept one again. But it may mean nothing, so where the
 * request belongs to its endpoint it stays there. */
static void
attempt_avoid(struct attempt *a, bool stale)
{
	a->fresh |= stale;
	if (stale && (a->backend->hashed || a->seated))
		return;
	if (a->pick.n_tried < BALANCE_TRIED_MAX)
		a->pick.tried[a->pick.n_tried++] = a->endpoint;
}

/* Is there one that was not tried? Who keeps strictly to its own endpoint has only that. */
static bool
attempt_has_other(const struct attempt *a)
{
	if (unlikely(a->seated) && a->backend->sticky->strict)
		return a->pick.n_tried == 0;
	return backend_has(a->backend, &a->pick);
}

/* Leaves one that may be chosen in a->pick, or returns false. Who was tried is asked again when
 * nobody else is left, the last one last. */
static bool
attempt_has_choice(struct attempt *a, bool again)
{
	struct balance_pick *pick = &a->pick;

	if (attempt_has_other(a))
		return true;
	if (!again || pick->n_tried == 0)
		return false;
	pick->tried[0] = pick->tried[pick->n_tried - 1];
	pick->n_tried = 1;
	if (attempt_has_other(a))
		return true;
	pick->n_tried = 0;
	return attempt_has_other(a);
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

/* Its connection took leave after it has served others, before the endpoint has looked at this
 * request: on another one it is the same try. */
static bool
attempt_moves(struct attempt *a, enum fault why, enum attempt_sent sent)
{
	if (likely(why != FAULT_connection_goaway) || sent == ATTEMPT_SENT_LOST ||
	    a->moves == ATTEMPT_MOVES_MAX)
		return false;
	a->moves++;
	upstream_drop(&a->upstream);
	return true;
}

bool
attempt_retry(struct attempt *a, enum fault why, enum attempt_sent sent)
{
	struct endpoint *failed = a->endpoint;
	enum fault_retry kind = fault_row(why)->retry;
	bool again;

	if (attempt_moves(a, why, sent))
		return true;
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
