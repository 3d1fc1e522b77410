/* worker - one thread's share of everything: its loop, connections, pools, memory, counters. It
 * shares nothing with other workers but the snapshot and atomics in endpoints and backends. */
#ifndef FLOW_WORKER_H
#define FLOW_WORKER_H

#include <sys/queue.h>

#include "flow/snapshot.h"
#include "http/codec_slabs.h"
#include "observe/accesslog.h"

struct client;

/* A worker's counted use of a snapshot: exchanges count here, without atomics. */
struct snapshot_use {
	struct snapshot *snapshot; /* ref */
	uint32_t n;                /* exchanges and tunnels that began with it, and `current` */
};

struct worker {
	struct loop *loop;
	uint32_t index;
	struct snapshot_use *current;
	struct pools *pools;
	struct timeouts timeouts; /* the current snapshot's, for pools */
	struct slab clients, exchanges, tunnels;
	struct codec_slabs slabs; /* of clients */
	LIST_HEAD(, listener) listeners;
	LIST_HEAD(, client) all_clients;
	struct match_scratch *scratch;
	struct ring *log; /* the access log's lines, drained by the control thread */
	uint64_t random[2];
	int64_t wall_offset; /* wall clock minus loop clock, microseconds */
	struct meter *meter; /* ref */
	uint32_t conns;      /* clients that are open */
	uint64_t delay_us;   /* how long a turn takes, of the last ones on average */
};

struct worker *worker_new(uint32_t index, struct meters *meters);
void worker_free(struct worker **w);

/* In the worker's own thread: the next exchanges use this snapshot (takes the reference). Its new
 * listeners were opened before. */
void worker_install(struct worker *w, struct snapshot *s);
struct snapshot_use *worker_use(struct worker *w);
void worker_unuse(struct worker *w, struct snapshot_use **use);
/* Endpoints have come or gone: it holds nothing of them between two turns (io/grace). */
void worker_pass(void *worker);
/* Stops accepting, closes idle connections; the rest end after their current exchange. */
void worker_drain(struct worker *w);
/* Ends everything that is left, at once. Returns how many exchanges and tunnels were cut. */
uint32_t worker_cut(struct worker *w);
/* A turn later: closes what lingers, and ends the loop. */
void worker_close(struct worker *w);

uint64_t worker_random(struct worker *w);
/* Is weir too busy for one more request of this priority? For one more connection? */
bool worker_sheds(struct worker *w, enum priority priority);
bool worker_refuses(struct worker *w);

static inline struct worker_stats *
worker_stats(struct worker *w)
{
	return meter_block(w->meter, w->index);
}

#endif
