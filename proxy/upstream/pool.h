/* pool - a worker's connections to the endpoints. An upstream is one such connection: dialled,
 * lent to one owner at a time, kept when it may serve another, found again last in, first out (the
 * warmest). Per endpoint, per worker, no locks. Nothing here retries (flow/attempt) or judges.
 *
 *	UPSTREAM_DIALS --> UPSTREAM_LENT <--> UPSTREAM_IDLE --> (closed)
 */
#ifndef UPSTREAM_POOL_H
#define UPSTREAM_POOL_H

#include "http/codec.h"
#include "upstream/backend.h"

enum upstream_at { UPSTREAM_DIALS, UPSTREAM_LENT, UPSTREAM_IDLE, UPSTREAM_CLOSED };

struct upstream {
	struct conn conn;
	struct codec *codec; /* owned; NULL while dialling, and for tunnels */
	struct pools *pools;
	struct endpoint *endpoint;     /* alive while it counts this conn */
	struct backend_state *backend; /* the same */
	struct upstream *next, **prev; /* among the idle of its endpoint */
	struct task *owner;            /* listed when a dial ends, and for all news of a raw conn */
	uint64_t idle_at;              /* when it became idle */
	enum fault fault;              /* why dialling failed */
	uint8_t at;                    /* enum upstream_at */
	bool reused;
	bool timed_out;
	struct reap reap;
};

struct pools; /* owned by the worker */

struct pools_spec {
	struct loop *loop;
	const uint64_t *connect_us, *idle_us; /* the current snapshot's timeouts */
};

struct pools *pools_new(const struct pools_spec *spec);
void pools_free(struct pools **p); /* closes idle ones; asserts that none is lent */
/* A new snapshot is in force: only these endpoints are kept connections for. Called with every
 * endpoint between begin and end. */
void pools_keep_begin(struct pools *p, uint32_t ids);
void pools_keep(struct pools *p, const struct endpoint *e);
void pools_keep_end(struct pools *p);
void pools_close_idle(struct pools *p); /* and keep none from now on: the worker drains */

/* A kept connection, its codec ready for a stream; NULL: none. */
struct upstream *upstream_take(struct pools *p, const struct endpoint *e);
/* Closes one idle connection to any endpoint of this backend, to make room under its limit; false:
 * this worker keeps none. */
bool upstream_evict(struct pools *p, const struct backend *b);
/* Starts a new one, counted already by backend_conn_open. The owner's task is listed when it is
 * decided: upstream.at is then UPSTREAM_LENT, or UPSTREAM_CLOSED with a fault. */
struct upstream *upstream_dial(
    struct pools *p, struct backend_state *b, struct endpoint *e, struct task *owner);
/* A dialled one gets a codec; without it, it is raw: bytes are the owner's. */
struct codec *upstream_speak(struct upstream *u);
/* Gives it back: kept when its codec can take another stream, else closed. */
void upstream_give(struct upstream **u);
void upstream_drop(struct upstream **u); /* closes */

#endif
