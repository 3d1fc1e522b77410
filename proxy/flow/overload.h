/* overload - when the process itself runs out of something, some requests are refused at once so
 * that the others are served well: memory and descriptors are watched by the control thread (run/
 * pressure.c), the delay of a loop by its own worker. What is short is a pressure: what is used, in
 * thousandths of what may be used. Above it requests are refused by priority, more and more of
 * them; what has begun is never cut, and the admin doors are on another thread. */
#ifndef FLOW_OVERLOAD_H
#define FLOW_OVERLOAD_H

#include <stdatomic.h>

#include "base/base.h"

enum priority { PRIORITY_HIGH, PRIORITY_NORMAL, PRIORITY_LOW };

enum { OVERLOAD_WHOLE = 1000 }; /* the pressure at which all that may be used is used */

struct overload_spec {          /* 0: not watched */
	uint64_t memory;        /* bytes resident */
	uint64_t loop_delay_us; /* how long others wait while a worker's turn runs, on average */
	uint32_t files;         /* percent of the limit on descriptors */
};

struct overload { /* process-wide; survives reload. Written by the control thread */
	_Atomic uint32_t memory, files;
};

/* Is one more request of this priority refused? delay_us: of this worker's turns. */
bool overload_sheds(const struct overload *o, const struct overload_spec *spec,
    enum priority priority, uint64_t delay_us, uint64_t random);
/* Is one more connection? */
bool overload_refuses(const struct overload *o, uint64_t random);

static inline bool
overload_is_watched(const struct overload_spec *spec)
{
	return spec->memory != 0 || spec->loop_delay_us != 0 || spec->files != 0;
}

#endif
