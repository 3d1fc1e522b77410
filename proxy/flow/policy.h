/* policy - how the requests of a route are tried: how long that may take, after what a request is
 * tried again, how often and after which pause. Part of a snapshot, shared by routes that agree.
 * Arithmetic only: whether a request is tried again is decided in attempt_again.c. */
#ifndef FLOW_POLICY_H
#define FLOW_POLICY_H

#include "http/statuses.h"

enum policy_asks { POLICY_RESET = 1, POLICY_TIMEOUT = 2 };

struct policy {
	uint64_t request_us, response_us; /* in all; one answer's head. 0: no limit */
	uint64_t body_us;                 /* a body may stand still so long */
	uint64_t look_us;                 /* until the first look at the clock */
	uint64_t try_us;                  /* a try until the head of its answer; 0: no limit */
	uint64_t backoff_us, backoff_max_us;
	uint64_t replay;          /* bytes of a request kept to be sent again */
	struct statuses statuses; /* answers that are tried again */
	uint32_t retries;         /* tries after the first one */
	uint32_t asks;            /* enum policy_asks: tried again only if asked for */
	bool non_idempotent;      /* what is tried again when asked for, is so for all methods */
};

/* One more try for what cannot connect, and nothing else. */
extern const struct policy policy_plain;

/* How long to wait before retry n, from 0: anything up to a limit that doubles each time. */
uint64_t policy_pause(const struct policy *p, uint32_t n, uint64_t random);

#endif
