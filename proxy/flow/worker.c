#include "flow/worker.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "flow/client.h"
#include "flow/exchange.h"
#include "flow/tunnel.h"

enum {
	WORKER_RESERVE = 256,      /* free objects kept of each kind */
	WORKER_DELAY = 16,         /* turns over which their length is averaged */
	WORKER_RING = 1024 * 1024, /* bytes of log lines on their way to the control thread */
};

bool
worker_sheds(struct worker *w, enum priority priority)
{
	const struct snapshot *s = w->current->snapshot;

	return unlikely(overload_is_watched(&s->overload_spec)) &&
	       overload_sheds(
		   s->overload, &s->overload_spec, priority, w->delay_us, worker_random(w));
}

bool
worker_refuses(struct worker *w)
{
	const struct snapshot *s = w->current->snapshot;

	return unlikely(overload_is_watched(&s->overload_spec)) &&
	       overload_refuses(s->overload, worker_random(w));
}

static void
worker_seed(struct worker *w)
{
	if (getrandom(w->random, sizeof(w->random), 0) != sizeof(w->random))
		w->random[0] = (uintptr_t)w; /* ids and picks need spread, not secrecy */
	w->random[1] |= 1;
}

/* xoroshiro128+ (Blackman and Vigna): fast, and good enough for picks and ids. */
uint64_t
worker_random(struct worker *w)
{
	uint64_t a = w->random[0], b = w->random[1], sum = a + b;

	b ^= a;
	w->random[0] = ((a << 24) | (a >> 40)) ^ b ^ (b << 16);
	w->random[1] = (b << 37) | (b >> 27);
	return sum;
}

/* How far the time of day is ahead of the loop's clock. */
static int64_t
worker_wall_offset(const struct loop *l)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000 - (int64_t)l->now;
}

static void
worker_waited(void *owner, uint64_t asleep_us, uint64_t busy_us)
{
	struct worker *w = owner;

	w->delay_us = (w->delay_us * (WORKER_DELAY - 1) + busy_us) / WORKER_DELAY;
	stats_turn(worker_stats(w), asleep_us, busy_us);
}

struct worker *
worker_new(uint32_t index, struct meters *meters)
{
	struct worker *w = xcalloc(1, sizeof(*w));

	w->index = index;
	w->loop = loop_new(w);
	if (w->loop == NULL) {
		free(w);
		return NULL;
	}
	slab_init(&w->clients, sizeof(struct client), WORKER_RESERVE);
	slab_init(&w->exchanges, sizeof(struct exchange), WORKER_RESERVE);
	slab_init(&w->tunnels, tunnel_size(), WORKER_RESERVE);
	codec_slabs_init(&w->slabs, SIDE_CLIENT, WORKER_RESERVE);
	w->pools = pools_new(&(struct pools_spec){
	    w->loop, &w->timeouts.connect, &w->timeouts.tls, &w->timeouts.upstream_idle});
	w->scratch = match_scratch_new();
	w->log = ring_new(WORKER_RING);
	/* One meter for all: each worker has its own block of it. */
	w->meter =
	    meter_get(meters, METER_WORKER, STR("workers"), STR_NONE, sizeof(struct worker_stats));
	w->loop->waited = worker_waited;
	worker_seed(w);
	w->wall_offset = worker_wall_offset(w->loop);
	return w;
}

void
worker_free(struct worker **wp)
{
	struct worker *w = *wp;

	*wp = NULL;
	ASSERT(LIST_EMPTY(&w->all_clients));
	while (!LIST_EMPTY(&w->listeners))
		listener_close(LIST_FIRST(&w->listeners));
	pools_free(&w->pools);
	if (w->current != NULL)
		worker_unuse(w, &w->current);
	slab_fini(&w->clients);
	slab_fini(&w->exchanges);
	slab_fini(&w->tunnels);
	codec_slabs_fini(&w->slabs);
	match_scratch_free(&w->scratch);
	ring_free(&w->log);
	meter_unref(&w->meter);
	loop_free(&w->loop);
	free(w);
}

struct snapshot_use *
worker_use(struct worker *w)
{
	w->current->n++;
	return w->current;
}

void
worker_unuse(struct worker *w, struct snapshot_use **up)
{
	struct snapshot_use *u = *up;

	(void)w;
	*up = NULL;
	if (--u->n > 0)
		return;
	snapshot_unref(&u->snapshot);
	free(u);
}

static const struct listener_spec *
worker_spec_for(const struct snapshot *s, const struct listener *l)
{
	for (uint32_t i = 0; i < s->n_listeners; i++)
		if (addr_same(&s->listeners[i].state->bound, &l->addr))
			return &s->listeners[i];
	return NULL;
}

void
worker_install(struct worker *w, struct snapshot *s)
{
	struct snapshot_use *old = w->current;
	struct listener *l, *next;

	/* Those that go first: what they still accept belongs to the snapshot that knows them. */
	LIST_FOREACH_SAFE(l, &w->listeners, entry, next)
		if (worker_spec_for(s, l) == NULL)
			listener_update(l, NULL);
	w->current = xmalloc(sizeof(*w->current));
	*w->current = (struct snapshot_use){s, 1};
	w->timeouts = s->timeouts;
	w->wall_offset = worker_wall_offset(w->loop);
	pools_close_unlisted(w->pools);
	LIST_FOREACH(l, &w->listeners, entry)
		if (worker_spec_for(s, l) != NULL)
			listener_update(l, worker_spec_for(s, l));
		else
			l->index = UINT32_MAX; /* its number is another's now */
	if (old != NULL)
		worker_unuse(w, &old);
}

void
worker_pass(void *worker)
{
	struct worker *w = worker;

	if (w->pools != NULL) /* NULL: the thread has ended, these are its last letters */
		pools_close_unlisted(w->pools);
}

void
worker_drain(struct worker *w)
{
	struct listener *l, *next_listener;
	struct client *c, *next;

	LIST_FOREACH_SAFE(l, &w->listeners, entry, next_listener)
		listener_close(l);
	LIST_FOREACH_SAFE(c, &w->all_clients, entry, next)
		client_drain(c);
	pools_close_idle(w->pools);
}

uint32_t
worker_cut(struct worker *w)
{
	struct listener *l, *next_listener;
	struct client *c, *next;
	uint32_t cut = 0;

	LIST_FOREACH_SAFE(l, &w->listeners, entry, next_listener) {
		l->spec = NULL; /* nobody who still waits is let in */
		listener_close(l);
	}
	LIST_FOREACH_SAFE(c, &w->all_clients, entry, next)
		cut += client_cut(c, FAULT_drain_timeout);
	return cut;
}

/* What worker_cut ended may still linger politely: not any more. */
void
worker_close(struct worker *w)
{
	struct client *c, *next;

	LIST_FOREACH_SAFE(c, &w->all_clients, entry, next)
		client_close(c);
	loop_stop(w->loop);
}
