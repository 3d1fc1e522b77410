/* api_status - GET /status: one sentence for people, and everything behind it. */
#include <stdlib.h>
#include <unistd.h>

#include "run/api.h"
#include "upstream/health.h"

enum { US_PER_S = 1000000, STATUS_SENTENCE = 512 };

struct status {
	uint32_t endpoints, up;
	const struct backend *dead; /* one without an endpoint that may be chosen; NULL: none */
	double rate, failed;        /* requests a second, share of 5xx; since the older sample */
	bool healthy;
	char sentence[STATUS_SENTENCE];
};

static void
status_endpoints(const struct server *s, struct status *st)
{
	for (uint32_t i = 0; i < s->snapshot->n_backends; i++) {
		const struct backend *b = s->snapshot->backends[i];
		const struct targets *t = backend_targets(b);
		uint32_t up = 0;

		for (uint32_t j = 0; j < t->n; j++)
			up += health_is_well(t->v[j].endpoint);
		st->endpoints += t->n;
		st->up += up;
		if (up == 0 && st->dead == NULL)
			st->dead = b;
	}
}

static void
status_rates(const struct api *api, struct status *st)
{
	struct api_sample now = api_sample_now(api->server);
	const struct api_sample *then = &api->samples[0];
	double requests = (double)(now.requests - then->requests);

	if (now.at > then->at)
		st->rate = requests * US_PER_S / (double)(now.at - then->at);
	if (requests > 0)
		st->failed = (double)(now.failed - then->failed) / requests;
}

static void
status_sentence(const struct server *s, struct status *st)
{
	uint32_t routes = s->snapshot->n_routes;
	uint64_t now = api_wall_us();
	char ago[32], *what;
	bool reloaded = s->reloads_ok > 0;

	if (s->at == SERVER_DRAINS)
		what = xstrdup("draining");
	else if (st->dead != NULL)
		what = xasprintf("unhealthy: backend %.*s has no endpoint that is up",
		    STR_FMT(st->dead->state->name));
	else
		what = xstrdup("healthy");
	api_ago(now - (reloaded ? s->reloaded_wall_us : s->started_wall_us), ago);
	snprintf(st->sentence, sizeof(st->sentence),
	    "%s%s%u route%s, %u of %u endpoint%s, %.*f req/s, %.2f%% errors, %s %s ago%s", what,
	    st->healthy ? ": " : "; ", routes, routes == 1 ? "" : "s", st->up, st->endpoints,
	    st->endpoints == 1 ? "" : "s", st->rate < 10 ? 1 : 0, st->rate, st->failed * 100,
	    reloaded ? "reloaded" : "started", ago,
	    s->last_errors != NULL ? "; the last reload failed" : "");
	free(what);
}

static void
status_of(const struct api *api, struct status *st)
{
	*st = (struct status){.endpoints = 0};
	status_endpoints(api->server, st);
	status_rates(api, st);
	st->healthy = api->server->at == SERVER_SERVES && st->dead == NULL;
	status_sentence(api->server, st);
}

static const char *
status_state(const struct server *s)
{
	switch (s->at) {
	case SERVER_STARTS:
		return "starts";
	case SERVER_SERVES:
		return "serves";
	case SERVER_DRAINS:
		return "drains";
	}
	return "";
}

static json_t *
status_json(const struct server *s, const struct status *st)
{
	json_t *out = json_object(), *workers = json_array();

	json_object_set_new(out, "summary", json_string(st->sentence));
	json_object_set_new(out, "healthy", json_boolean(st->healthy));
	json_object_set_new(out, "state", json_string(status_state(s)));
	json_object_set_new(out, "version", json_string(WEIR_VERSION));
	json_object_set_new(out, "pid", json_integer(getpid()));
	json_object_set_new(out, "started", api_time(s->started_wall_us));
	json_object_set_new(out, "config",
	    json_pack("{s:s, s:I, s:o, s:I, s:I, s:o}", "file",
		s->options.path ? s->options.path : s->options.text_name, "generation",
		(json_int_t)s->generation, "loaded", api_time(s->reloaded_wall_us), "reloads_ok",
		(json_int_t)s->reloads_ok, "reloads_failed", (json_int_t)s->reloads_failed,
		"last_errors", s->last_errors ? json_string(s->last_errors) : json_null()));
	json_object_set_new(out, "traffic",
	    json_pack("{s:f, s:f}", "requests_per_second", st->rate, "failed_share", st->failed));
	for (uint32_t i = 0; i < s->n_workers; i++)
		json_array_append_new(
		    workers, json_pack("{s:I}", "connections", (json_int_t)api_worker_conns(s, i)));
	json_object_set_new(out, "workers", workers);
	json_object_set_new(out, "listeners", api_listeners_json(s));
	json_object_set_new(out, "routes", json_integer(s->snapshot->n_routes));
	json_object_set_new(out, "backends", api_backends_json(s));
	return out;
}

void
api_status(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	struct api *api = owner;
	struct status st;
	FILE *f;

	status_of(api, &st);
	if (!r->text) {
		api_json(a, 200, status_json(api->server, &st));
		return;
	}
	f = api_text_begin(a);
	fprintf(f, "%s\n", st.sentence);
	api_listeners_text(api->server, f);
	api_backends_text(api->server, f);
	if (api->server->last_errors != NULL)
		fprintf(f, "last reload failed:\n%s", api->server->last_errors);
	api_text_end(a, 200, f);
}
