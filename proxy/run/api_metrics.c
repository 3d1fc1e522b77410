/* api_metrics - GET /healthz, /ready, /metrics: what orchestrators and Prometheus ask. */
#include "run/api.h"
#include "run/certs.h"
#include "run/crew.h"
#include "upstream/ejection.h"
#include "upstream/health.h"

#include <stdlib.h>

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
	struct api *api = owner;
	const struct server *s = api->server;
	bool ready;

	api->checked = api->checked || !probes_await(s->probes);
	ready = s->at == SERVER_SERVES && api->checked;

	if (r->text)
		admin_say(r, a, ready ? 200 : 503, ready ? "ready" : "not ready");
	else
		api_json(a, ready ? 200 : 503, json_pack("{s:b}", "ready", ready));
}

typedef void metrics_one_fn(void *out, const struct endpoint_sample *sample);

/* More than one line: by a label. */
static void
metrics_put(metrics_one_fn *one, void *out, struct endpoint_sample *s, const char *word, uint64_t n)
{
	s->word = word;
	s->value = n;
	one(out, s);
}

/* HTTP/1: a request on each. */
static void
metrics_conns(const struct endpoint *e, metrics_one_fn *one, void *out)
{
	struct endpoint_sample s = {e->backend, e->name, .label = "state"};
	uint32_t conns = atomic_load(&e->conns), busy = atomic_load(&e->in_flight);

	busy = busy < conns ? busy : conns;
	metrics_put(one, out, &s, "busy", busy);
	metrics_put(one, out, &s, "idle", conns - busy);
}

static void
metrics_changes(const struct endpoint *e, metrics_one_fn *one, void *out)
{
	struct endpoint_sample s = {e->backend, e->name, .label = "to"};

	for (unsigned i = 0; i < ENDPOINT_STATES; i++)
		metrics_put(one, out, &s, endpoint_state_word((enum endpoint_state)i),
		    e->health->changes[i]);
}

static void
metrics_checks(const struct endpoint *e, metrics_one_fn *one, void *out)
{
	static const char *const words[CHECK_RESULTS] = {"passed", "failed", "skipped"};
	struct endpoint_sample s = {e->backend, e->name, .label = "result"};

	for (unsigned i = 0; i < CHECK_RESULTS && e->probe != NULL; i++)
		metrics_put(one, out, &s, words[i], e->probe->count.results[i]);
}

static void
metrics_ejections(const struct endpoint *e, metrics_one_fn *one, void *out)
{
	struct endpoint_sample s = {e->backend, e->name, .label = "detector"};

	for (unsigned d = 0; d < OUTLIER_DETECTORS; d++)
		if (e->ejection->counts[d] > 0)
			metrics_put(one, out, &s, outlier_detector_word((enum outlier_detector)d),
			    e->ejection->counts[d]);
}

static void
metrics_endpoint(
    const struct endpoint *e, enum endpoint_gauge gauge, metrics_one_fn *one, void *out)
{
	enum { PER_PART = 1000 }; /* millionths */
	struct endpoint_sample s = {.backend = e->backend, .endpoint = e->name};

	switch (gauge) {
	case GAUGE_UP:
		s.value = health_is_well(e);
		break;
	case GAUGE_WEIGHT:
		s.value = health_weight(e);
		break;
	case GAUGE_CONNS:
		metrics_conns(e, one, out);
		return;
	case GAUGE_DRAINING:
		s.value = endpoint_state(e) == ENDPOINT_DRAINING;
		break;
	case GAUGE_CHANGES:
		metrics_changes(e, one, out);
		return;
	case GAUGE_CHECKS:
		metrics_checks(e, one, out);
		return;
	case GAUGE_CHECK_US:
		if (e->probe == NULL)
			return;
		s.value = e->probe->took_us;
		break;
	case GAUGE_WARM:
		s.value = health_holds(e, HEALTH_WARMS) ? e->health->warm * PER_PART
							: PER_PART * ENDPOINT_FULL;
		break;
	case GAUGE_EJECTED:
		s.value = ejection_lasts(e);
		break;
	case GAUGE_EJECTIONS:
		metrics_ejections(e, one, out);
		return;
	case GAUGE_WITHHELD:
		s.value = e->ejection->withheld;
		break;
	}
	one(out, &s);
}

static void
metrics_endpoints(void *arg, enum endpoint_gauge gauge, metrics_one_fn *one, void *out)
{
	const struct server *s = arg;

	for (uint32_t i = 0; i < s->snapshot->n_backends; i++) {
		const struct backend *b = s->snapshot->backends[i];
		const struct targets *t = backend_targets(b);

		for (uint32_t j = 0; j < t->n; j++)
			metrics_endpoint(t->v[j].endpoint, gauge, one, out);
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
		    [BACKEND_PANIC] = b->state->panic.on,
		    [BACKEND_WAITING] = atomic_load(&g->queue.waiting),
		    [BACKEND_BREAKER_OPEN] = atomic_load(&g->breaker.at) != BREAKER_CLOSED,
		};

		if (b->guard.concurrency.max != 0)
			gauges[BACKEND_CONCURRENCY] =
			    concurrency_limit(&g->concurrency, &b->guard.concurrency);
		one(out, b->state->name, gauges);
	}
}

struct exposing {
	const struct server *server;
	void (*one)(void *out, const struct expose_name *name);
	void *out;
};

static void
metrics_name(void *arg, const struct roster *r)
{
	struct exposing *e = arg;
	struct expose_name name = {r->text, r->kind == ROSTER_FILE, r->why != NULL, r->good,
	    r->failed, r->good_at != 0 ? e->server->loop->now - r->good_at : UINT64_MAX, r->n};

	e->one(e->out, &name);
}

static void
metrics_names(void *arg, void (*one)(void *out, const struct expose_name *name), void *out)
{
	const struct server *s = arg;

	rosters_each(s->rosters, metrics_name, &(struct exposing){s, one, out});
}

struct exposing_certs {
	struct map seen; /* keys: host and serial; owned */
	void (*one)(void *out, const struct expose_cert *cert);
	void *out;
};

static void
metrics_cert(void *arg, const struct cert_use *use)
{
	struct exposing_certs *e = arg;
	struct expose_cert cert = {
	    tls_cert_host(use->cert), str_from(use->cert->serial), use->cert->not_after};
	char *key = xasprintf("%.*s %.*s", STR_FMT(cert.host), STR_FMT(cert.serial));

	if (map_get(&e->seen, str_from(key)) != NULL) {
		free(key);
		return;
	}
	map_put(&e->seen, str_from(key), key);
	e->one(e->out, &cert);
}

static void
metrics_certs(void *arg, void (*one)(void *out, const struct expose_cert *cert), void *out)
{
	struct exposing_certs e = {.one = one, .out = out};

	map_init(&e.seen);
	certs_each(arg, metrics_cert, &e);
	MAP_EACH(&e.seen, slot)
		free(slot->value);
	map_free(&e.seen);
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
	    .names = metrics_names,
	    .certs = metrics_certs,
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
