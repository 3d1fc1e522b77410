/* exchange_clock - what an exchange waits for, since when, and whether that is too long. One timer
 * for all of it, set to the next look. */
#ifndef FLOW_EXCHANGE_CLOCK_H
#define FLOW_EXCHANGE_CLOCK_H

#include "flow/exchange.h"

enum { US_PER_MS = 1000 };

/* Its deadline, and the first look, when its attempt begins. */
void exchange_clock_start(struct exchange *x);
/* Of one with a deadline: how long the endpoint has until its answer is of no use. */
uint64_t exchange_left_us(const struct exchange *x);
/* What the attempt waits for is due at a time of its own. */
void exchange_clock_follow(struct exchange *x);
/* A look. FAULT_none: wait on; the timer is set to the next one. */
enum fault exchange_late(struct exchange *x);

#endif
