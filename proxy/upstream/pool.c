#include "upstream/pool_parts.h"

#include <stdlib.h>

enum {
	POOL_RESERVE = 256, /* free objects kept of each kind */
	POOL_WAITERS =
	    100, /* for one dial: as many streams as RFC 9113 section 6.5.2 wants allowed */
	POOLS_FIRST = 16, /* endpoints; then twice as many */
};

struct pools *
pools_new(const struct pools_spec *spec)
{
	struct pools *p = xcalloc(1, sizeof(*p));

	p->spec = *spec;
	slab_init(&p->upstreams, sizeof(struct upstream), POOL_RESERVE);
	codec_slabs_init(&p->slabs, SIDE_UPSTREAM, POOL_RESERVE);
	p->codec_spec =
	    (struct codec_spec){.side = SIDE_UPSTREAM, .slabs = &p->slabs, .draining = &p->closing};
	return p;
}

void
pools_free(struct pools **pp)
{
	struct pools *p = *pp;

	*pp = NULL;
	pools_close_idle(p);
	codec_slabs_fini(&p->slabs);
	slab_fini(&p->upstreams);
	free(p->v);
	free(p);
}

void
upstream_link(struct upstream *u, struct upstream **list)
{
	u->next = *list;
	u->prev = list;
	if (u->next != NULL)
		u->next->prev = &u->next;
	*list = u;
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

	tls_client_unref(&u->tls);
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
	backend_conn_closed(u->backend, u->endpoint);
}

static void
upstream_discard(struct upstream *u)
{
	upstream_close(u);
	loop_reap(u->pools->spec.loop, &u->reap, upstream_reap);
}

/* Nobody is to find it: what it carries may end. */
static void
upstream_retire(struct upstream *u)
{
	if (u->at == UPSTREAM_IDLE)
		upstream_discard(u);
	else
		upstream_unlink(u);
}

/* Those that carry streams go with the last of them. */
static void
pool_close_idle(struct pool *pool)
{
	struct upstream *next;

	for (struct upstream *u = pool->open; u != NULL; u = next) {
		next = u->next;
		if (u->at == UPSTREAM_IDLE)
			upstream_discard(u);
	}
}

void
pools_close_idle(struct pools *p)
{
	p->closing = true;
	for (uint32_t i = 0; i < p->n; i++)
		pool_close_idle(&p->v[i]);
}

static bool
endpoint_is_listed(const struct endpoint *e)
{
	return atomic_load_explicit(&e->listed, memory_order_relaxed) > 0;
}

void
pools_close_unlisted(struct pools *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->v[i].open != NULL && !endpoint_is_listed(p->v[i].open->endpoint))
			pool_close_idle(&p->v[i]);
}

static void
pool_moved(struct pool *pool)
{
	if (pool->open != NULL)
		pool->open->prev = &pool->open;
	if (pool->dials != NULL)
		pool->dials->prev = &pool->dials;
}

static void
pools_grow(struct pools *p, uint32_t id)
{
	uint32_t n = p->n ? p->n : POOLS_FIRST;

	while (n <= id)
		n *= 2;
	p->v = xrealloc(p->v, n * sizeof(*p->v));
	for (uint32_t i = 0; i < p->n; i++)
		pool_moved(&p->v[i]);
	while (p->n < n)
		p->v[p->n++] = (struct pool){0};
}

/* Endpoints come while weir runs. */
struct pool *
upstream_pool(const struct upstream *u)
{
	struct pools *p = u->pools;

	if (unlikely(u->endpoint->id >= p->n))
		pools_grow(p, u->endpoint->id);
	return &p->v[u->endpoint->id];
}

/* ---- what happens to one of them ---- */

static void
upstream_wake(struct upstream *u)
{
	while (!TAILQ_EMPTY(&u->waiters))
		waiter_wake(TAILQ_FIRST(&u->waiters), u->pools->spec.loop);
}

void
upstream_dial_failed(struct upstream *u, enum fault why)
{
	u->fault = why;
	upstream_close(u);
	upstream_wake(u);
}

/* Whoever comes next may find it. */
static void
upstream_open(struct upstream *u)
{
	if (u->prev == NULL && !u->alone && u->speaks->many)
		upstream_link(u, &upstream_pool(u)->open);
}

/* It can be lent: those who waited may have it. */
void
upstream_ready(struct upstream *u)
{
	u->at = UPSTREAM_LENT;
	upstream_unlink(u);
	upstream_open(u);
	upstream_wake(u);
}

bool
upstream_admits(const struct upstream *u)
{
	return u->codec == NULL || u->codec->ops->room(u->codec) > 0;
}

/* What was read may have changed what it takes: the end, a GOAWAY, another limit of streams. */
static void
upstream_review(struct upstream *u)
{
	if (u->codec->done || (u->at == UPSTREAM_IDLE && u->timed_out))
		upstream_retire(u);
	else if (u->speaks->many && upstream_admits(u))
		upstream_open(u);
}

void
upstream_run(struct task *t)
{
	struct upstream *u = container_of(t, struct upstream, conn.task);

	if (u->at <= UPSTREAM_SHAKES) {
		upstream_dial_run(u);
		return;
	}
	if (u->codec == NULL) { /* a tunnel's */
		if (u->owner != NULL)
			loop_ready(u->conn.loop, u->owner);
		return;
	}
	(void)u->codec->ops->feed(u->codec); /* even when nothing came: it may hold bytes back */
	if (codec_waits(u->codec) && u->conn.may_write)
		(void)u->codec->ops->flush(u->codec);
	upstream_review(u);
}

