/* breaker - stops asking a backend that mostly fails, and finds out cautiously when it is well
 *again.
 *
 *	CLOSED --too many failures--> OPEN --time--> HALF_OPEN --all probes well--> CLOSED
 *	                                ^----------- a probe fails ----'
 *
 * Process-wide: all workers count into the same atomics, and whoever crosses the line moves the
 * state. No clock and no I/O of its own. */
#ifndef UPSTREAM_BREAKER_H
#define UPSTREAM_BREAKER_H

#include <stdatomic.h>

#include "base/base.h"

struct breaker_spec {
	uint32_t errors;    /* percent of results that open it; 0: there is no breaker */
	uint32_t volume;    /* fewer results than this in a window say nothing */
	uint64_t window_us; /* how far back results count, at least half of it */
	uint64_t open_us;   /* until the first probes */
	uint32_t probes;    /* requests let through half-open; so many successes close it */
};

enum breaker_at { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct breaker {                  /* zeroed: closed */
	_Atomic uint32_t at;      /* enum breaker_at; written by breaker_enter alone */
	_Atomic uint64_t turn_at; /* CLOSED: the half window ends; OPEN: probes begin */
	_Atomic uint32_t well, failed, well_before, failed_before; /* this half window, the last */
	_Atomic uint32_t probing, probed; /* let through and unanswered; answered well */
	_Atomic uint32_t opened;          /* times; for metrics */
};

enum breaker_pass { BREAKER_REFUSES, BREAKER_LETS, BREAKER_PROBES };

/* May one more request go? A probe must be followed by breaker_result or breaker_spare. */
enum breaker_pass breaker_ask(
    struct breaker *b, const struct breaker_spec *spec, uint64_t now) NODISCARD;
/* What came of a request that was let through. True: that moved the state. */
bool breaker_result(
    struct breaker *b, const struct breaker_spec *spec, bool probe, bool failed, uint64_t now);
/* A probe ended without saying anything about the backend: another may go in its place. */
void breaker_spare(struct breaker *b);

#endif
