/* policy - how the requests of a route are tried: how long that may take, after what a request is
 * tried again, how often and after which pause. Part of a snapshot, shared by routes that agree.
 * Arithmetic only: whether a request is tried again is decided in attempt.c. */
#ifndef FLOW_POLICY_H
#define FLOW_POLICY_H

#include "base/base.h"

enum { POLICY_STATUS_MIN = 400, POLICY_STATUS_MAX = 599, POLICY_STATUS_SETS = 4 };

enum policy_asks { POLICY_RESET = 1, POLICY_TIMEOUT = 2 };

struct policy {
	uint64_t request_us, response_us; /* in all; one answer's head. 0: no limit */
	uint64_t body_us;                 /* a body may stand still so long */
	uint64_t look_us;                 /* until the first look at the clock */
	uint64_t try_us;                  /* a try until the head of its answer; 0: no limit */
	uint64_t backoff_us, backoff_max_us;
	uint64_t replay;                       /* bytes of a request kept to be sent again */
	uint64_t statuses[POLICY_STATUS_SETS]; /* answers that are tried again, a bit each */
	uint32_t retries;                      /* tries after the first one */
	uint32_t asks;                         /* enum policy_asks: tried again only if asked for */
	bool non_idempotent; /* what is tried again when asked for, is so for all methods */
};

/* One more try for what cannot connect, and nothing else. */
extern const struct policy policy_plain;

void policy_ask_status(struct policy *p, unsigned status);

static inline bool
policy_asks_status(const struct policy *p, unsigned status)
{
	unsigned bit = status - POLICY_STATUS_MIN;

	return status >= POLICY_STATUS_MIN && status <= POLICY_STATUS_MAX &&
	       (p->statuses[bit / 64] >> bit % 64 & 1) != 0;
}

/* How long to wait before retry n, from 0: anything up to a limit that doubles each time. */
uint64_t policy_pause(const struct policy *p, uint32_t n, uint64_t random);

#endif
