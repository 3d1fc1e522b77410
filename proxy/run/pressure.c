#include "run/pressure.h"

#include "base/log.h"
#include "observe/process.h"

enum { PRESSURE_US = 100000, PERCENT = 100 };

static uint32_t
pressure_of(uint64_t used, uint64_t most)
{
	uint64_t p = most == 0 ? 0 : used * OVERLOAD_WHOLE / most;

	return p > UINT32_MAX ? UINT32_MAX : (uint32_t)p;
}

static void
pressure_tell(struct pressure *p, uint32_t memory, uint32_t files)
{
	bool high = memory > OVERLOAD_WHOLE || files > OVERLOAD_WHOLE;

	if (high != p->high && high)
		log_warn("overloaded: %u%% of overload.memory and %u%% of overload.files in use; "
			 "refusing what is new",
		    memory * PERCENT / OVERLOAD_WHOLE, files * PERCENT / OVERLOAD_WHOLE);
	else if (high != p->high)
		log_info("no longer overloaded");
	p->high = high;
}

static void
pressure_look(struct timer *t)
{
	struct pressure *p = container_of(t, struct pressure, timer);
	struct process_facts facts;
	uint32_t memory, files;

	process_facts(&facts);
	memory = pressure_of(facts.resident_bytes, p->spec.memory);
	files = pressure_of(facts.fds, facts.max_fds * p->spec.files / PERCENT);
	atomic_store_explicit(&p->overload.memory, memory, memory_order_relaxed);
	atomic_store_explicit(&p->overload.files, files, memory_order_relaxed);
	pressure_tell(p, memory, files);
	timer_set(p->loop, t, p->loop->now + PRESSURE_US);
}

void
pressure_watch(struct pressure *p, struct loop *l, const struct overload_spec *spec)
{
	p->loop = l;
	p->spec = *spec;
	p->timer.fire = pressure_look;
	timer_clear(l, &p->timer);
	if (spec->memory != 0 || spec->files != 0) {
		pressure_look(&p->timer);
		return;
	}
	atomic_store_explicit(&p->overload.memory, 0, memory_order_relaxed);
	atomic_store_explicit(&p->overload.files, 0, memory_order_relaxed);
	pressure_tell(p, 0, 0);
}
