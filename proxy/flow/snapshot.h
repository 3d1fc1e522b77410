/* snapshot - the configuration as the data path uses it: built, immutable, counted. Workers swap a
 * pointer; exchanges keep the one they began with; the last reference frees it. Built by
 * config/build.c on the control thread; nothing in it changes but atomics of what it points at. */
#ifndef FLOW_SNAPSHOT_H
#define FLOW_SNAPSHOT_H

#include "base/log.h"
#include "base/map.h"
#include "flow/listener_spec.h"
#include "observe/stats.h"
#include "route/table.h"

struct timeouts { /* microseconds; 0: none. The meaning of each is in weir.yaml(5) */
	uint64_t connect, tls, header, body, response, request, idle, upstream_idle, tunnel, drain;
};

struct snapshot {
	_Atomic uint32_t refs;
	uint64_t generation;
	struct listener_spec *listeners; /* owned arrays */
	struct route **routes;
	struct backend **backends;
	uint32_t n_listeners, n_routes, n_backends;
	struct table *table;
	struct timeouts timeouts;
	struct cidr *trusted;
	size_t n_trusted;
	bool access_log;
	enum log_format log_format;
	struct overload_spec overload_spec;
	const struct overload *overload; /* lives as long as the process */
	struct map backends_by_name;
	struct map policies; /* each once, by its bytes; owned */
	struct loop *home;   /* where it dies: the control thread's; NULL: by the last reference */
	struct letter letter;
};

static inline struct snapshot *
snapshot_ref(struct snapshot *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

/* Puts all targets in force; backends that only `old` (or NULL) has are withdrawn. */
void snapshot_publish(const struct snapshot *s, const struct snapshot *old, struct grace *g);
void snapshot_unref(struct snapshot **s);  /* any thread */
void snapshot_destroy(struct snapshot *s); /* frees everything in it; control thread */

#endif
