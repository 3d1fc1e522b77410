/* What a try came to, told to whom it concerns: the guard of the backend, and who judges the
 * endpoint. */
#include "flow/attempt_parts.h"
#include "upstream/ejection.h"

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

void
attempt_judge_call(struct attempt *a, enum grpc_status status)
{
	attempt_note(a, outlier_of_grpc(status));
}

void
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

void
attempt_answered(struct attempt *a, uint16_t status)
{
	attempt_result(a, FAULT_none, status);
	guard_retry_done(&a->state->guard, &a->pass);
}
