/* endpoint - one address of a backend, and its state at run time. Lives in the registry under
 * backend name + endpoint text, so a reload loses nothing; targets hold references. State has one
 * writer (health.c, on the control thread), counters are atomics that all workers share. */
#ifndef UPSTREAM_ENDPOINT_H
#define UPSTREAM_ENDPOINT_H

#include "base/metric.h"
#include "io/addr.h"

enum endpoint_state {
	ENDPOINT_UNCHECKED, /* nobody asked it yet, or nobody ever will */
	ENDPOINT_HEALTHY,
	ENDPOINT_UNHEALTHY, /* by its checks */
	ENDPOINT_EJECTED,   /* by what its requests came to */
	ENDPOINT_WARMING,   /* back, or new: it gets less than its share */
	ENDPOINT_DRAINING,  /* nothing new; what is under way ends */
	ENDPOINT_DOWN,      /* by hand, or its name has no address */
	ENDPOINT_STATES
};

/* All that balancers ask of an endpoint, in one word: may it have a new request, which part of its
 * weight counts (in thousandths), and its state. */
enum { ENDPOINT_FACTOR = 0x3ff, ENDPOINT_USABLE = 0x400, ENDPOINT_STATE = 16 /* a shift */ };
enum { ENDPOINT_FULL = 1000 /* the factor of all of its weight */ };

struct endpoint {
	/* set at birth, constant */
	struct str name, backend; /* as written in the file; owned */
	uint32_t id;              /* small, unique among the living: index of per-worker pools */
	struct meter *meter;      /* counters per worker; ref */
	/* written by the control thread, read by all */
	struct addr addr;          /* constant while in use; a name that moves is a new endpoint */
	_Atomic uint32_t word;     /* see above; relaxed: it guards nothing else in memory */
	_Atomic bool away;         /* in another zone than weir, as far as both are known */
	_Atomic uint32_t refs;     /* of sets of targets, and of who looks */
	_Atomic uint32_t listed;   /* places in published sets; 0: no connection is kept for it */
	struct health *health;     /* the control thread's own: why (health.h) */
	struct ejection *ejection; /* the same: what its requests came to (ejection.h) */
	struct probe *probe;       /* the same: its check (probe.h); NULL: none */
	/* written by all workers */
	CACHE_ALIGNED _Atomic uint32_t in_flight, conns; /* exchanges and tunnels; connections */
	_Atomic uint32_t mentions; /* attempts that gave it back, and whose record will name it */
	_Atomic uint64_t streaks;  /* of failures (outlier.h) */
};

static inline uint32_t
endpoint_word(const struct endpoint *e)
{
	return atomic_load_explicit(&e->word, memory_order_relaxed);
}
static inline bool
endpoint_usable(const struct endpoint *e)
{
	return (endpoint_word(e) & ENDPOINT_USABLE) != 0;
}
static inline enum endpoint_state
endpoint_state(const struct endpoint *e)
{
	return (enum endpoint_state)(endpoint_word(e) >> ENDPOINT_STATE);
}
const char *endpoint_state_word(enum endpoint_state state); /* "unhealthy" */

struct registry; /* all that lives here, and backends' run-time state; control thread only */
/* The blocks' sizes are those of the counters, which only the rooms above know. */
struct registry *registry_new(struct meters *meters, size_t backend_block, size_t endpoint_block);
void registry_free(struct registry **r); /* everything has been given back */
/* The living one with this key, or a new one; counted. address is given at birth only: another
 * address under the same text is another endpoint (the old one goes with its last reference). */
struct endpoint *registry_endpoint(
    struct registry *r, struct str backend, struct str name, const struct addr *addr);
struct endpoint *endpoint_ref(struct endpoint *e); /* any thread that holds one already */
/* Gives a reference back. Any thread may call it; the last one frees nothing, the sweep does. */
void endpoint_unref(struct endpoint **e);
/* Keeps alive what a record will name after it was given back. Any thread. */
void endpoint_mention(struct endpoint *e);
void endpoint_mention_done(struct endpoint *e);
void registry_sweep(struct registry *r); /* frees what nothing counts any more. Control thread */
uint32_t registry_ids(const struct registry *r); /* one more than the highest ever given */

#endif
