/* snapshot - the configuration as the data path uses it: built, immutable, counted. Workers swap a
 * pointer; exchanges keep the one they began with; the last reference frees it. Built by
 * config/build.c on the control thread; nothing in it changes but atomics of what it points at. */
#ifndef FLOW_SNAPSHOT_H
#define FLOW_SNAPSHOT_H

#include "base/log.h"
#include "base/map.h"
#include "flow/sni.h"
#include "io/tls_server.h"
#include "observe/stats.h"
#include "route/table.h"

enum listen_protocol { LISTEN_HTTP, LISTEN_TCP, LISTEN_TLS };

struct listener_state {      /* one per configured address, process-wide, survives reload */
	struct addr addr;    /* as configured */
	struct addr bound;   /* the real one: the kernel chooses for port 0 */
	bool ours;           /* this process has listened there */
	bool open, was_open; /* sockets exist; control thread */
	_Atomic uint32_t conns;
	char *key; /* owned; in the map of all */
};

struct listener_spec {
	struct str name; /* owned */
	struct position at;
	uint32_t index;   /* what the route table calls it */
	struct addr addr; /* as configured; the real one is state->bound */
	enum listen_protocol protocol;
	struct arms arms; /* tcp; tls: of clients whose name is not in `sni` */
	struct sni sni;
	bool proxy_protocol, redirect_https;
	struct cidr *proxy_from; /* owned */
	size_t n_proxy_from;
	struct tls_server *tls;       /* ref; NULL: plain */
	uint32_t max_connections;     /* 0: no limit */
	struct listener_state *state; /* lives as long as the process */
	struct meter *meter;          /* ref */
};

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
	uint32_t endpoint_ids; /* one more than the highest endpoint id */
	struct table *table;
	struct timeouts timeouts;
	struct cidr *trusted;
	size_t n_trusted;
	bool access_log;
	enum log_format log_format;
	struct overload_spec overload_spec;
	const struct overload *overload; /* lives as long as the process */
	struct map backends_by_name;
	struct loop *home; /* where it dies: the control thread's; NULL: by the last reference */
	struct letter letter;
};

static inline struct snapshot *
snapshot_ref(struct snapshot *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

/* All addresses ever listened on, by their key: the map and what it holds. */
void listener_states_free(struct map *states);

void snapshot_unref(struct snapshot **s);  /* any thread */
void snapshot_destroy(struct snapshot *s); /* frees everything in it; control thread */

#endif
