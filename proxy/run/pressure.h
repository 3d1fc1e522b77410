/* pressure - how much of the memory and of the descriptors that weir may use is in use: looked at
 * ten times a second on the control thread, where a limit is set, and published for the workers
 * (flow/overload.h). Each time it begins or ends to be too much is told once. */
#ifndef RUN_PRESSURE_H
#define RUN_PRESSURE_H

#include "flow/overload.h"
#include "io/loop.h"

struct pressure {
	struct overload overload; /* what the workers read */
	struct overload_spec spec;
	struct loop *loop;
	struct timer timer;
	bool high; /* told so */
};

/* Watches by this spec from now on; safe to call again. The first call opens it. */
void pressure_watch(struct pressure *p, struct loop *l, const struct overload_spec *spec);

#endif
