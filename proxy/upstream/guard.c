#include "upstream/guard.h"

void
guard_init(struct guard *g, uint32_t workers)
{
	queue_init(&g->queue, workers);
}

void
guard_fini(struct guard *g)
{
	queue_fini(&g->queue);
}

bool
guard_is_unused(const struct guard *g)
{
	return atomic_load_explicit(&g->requests, memory_order_acquire) == 0 &&
	       atomic_load_explicit(&g->conns, memory_order_acquire) == 0 &&
	       queue_is_empty(&g->queue);
}

/* The counts are relaxed on the way up: each is one number that guards nothing else in memory, and
 * a single atomic object has one order of changes whatever the order asked for, which is all that
 * an exact limit needs. Adding first and taking back is without a loop and never lets one too many
 * in; between the two steps another may be refused who would just have fitted, but only while the
 * limit is being hit anyway. */
bool
guard_count(_Atomic uint32_t *count, uint32_t limit)
{
	uint32_t before = atomic_fetch_add_explicit(count, 1, memory_order_relaxed);

	if (limit == 0 || before < limit)
		return true;
	atomic_fetch_sub_explicit(count, 1, memory_order_relaxed);
	return false;
}

/* Sequentially consistent on the way down: a count of zero lets the sweep free what it is part of,
 * and who waits in the queue must be seen after it (queue.h). */
void
guard_uncount(_Atomic uint32_t *count)
{
	uint32_t before = atomic_fetch_sub(count, 1);

	ASSERT(before > 0);
}

static enum fault
guard_limits(struct guard *g, const struct guard_spec *spec, struct guard_pass *p)
{
	uint32_t limit = spec->max_requests;
	enum fault why = FAULT_connection_limit_reached;

	if (spec->concurrency.max != 0) {
		uint32_t found = concurrency_limit(&g->concurrency, &spec->concurrency);

		if (limit == 0 || found < limit) {
			limit = found;
			why = FAULT_concurrency_limited;
		}
	}
	if (!guard_count(&g->requests, limit))
		return why;
	if (spec->concurrency.max != 0)
		p->in_flight = atomic_load_explicit(&g->requests, memory_order_relaxed);
	return FAULT_none;
}

enum fault
guard_enter(struct guard *g, const struct guard_spec *spec, struct guard_pass *p, uint64_t now)
{
	enum breaker_pass pass = BREAKER_LETS;
	enum fault why;

	if (unlikely(spec->breaker.errors != 0))
		pass = breaker_ask(&g->breaker, &spec->breaker, now);
	if (pass == BREAKER_REFUSES)
		return FAULT_circuit_open;
	why = guard_limits(g, spec, p);
	if (why != FAULT_none && pass == BREAKER_PROBES)
		breaker_spare(&g->breaker);
	p->inside = why == FAULT_none;
	p->probe = p->inside && pass == BREAKER_PROBES;
	return why;
}

bool
guard_result(struct guard *g, const struct guard_spec *spec, struct guard_pass *p, bool failed,
    uint64_t us, uint64_t now)
{
	bool probe = p->probe;

	/* A connection that is refused at once says nothing about how long answers take. */
	if (spec->concurrency.max != 0 && !failed)
		concurrency_sample(&g->concurrency, &spec->concurrency, us, p->in_flight, now);
	p->probe = false;
	return spec->breaker.errors != 0 &&
	       breaker_result(&g->breaker, &spec->breaker, probe, failed, now);
}

/* Measured by the requests that are no retries, so that a budget of 20% is 1.2 times the load, not
 * more. Added first and taken back, as in guard_count. */
bool
guard_retry(struct guard *g, const struct guard_spec *spec, struct guard_pass *p)
{
	enum { WHOLE = 100 };
	uint32_t retries, requests, limit = 0;

	if (spec->retry_budget == 0 || p->retry)
		return true;
	retries = atomic_fetch_add_explicit(&g->retries, 1, memory_order_relaxed);
	requests = atomic_load_explicit(&g->requests, memory_order_relaxed);
	if (requests > retries)
		limit = (uint32_t)((uint64_t)(requests - retries) * spec->retry_budget / WHOLE);
	if (limit < GUARD_RETRIES)
		limit = GUARD_RETRIES;
	p->retry = retries < limit;
	if (!p->retry)
		atomic_fetch_sub_explicit(&g->retries, 1, memory_order_relaxed);
	return p->retry;
}

void
guard_retry_done(struct guard *g, struct guard_pass *p)
{
	if (likely(!p->retry))
		return;
	p->retry = false;
	atomic_fetch_sub_explicit(&g->retries, 1, memory_order_relaxed);
}

void
guard_leave(struct guard *g, struct guard_pass *p)
{
	if (!p->inside)
		return;
	guard_retry_done(g, p);
	if (p->probe)
		breaker_spare(&g->breaker);
	*p = (struct guard_pass){0};
	guard_uncount(&g->requests);
}
