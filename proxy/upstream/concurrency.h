/* concurrency - how many requests a backend can have in flight before they only wait in it: found
 * out from how long answers take. The limit follows the ratio of the time without waiting to the
 * present time (the "gradient" of Netflix's concurrency-limits and of Envoy): answers as quick as
 * that let it grow by about its root, answers that take longer shrink it in proportion.
 *
 * What an answer takes without waiting is seen when less than half of the limit is in use, or else
 * by halving the limit for a moment every half minute: without that, a load that never lets up
 * would make the waiting count as usual, and the limit would creep up for ever.
 *
 * Process-wide; all workers sample into the same atomics and one of them, once a window, moves the
 * limit. No clock of its own. */
#ifndef UPSTREAM_CONCURRENCY_H
#define UPSTREAM_CONCURRENCY_H

#include <stdatomic.h>

#include "base/base.h"

struct concurrency_spec {
	uint32_t min, max;  /* of the limit; max 0: there is none */
	uint32_t tolerance; /* percent of the time without waiting that is still good: above 100 */
};

struct concurrency {                    /* zeroed: nothing is known yet */
	_Atomic uint32_t limit;         /* 0: not moved yet */
	_Atomic uint32_t windows;       /* moved, of the round of which the last ones look */
	_Atomic uint64_t window_ends;   /* now or later; whoever moves it moves all else here */
	_Atomic uint64_t unqueued_us;   /* what an answer takes without waiting; 0: unknown */
	_Atomic uint64_t sum_us;        /* this and the next line: of this window */
	_Atomic uint32_t samples, peak; /* the most in flight that was seen */
};

uint32_t concurrency_limit(const struct concurrency *c, const struct concurrency_spec *spec);
/* An answer's head came after us; so many were in flight when its request began. */
void concurrency_sample(struct concurrency *c, const struct concurrency_spec *spec, uint64_t us,
    uint32_t in_flight, uint64_t now);

#endif
