#include "flow/overload.h"

enum { OVERLOAD_RAMP = 100 }; /* from the first one refused to the last one let in */

/* Where the refusing begins. It ends OVERLOAD_RAMP further on: a sharp edge would refuse all, then
 * none, then all. */
static const uint32_t overload_begins[] = {
    [PRIORITY_HIGH] = OVERLOAD_WHOLE + OVERLOAD_RAMP,
    [PRIORITY_NORMAL] = OVERLOAD_WHOLE,
    [PRIORITY_LOW] = OVERLOAD_WHOLE - OVERLOAD_RAMP,
};

static bool
overload_draws(uint64_t pressure, enum priority priority, uint64_t random)
{
	uint32_t begins = overload_begins[priority];

	return pressure > begins && random % OVERLOAD_RAMP < pressure - begins;
}

bool
overload_sheds(const struct overload *o, const struct overload_spec *spec, enum priority priority,
    uint64_t delay_us, uint64_t random)
{
	uint64_t pressure = atomic_load_explicit(&o->memory, memory_order_relaxed);

	if (spec->loop_delay_us != 0 && delay_us * OVERLOAD_WHOLE / spec->loop_delay_us > pressure)
		pressure = delay_us * OVERLOAD_WHOLE / spec->loop_delay_us;
	return overload_draws(pressure, priority, random);
}

bool
overload_refuses(const struct overload *o, uint64_t random)
{
	uint64_t memory = atomic_load_explicit(&o->memory, memory_order_relaxed);
	uint64_t files = atomic_load_explicit(&o->files, memory_order_relaxed);

	/* A connection has no priority yet, so those that may carry high requests come in. */
	return overload_draws(memory > files ? memory : files, PRIORITY_NORMAL, random);
}
