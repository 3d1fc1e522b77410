/* attempt_parts - what the files of an attempt share. */
#ifndef FLOW_ATTEMPT_PARTS_H
#define FLOW_ATTEMPT_PARTS_H

#include "flow/attempt.h"

enum { ATTEMPT_MOVES_MAX = 100 }; /* each writes a head into the arena */

static inline struct backend_stats *
attempt_stats(const struct attempt *a)
{
	return meter_block(a->state->meter, a->worker->index);
}

static inline struct endpoint_stats *
attempt_endpoint_stats(const struct attempt *a, const struct endpoint *e)
{
	return meter_block(e->meter, a->worker->index);
}

/* What this try came to: a fault, or FAULT_none and a status. Once per try. */
void attempt_result(struct attempt *a, enum fault why, uint16_t status);

#endif