/* Lazy: set when dialling and at the first idling, then looked at once per idle time. */
void
upstream_timer(struct timer *t)
{
	struct conn *c = container_of(t, struct conn, timer);
	struct upstream *u = container_of(c, struct upstream, conn);
	uint64_t due = u->idle_at + *u->pools->spec.idle_us;

	if (u->at == UPSTREAM_LENT)
		due = c->loop->now + *u->pools->spec.idle_us;
	if (u->at > UPSTREAM_SHAKES && due > c->loop->now) {
		timer_set(c->loop, t, due);
		return;
	}
	u->timed_out = true;
	loop_ready(c->loop, &c->task);
}

/* A reload may have changed how the backend is spoken to. */
static bool
upstream_suits(const struct upstream *u, const struct backend *b)
{
	return u->speaks == b->codec && tls_client_same(u->tls, b->tls);
}

/* The last one kept that is still good: its end, or bytes that nobody asked for, may have been told
 * in this very turn. One that has become full is not looked at again until a stream of it ends. */
static struct upstream *
pool_warmest(struct pool *pool, const struct backend *b)
{
	struct upstream *u;

	while ((u = pool->open) != NULL) {
		if (unlikely(!upstream_suits(u, b))) {
			upstream_retire(u);
			continue;
		}
		if (u->conn.may_read || u->conn.hup)
			upstream_run(&u->conn.task);
		if (pool->open != u)
			continue;
		if (!u->speaks->many || upstream_admits(u))
			break;
		upstream_unlink(u);
	}
	return u;
}

struct upstream *
upstream_take(struct pools *p, const struct backend *b, const struct endpoint *e)
{
	struct upstream *u;

	if (e->id >= p->n || (u = pool_warmest(&p->v[e->id], b)) == NULL)
		return NULL;
	if (!u->speaks->many)
		upstream_unlink(u);
	u->at = UPSTREAM_LENT;
	u->lent++;
	return u;
}

struct upstream *
upstream_join(struct pools *p, const struct backend *b, const struct endpoint *e, struct waiter *w)
{
	struct upstream *u = e->id < p->n ? p->v[e->id].dials : NULL;

	while (u != NULL && (u->lent >= POOL_WAITERS || !upstream_suits(u, b)))
		u = u->next;
	if (u == NULL)
		return NULL;
	u->lent++;
	waiter_join(w, &u->waiters);
	return u;
}

bool
upstream_evict(struct pools *p, const struct backend *b)
{
	const struct targets *t = backend_targets_now(b);

	for (uint32_t i = 0; i < t->n; i++) {
		uint32_t id = t->v[i].endpoint->id;
		struct upstream *u = id < p->n ? p->v[id].open : NULL;

		while (u != NULL && u->at != UPSTREAM_IDLE)
			u = u->next;
		if (u == NULL)
			continue;
		upstream_discard(u);
		return true;
	}
	return false;
}

struct codec *
upstream_speak(struct upstream *u)
{
	ASSERT(u->at == UPSTREAM_LENT && u->codec == NULL);
	u->codec = u->speaks->open(&u->conn, &u->pools->codec_spec);
	return u->codec;
}

void
upstream_drop(struct upstream **up)
{
	struct upstream *u = *up;

	*up = NULL;
	if (u == NULL)
		return;
	if (u->codec != NULL && u->speaks->many && !u->alone) {
		upstream_give(&u); /* its stream was reset, which says nothing of the others */
		return;
	}
	u->owner = NULL;
	if (--u->lent > 0)
		return; /* the others who wait are told the same, or have it */
	if (u->at != UPSTREAM_CLOSED)
		upstream_close(u);
	loop_reap(u->pools->spec.loop, &u->reap, upstream_reap);
}

/* The last one has given it back: it may wait for the next. */
static void
upstream_idles(struct upstream *u)
{
	uint64_t idle_us = *u->pools->spec.idle_us;

	u->at = UPSTREAM_IDLE;
	u->timed_out = false;
	u->idle_at = u->conn.loop->now;
	if (u->conn.timer.prev == NULL || u->conn.timer.at > u->idle_at + idle_us)
		timer_set(u->conn.loop, &u->conn.timer, u->idle_at + idle_us);
}

void
upstream_give(struct upstream **up)
{
	struct upstream *u = *up;
	bool good = u->at == UPSTREAM_LENT && u->codec != NULL && !u->codec->done && !u->conn.hup &&
		    !u->alone;

	*up = NULL;
	u->owner = NULL;
	u->reused = true;
	u->lent--;
	if (u->lent == 0 && (!good || u->pools->closing || !endpoint_is_listed(u->endpoint))) {
		if (u->at != UPSTREAM_CLOSED)
			upstream_close(u);
		loop_reap(u->pools->spec.loop, &u->reap, upstream_reap);
		return;
	}
	if (good && u->prev == NULL)
		upstream_link(u, &upstream_pool(u)->open);
	if (u->lent == 0)
		upstream_idles(u);
}
