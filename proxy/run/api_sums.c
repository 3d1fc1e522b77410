/* api_sums - counters of all workers, added up. */
#include "run/api.h"

enum { STATUS_FAILED = 500 };

static const void *
sums_block(const struct meter *m, uint32_t worker)
{
	return atomic_load_explicit(&m->blocks[worker], memory_order_acquire);
}

/* Requests by stats_request_key. */
static void
sums_requests(const struct code_counts *c, struct api_sample *out)
{
	for (size_t i = 0; i < METRIC_CODES; i++) {
		uint64_t n = COUNTER_READ(c->counts[i]);

		out->requests += n;
		if (COUNTER_READ(c->keys[i]) % STATS_STATUS_MAX >= STATUS_FAILED)
			out->failed += n;
	}
}

void
api_route_sums(const struct server *s, struct meter *m, struct api_sample *out)
{
	for (uint32_t w = 0; w < s->n_workers; w++) {
		const struct route_stats *r = sums_block(m, w);

		if (r != NULL)
			sums_requests(&r->requests, out);
	}
}

struct sums_all {
	const struct server *server;
	struct api_sample sample;
};

static void
sums_route(void *arg, struct meter *m)
{
	struct sums_all *all = arg;

	api_route_sums(all->server, m, &all->sample);
}

static void
sums_listener(void *arg, struct meter *m)
{
	struct sums_all *all = arg;

	for (uint32_t w = 0; w < all->server->n_workers; w++) {
		const struct listener_stats *l = sums_block(m, w);

		if (l != NULL)
			sums_requests(&l->unrouted, &all->sample);
	}
}

struct api_sample
api_sample_now(const struct server *s)
{
	struct sums_all all = {.server = s, .sample = {.at = s->loop->now}};

	meters_each(s->meters, METER_ROUTE, sums_route, &all);
	meters_each(s->meters, METER_LISTENER, sums_listener, &all);
	return all.sample;
}

struct sums_worker {
	uint32_t worker;
	uint64_t conns;
};

static void
sums_worker(void *arg, struct meter *m)
{
	struct sums_worker *sum = arg;
	const struct worker_stats *w = sums_block(m, sum->worker);

	if (w != NULL)
		sum->conns += COUNTER_READ(w->conns_opened) - COUNTER_READ(w->conns_closed);
}

uint64_t
api_worker_conns(const struct server *s, uint32_t worker)
{
	struct sums_worker sum = {.worker = worker};

	meters_each(s->meters, METER_WORKER, sums_worker, &sum);
	return sum.conns;
}
