/* guard - may one more request go to this backend? Limits, a breaker and a measure of how much it
 * can take, process-wide; and the queue of those who may not yet. What a guard counts is a request
 * from guard_enter to guard_leave; what it learns comes from guard_result. Which endpoint gets it
 * is not decided here. */
#ifndef UPSTREAM_GUARD_H
#define UPSTREAM_GUARD_H

#include "base/fault.h"
#include "upstream/breaker.h"
#include "upstream/concurrency.h"
#include "upstream/queue.h"

struct guard_spec {                                       /* of a snapshot's backend */
	uint32_t max_requests, max_connections;           /* 0: no limit; also the next two */
	uint32_t endpoint_requests, endpoint_connections; /* of each of its endpoints */
	uint32_t retry_budget; /* percent of the requests that are no retries; 0: no limit */
	struct queue_spec queue;
	struct breaker_spec breaker;
	struct concurrency_spec concurrency;
};

struct guard {                                   /* of a backend's state; survives reload */
	CACHE_ALIGNED _Atomic uint32_t requests; /* in flight */
	_Atomic uint32_t conns;                  /* open */
	_Atomic uint32_t retries;                /* requests that are at another try */
	struct queue queue;
	struct breaker breaker;
	struct concurrency concurrency;
};

struct guard_pass {         /* of one request; zeroed: not inside */
	uint32_t in_flight; /* with it */
	bool inside;
	bool probe; /* a half-open breaker waits for its result */
	bool retry; /* counted as one */
};

enum { GUARD_RETRIES = 3 }; /* at a time may always be: a share of few requests is none */

void guard_init(struct guard *g, uint32_t workers);
void guard_fini(struct guard *g);
bool guard_is_unused(const struct guard *g); /* nothing in flight, open or waiting */

/* Counts it in and FAULT_none, or why not. */
enum fault guard_enter(
    struct guard *g, const struct guard_spec *spec, struct guard_pass *p, uint64_t now) NODISCARD;
/* A try is over: did the backend fail, and how long did its answer take? True: that opened or
 * closed the breaker. */
bool guard_result(struct guard *g, const struct guard_spec *spec, struct guard_pass *p, bool failed,
    uint64_t us, uint64_t now);
/* One that is inside wants another try. False: as many as may be are at it. Counted until it
 * leaves, or its answer has begun. */
bool guard_retry(struct guard *g, const struct guard_spec *spec, struct guard_pass *p) NODISCARD;
void guard_retry_done(struct guard *g, struct guard_pass *p);
/* Safe on a pass that is not inside. Whoever has had a place wakes the queue after it. */
void guard_leave(struct guard *g, struct guard_pass *p);

/* One more in a count that all workers share: false when it would be more than the limit; 0: none.
 */
bool guard_count(_Atomic uint32_t *count, uint32_t limit) NODISCARD;
void guard_uncount(_Atomic uint32_t *count);

/* Is it worth waiting, after this fault, for somebody to leave? */
static inline bool
guard_may_wait(enum fault why)
{
	return why == FAULT_connection_limit_reached || why == FAULT_concurrency_limited;
}

#endif
