/* listener_spec - one listener as a snapshot has it, and the state of its address, which outlives
 * snapshots. */
#ifndef FLOW_LISTENER_SPEC_H
#define FLOW_LISTENER_SPEC_H

#include "base/map.h"
#include "flow/sni.h"
#include "io/tls_server.h"

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
	/* ref; NULL: plain. Swapped when its files change: a worker that has loaded it may use it
	 * until its turn ends */
	_Atomic(struct tls_server *) tls;
	uint32_t max_connections;     /* 0: no limit */
	struct listener_state *state; /* lives as long as the process */
	struct meter *meter;          /* ref */
};

/* All addresses ever listened on, by their key: the map and what it holds. */
void listener_states_free(struct map *states);

#endif
