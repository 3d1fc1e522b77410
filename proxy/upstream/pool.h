/* pool - a worker's connections to the endpoints. An upstream is one such connection: dialled,
 * lent, kept when it may serve another, found again last in, first out (the warmest). Per endpoint,
 * per worker, no locks. Nothing here retries (flow/attempt) or judges.
 *
 *	UPSTREAM_DIALS --> (UPSTREAM_SHAKES -->) UPSTREAM_LENT <--> UPSTREAM_IDLE --> (closed)
 *
 * One whose codec carries one stream at a time is lent to one owner. One whose codec carries many
 * is lent to many, and is found as long as it has room; who comes while it is being dialled waits
 * for it instead of dialling again. One that takes no more streams is closed by the last. */
#ifndef UPSTREAM_POOL_H
#define UPSTREAM_POOL_H

#include "http/codec.h"
#include "upstream/backend.h"
#include "upstream/waiter.h"

/* UPSTREAM_SHAKES: hands, where its backend speaks TLS. */
enum upstream_at { UPSTREAM_DIALS, UPSTREAM_SHAKES, UPSTREAM_LENT, UPSTREAM_IDLE, UPSTREAM_CLOSED };

struct upstream {
	struct conn conn;
	struct codec *codec;            /* owned; NULL while dialling, and for tunnels */
	const struct codec_ops *speaks; /* the codec it will get */
	struct tls_client *tls;         /* ref; NULL: plain */
	struct pools *pools;
	struct endpoint *endpoint;     /* alive while it counts this conn */
	struct backend_state *backend; /* the same */
	struct upstream *next, **prev; /* in one of its pool's lists; prev NULL: in none */
	struct waiters waiters;        /* until it is connected */
	struct task *owner;            /* of a raw conn: listed for all its news */
	uint64_t idle_at;              /* when it became idle */
	enum fault fault;              /* why dialling failed */
	uint32_t lent;                 /* to so many: each gives or drops it */
	uint8_t at;                    /* enum upstream_at */
	bool alone;                    /* never lent to another: raw, or it names one client */
	bool reused;                   /* has served before */
	bool timed_out;
	struct reap reap;
};

struct pools; /* owned by the worker */

struct pools_spec {
	struct loop *loop;
	const uint64_t *connect_us, *tls_us, *idle_us; /* the current snapshot's timeouts */
};

struct pools *pools_new(const struct pools_spec *spec);
void pools_free(struct pools **p);          /* closes idle ones; asserts that none is lent */
void pools_close_unlisted(struct pools *p); /* the idle ones to endpoints that are gone */
void pools_close_idle(struct pools *p);     /* and keep none from now on: the worker drains */

/* A kept one with room for a stream that would be begun in the same way now; NULL: none. */
struct upstream *upstream_take(struct pools *p, const struct backend *b, const struct endpoint *e);
/* One that is being dialled and will carry many; NULL: none. When it is decided (see dial), another
 * may have been quicker: upstream_admits says whether there is room left. */
struct upstream *upstream_join(
    struct pools *p, const struct backend *b, const struct endpoint *e, struct waiter *w);
bool upstream_admits(const struct upstream *u);
/* Closes an idle one of any endpoint of this backend, to make room; false: there is none. */
bool upstream_evict(struct pools *p, const struct backend *b);
/* Starts a new one, counted already by backend_conn_open. The waiter's task is listed when it is
 * decided: upstream.at is then UPSTREAM_LENT, or UPSTREAM_CLOSED with a fault. */
struct upstream *upstream_dial(
    struct pools *p, const struct backend *b, struct endpoint *e, struct waiter *w);
/* The same for one that nobody else may have: raw, or naming one client. */
struct upstream *upstream_dial_alone(
    struct pools *p, const struct backend *b, struct endpoint *e, struct waiter *w);
/* What an errno of connecting says; connection_limit_reached: of us, not of the endpoint. */
enum fault upstream_dial_fault(int error);
/* Its name without the port, as it is written in the file. */
struct str upstream_host(const struct endpoint *e);
/* A dialled one gets a codec; without it, it is raw: bytes are the owner's. */
struct codec *upstream_speak(struct upstream *u);
/* Gives it back: kept when its codec can take another stream, else closed by the last. */
void upstream_give(struct upstream **u);
/* But not to serve again: closed, unless it carries others' streams as well. */
void upstream_drop(struct upstream **u);

#endif
