#include "upstream/pool.h"

#include <errno.h>
#include <stdlib.h>

enum { POOL_RESERVE = 256 }; /* free objects kept of each kind */

struct pool { /* of one endpoint */
	struct upstream *idle;
	bool keep;
};

struct pools {
	struct pools_spec spec;
	struct codec_spec codec_spec;
	struct slab upstreams, codecs, streams;
	struct pool *v; /* by endpoint id */
	uint32_t n;
	bool closing;
};

struct pools *
pools_new(const struct pools_spec *spec)
{
	struct pools *p = xcalloc(1, sizeof(*p));

	p->spec = *spec;
	slab_init(&p->upstreams, sizeof(struct upstream), POOL_RESERVE);
	slab_init(&p->codecs, codec_h1.size, POOL_RESERVE);
	slab_init(&p->streams, sizeof(struct stream), POOL_RESERVE);
	p->codec_spec = (struct codec_spec){SIDE_UPSTREAM, &p->codecs, &p->streams, &p->closing};
	return p;
}

void
pools_free(struct pools **pp)
{
	struct pools *p = *pp;

	*pp = NULL;
	pools_close_idle(p);
	slab_fini(&p->streams);
	slab_fini(&p->codecs);
	slab_fini(&p->upstreams);
	free(p->v);
	free(p);
}

static void
upstream_unlink(struct upstream *u)
{
	if (u->prev == NULL)
		return;
	*u->prev = u->next;
	if (u->next != NULL)
		u->next->prev = u->prev;
	u->prev = NULL;
}

static void
upstream_reap(struct reap *r)
{
	struct upstream *u = container_of(r, struct upstream, reap);

	slab_give(&u->pools->upstreams, u);
}

static void
upstream_close(struct upstream *u)
{
	ASSERT(u->at != UPSTREAM_CLOSED);
	u->at = UPSTREAM_CLOSED;
	upstream_unlink(u);
	if (u->codec != NULL)
		u->codec->ops->close(&u->codec);
	conn_close(&u->conn);
	atomic_fetch_sub_explicit(&u->endpoint->conns, 1, memory_order_release);
	backend_conn_closed(u->backend);
}

static void
pool_close_idle(struct pool *pool)
{
	while (pool->idle != NULL) {
		struct upstream *u = pool->idle;

		upstream_close(u);
		upstream_reap(&u->reap);
	}
}

void
pools_close_idle(struct pools *p)
{
	p->closing = true;
	for (uint32_t i = 0; i < p->n; i++)
		pool_close_idle(&p->v[i]);
}

void
pools_keep_begin(struct pools *p, uint32_t ids)
{
	for (uint32_t i = 0; i < p->n; i++)
		p->v[i].keep = false;
	if (ids <= p->n)
		return;
	p->v = xrealloc(p->v, ids * sizeof(*p->v));
	for (; p->n < ids; p->n++)
		p->v[p->n] = (struct pool){0};
	for (uint32_t i = 0; i < p->n; i++) /* the array moved */
		if (p->v[i].idle != NULL)
			p->v[i].idle->prev = &p->v[i].idle;
}

void
pools_keep(struct pools *p, const struct endpoint *e)
{
	p->v[e->id].keep = true;
}

void
pools_keep_end(struct pools *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (!p->v[i].keep)
			pool_close_idle(&p->v[i]);
}

/* ---- what happens to one of them ---- */

static enum fault
upstream_dial_fault(int error)
{
	switch (error) {
	case ETIMEDOUT:
		return FAULT_connection_timeout;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EADDRNOTAVAIL:
		return FAULT_destination_ip_unroutable;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return FAULT_connection_limit_reached;
	default:
		return FAULT_connection_refused;
	}
}

static void
upstream_dial_failed(struct upstream *u, enum fault why)
{
	u->fault = why;
	upstream_close(u);
	loop_ready(u->pools->spec.loop, u->owner);
}

static void
upstream_dialled(struct upstream *u)
{
	enum io io = conn_dialled(&u->conn);

	if (io == IO_MORE && !u->timed_out)
		return;
	if (io == IO_DONE) {
		u->at = UPSTREAM_LENT;
		loop_ready(u->pools->spec.loop, u->owner);
		return;
	}
	upstream_dial_failed(
	    u, u->timed_out ? FAULT_connection_timeout : upstream_dial_fault(u->conn.error));
}

static void
upstream_run(struct task *t)
{
	struct upstream *u = container_of(t, struct upstream, conn.task);

	if (u->at == UPSTREAM_DIALS) {
		upstream_dialled(u);
		return;
	}
	if (u->codec == NULL) { /* a tunnel's */
		if (u->owner != NULL)
			loop_ready(u->conn.loop, u->owner);
		return;
	}
	(void)u->codec->ops->feed(u->codec); /* even when nothing came: it may hold bytes back */
	if (u->codec->wire.bytes > 0 && u->conn.may_write)
		(void)u->codec->ops->flush(u->codec);
	if (u->at == UPSTREAM_IDLE && (u->codec->done || u->timed_out)) {
		upstream_close(u);
		loop_reap(u->conn.loop, &u->reap, upstream_reap);
	}
}

