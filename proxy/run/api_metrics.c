/* api_metrics - GET /healthz, /ready, /metrics: what orchestrators and Prometheus ask. */
#include "run/api.h"
#include "run/crew.h"

void
api_healthz(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	(void)owner;
	if (r->text)
		admin_say(r, a, 200, "alive");
	else
		api_json(a, 200, json_pack("{s:b}", "alive", 1));
}

void
api_ready(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	const struct server *s = ((struct api *)owner)->server;
	bool ready = s->at == SERVER_SERVES;

	if (r->text)
		admin_say(r, a, ready ? 200 : 503, ready ? "ready" : "not ready");
	else
		api_json(a, ready ? 200 : 503, json_pack("{s:b}", "ready", ready));
}

static void
metrics_endpoints(void *arg,
    void (*one)(void *out, struct str backend, struct str endpoint, uint32_t up, uint32_t weight,
	uint32_t in_flight, uint32_t conns),
    void *out)
{
	const struct server *s = arg;

	for (uint32_t i = 0; i < s->snapshot->n_backends; i++) {
		const struct backend *b = s->snapshot->backends[i];
		const struct targets *t = backend_targets(b);

		for (uint32_t j = 0; j < t->n; j++) {
			const struct endpoint *e = t->v[j].endpoint;

			one(out, b->state->name, e->name, endpoint_usable(e), t->v[j].weight,
			    atomic_load(&e->in_flight), atomic_load(&e->conns));
		}
	}
}

static void
metrics_backends(
    void *arg, void (*one)(void *out, struct str backend, const uint32_t *gauges), void *out)
{
	const struct server *s = arg;

	for (uint32_t i = 0; i < s->snapshot->n_backends; i++) {
		const struct backend *b = s->snapshot->backends[i];
		const struct guard *g = &b->state->guard;
		uint32_t gauges[BACKEND_GAUGES] = {
		    [BACKEND_WAITING] = atomic_load(&g->queue.waiting),
		    [BACKEND_BREAKER_OPEN] = atomic_load(&g->breaker.at) != BREAKER_CLOSED,
		};

		if (b->guard.concurrency.max != 0)
			gauges[BACKEND_CONCURRENCY] =
			    concurrency_limit(&g->concurrency, &b->guard.concurrency);
		one(out, b->state->name, gauges);
	}
}

void
api_metrics(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	struct server *s = ((struct api *)owner)->server;
	struct expose_input in = {
	    .meters = s->meters,
	    .workers = s->n_workers,
	    .started_wall_us = s->started_wall_us,
	    .reloads_ok = s->reloads_ok,
	    .reloads_failed = s->reloads_failed,
	    .last_reload_wall_us = s->reloaded_wall_us,
	    .generation = s->generation,
	    .last_reload_ok = s->last_errors == NULL,
	    .endpoints = metrics_endpoints,
	    .backends = metrics_backends,
	    .arg = s,
	};

	(void)r;
	for (uint32_t i = 0; i < s->n_workers; i++)
		in.log_dropped += ring_dropped(s->crew[i].worker->log);
	if (s->access != NULL)
		in.log_errors = accesslog_errors(s->access);
	a->status = 200;
	a->type = "text/plain; version=0.0.4; charset=utf-8";
	a->body = expose_text(&in, &a->len);
}