/* Lazy: set when dialling and at the first idling, then looked at once per idle time. */
static void
upstream_timer(struct timer *t)
{
	struct conn *c = container_of(t, struct conn, timer);
	struct upstream *u = container_of(c, struct upstream, conn);
	uint64_t due = u->idle_at + *u->pools->spec.idle_us;

	if (u->at == UPSTREAM_LENT)
		due = c->loop->now + *u->pools->spec.idle_us;
	if (u->at != UPSTREAM_DIALS && due > c->loop->now) {
		timer_set(c->loop, t, due);
		return;
	}
	u->timed_out = true;
	loop_ready(c->loop, &c->task);
}

/* The last one kept that is still good: its end, or bytes that nobody asked for, may have been told
 * in this very turn. */
static struct upstream *
pool_warmest(struct pool *pool)
{
	struct upstream *u;

	while ((u = pool->idle) != NULL && (u->conn.may_read || u->conn.hup)) {
		upstream_run(&u->conn.task);
		if (pool->idle == u)
			break;
	}
	return u;
}

struct upstream *
upstream_take(struct pools *p, const struct endpoint *e)
{
	struct upstream *u;

	if (e->id >= p->n || (u = pool_warmest(&p->v[e->id])) == NULL)
		return NULL;
	upstream_unlink(u);
	u->at = UPSTREAM_LENT;
	u->reused = true;
	return u;
}

bool
upstream_evict(struct pools *p, const struct backend *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		uint32_t id = b->targets[i].endpoint->id;
		struct upstream *u = id < p->n ? p->v[id].idle : NULL;

		if (u == NULL)
			continue;
		upstream_close(u);
		loop_reap(p->spec.loop, &u->reap, upstream_reap);
		return true;
	}
	return false;
}

struct upstream *
upstream_dial(struct pools *p, struct backend_state *b, struct endpoint *e, struct task *owner)
{
	struct upstream *u = slab_take(&p->upstreams);
	enum io io;

	memset(u, 0, sizeof(*u));
	u->pools = p;
	u->endpoint = e;
	u->backend = b;
	u->owner = owner;
	u->at = UPSTREAM_DIALS;
	atomic_fetch_add_explicit(&e->conns, 1, memory_order_relaxed);
	io = conn_dial(&u->conn, p->spec.loop, &e->addr, upstream_run);
	if (io == IO_DONE) {
		u->at = UPSTREAM_LENT;
	} else if (io == IO_FAILED) {
		u->fault = upstream_dial_fault(u->conn.error);
		upstream_close(u);
	}
	if (u->at == UPSTREAM_CLOSED)
		return u;
	u->conn.timer.fire = upstream_timer;
	if (u->at == UPSTREAM_DIALS)
		timer_set(p->spec.loop, &u->conn.timer, p->spec.loop->now + *p->spec.connect_us);
	return u;
}

struct codec *
upstream_speak(struct upstream *u)
{
	ASSERT(u->at == UPSTREAM_LENT && u->codec == NULL);
	u->codec = h1_open(&u->conn, &u->pools->codec_spec);
	return u->codec;
}

void
upstream_drop(struct upstream **up)
{
	struct upstream *u = *up;

	*up = NULL;
	if (u == NULL)
		return;
	u->owner = NULL;
	if (u->at != UPSTREAM_CLOSED)
		upstream_close(u);
	loop_reap(u->pools->spec.loop, &u->reap, upstream_reap);
}

void
upstream_give(struct upstream **up)
{
	struct upstream *u = *up;
	struct pools *p = u->pools;
	struct pool *pool = u->endpoint->id < p->n ? &p->v[u->endpoint->id] : NULL;

	if (u->at != UPSTREAM_LENT || u->codec == NULL || u->codec->done || p->closing ||
	    pool == NULL || !pool->keep || u->conn.hup) {
		upstream_drop(up);
		return;
	}
	*up = NULL;
	u->owner = NULL;
	u->at = UPSTREAM_IDLE;
	u->timed_out = false;
	u->idle_at = u->conn.loop->now;
	u->next = pool->idle;
	u->prev = &pool->idle;
	if (u->next != NULL)
		u->next->prev = &u->next;
	pool->idle = u;
	if (u->conn.timer.prev == NULL || u->conn.timer.at > u->idle_at + *p->spec.idle_us)
		timer_set(u->conn.loop, &u->conn.timer, u->idle_at + *p->spec.idle_us);
}
