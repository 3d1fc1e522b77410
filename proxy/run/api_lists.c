/* api_lists - GET /listeners, /routes, /backends, /connections: what there is, with its state. */
#include <stdlib.h>

#include "run/api.h"
#include "upstream/health.h"

/* ---- listeners ---- */

static const char *const protocol_names[] = {
    [LISTEN_HTTP] = "http", [LISTEN_TCP] = "tcp", [LISTEN_TLS] = "tls"};

static const char *
listener_address(const struct listener_spec *l, char text[ADDR_TEXT])
{
	addr_text(&l->state->bound, text);
	return text;
}

json_t *
api_listeners_json(const struct server *s)
{
	json_t *out = json_array();
	char text[ADDR_TEXT];

	for (uint32_t i = 0; i < s->snapshot->n_listeners; i++) {
		const struct listener_spec *l = &s->snapshot->listeners[i];
		json_t *row = json_pack("{s:o, s:s, s:s, s:I, s:I}", "name", api_str(l->name),
		    "address", listener_address(l, text), "protocol", protocol_names[l->protocol],
		    "connections", (json_int_t)atomic_load(&l->state->conns), "max_connections",
		    (json_int_t)l->max_connections);

		api_put_place(row, &l->at);
		json_array_append_new(out, row);
	}
	return out;
}

void
api_listeners_text(const struct server *s, FILE *f)
{
	char text[ADDR_TEXT];

	for (uint32_t i = 0; i < s->snapshot->n_listeners; i++) {
		const struct listener_spec *l = &s->snapshot->listeners[i];

		fprintf(f, "listener  %-16.*s %-24s %-5s %u connections\n", STR_FMT(l->name),
		    listener_address(l, text), protocol_names[l->protocol],
		    (unsigned)atomic_load(&l->state->conns));
	}
}

void
api_listeners(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	struct api *api = owner;
	FILE *f;

	if (!r->text) {
		api_json(a, 200, api_listeners_json(api->server));
		return;
	}
	f = api_text_begin(a);
	api_listeners_text(api->server, f);
	api_text_end(a, 200, f);
}

/* ---- routes ---- */

static json_t *
arms_json(const struct arms *arms)
{
	json_t *out = json_array();

	for (uint32_t i = 0; i < arms->n; i++)
		if (arms->backends[i] != NULL)
			json_array_append_new(out, json_pack("{s:o, s:I}", "backend",
						       api_str(arms->backends[i]->state->name),
						       "weight", (json_int_t)arms->weights[i]));
	return out;
}

static void
arms_text(const struct arms *arms, FILE *f)
{
	for (uint32_t i = 0; i < arms->n; i++) {
		if (arms->backends[i] == NULL)
			continue;
		fprintf(f, "%s%.*s", i > 0 ? ", " : "", STR_FMT(arms->backends[i]->state->name));
		if (arms->n > 1)
			fprintf(f, " %u", arms->weights[i]);
	}
}

void
api_routes(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	const struct server *s = ((struct api *)owner)->server;
	json_t *out = r->text ? NULL : json_array();
	FILE *f = r->text ? api_text_begin(a) : NULL;

	for (uint32_t i = 0; i < s->snapshot->n_routes; i++) {
		const struct route *route = s->snapshot->routes[i];
		struct api_sample sum = {.at = 0};
		json_t *row;

		api_route_sums(s, route->meter, &sum);
		if (f != NULL) {
			fprintf(f, "route  %-40.*s %10llu requests %8llu failed  ",
			    STR_FMT(route->name), (unsigned long long)sum.requests,
			    (unsigned long long)sum.failed);
			arms_text(&route->arms, f);
			fputc('\n', f);
			continue;
		}
		row = json_pack("{s:o, s:o, s:I, s:I}", "name", api_str(route->name), "to",
		    arms_json(&route->arms), "requests", (json_int_t)sum.requests, "failed",
		    (json_int_t)sum.failed);
		api_put_place(row, &route->at);
		json_array_append_new(out, row);
	}
	if (f != NULL)
		api_text_end(a, 200, f);
	else
		api_json(a, 200, out);
}

/* ---- backends ---- */

/* When what was said by hand ends, as a time of the day. */
static json_t *
endpoint_until(uint64_t until, uint64_t now)
{
	return until > now ? api_time(api_wall_us() + until - now) : json_null();
}

/* null: nothing was said. */
static json_t *
endpoint_by_hand(const struct endpoint *e, uint64_t now)
{
	const struct health *h = e->health;
	bool down = health_holds(e, HEALTH_BY_HAND), drained = health_holds(e, HEALTH_DRAINED);
	json_t *out = json_object();

	if (down || drained) {
		json_object_set_new(out, "state", json_string(down ? "down" : "drain"));
		json_object_set_new(out, "state_until", endpoint_until(h->drained_until, now));
	}
	if (h->hand_weight != HEALTH_NO_WEIGHT) {
		json_object_set_new(out, "weight", json_integer(h->hand_weight));
		json_object_set_new(out, "weight_until", endpoint_until(h->weighed_until, now));
	}
	if (json_object_size(out) > 0)
		return out;
	json_decref(out);
	return json_null();
}

json_t *
api_endpoint_json(const struct endpoint *e, uint64_t now)
{
	const char *reason = health_reason(e);
	char text[ADDR_TEXT];

	addr_text(&e->addr, text);
	return json_pack("{s:o, s:s, s:s, s:b, s:o, s:o, s:I, s:o, s:I, s:I}", "name",
	    api_str(e->name), "address", text, "state", endpoint_state_word(endpoint_state(e)),
	    "usable", endpoint_usable(e), "reason",
	    reason != NULL ? json_string(reason) : json_null(), "since",
	    api_time(e->health->since_wall_us), "weight", (json_int_t)health_weight(e), "by_hand",
	    endpoint_by_hand(e, now), "in_flight", (json_int_t)atomic_load(&e->in_flight),
	    "connections", (json_int_t)atomic_load(&e->conns));
}

/* [{"priority": 0, "zone": null, "percent": 70.0, ...}, ...]: who gets which part of the requests.
 */
json_t *
api_priorities_json(const struct groups *g)
{
	json_t *out = json_array();

	for (uint32_t i = 0; i < g->n; i++)
		json_array_append_new(
		    out, json_pack("{s:I, s:o, s:f, s:I}", "priority", (json_int_t)g->v[i].priority,
			     "zone", g->v[i].zone != NULL ? json_string(g->v[i].zone) : json_null(),
			     "percent", groups_percent(g, i), "endpoints", (json_int_t)g->v[i].n));
	return out;
}

json_t *
api_backends_json(const struct server *s)
{
	json_t *out = json_array();

	for (uint32_t i = 0; i < s->snapshot->n_backends; i++) {
		const struct backend *b = s->snapshot->backends[i];
		const struct targets *t = backend_targets(b);
		json_t *endpoints = json_array(), *row;

		for (uint32_t j = 0; j < t->n; j++)
			json_array_append_new(
			    endpoints, api_endpoint_json(t->v[j].endpoint, s->loop->now));
		row = json_pack("{s:o, s:I, s:I, s:b, s:o, s:o}", "name", api_str(b->state->name),
		    "requests", (json_int_t)atomic_load(&b->state->guard.requests), "connections",
		    (json_int_t)atomic_load(&b->state->guard.conns), "panic", b->state->panic.on,
		    "priorities", api_priorities_json(&t->groups), "endpoints", endpoints);
		api_put_place(row, &b->at);
		json_array_append_new(out, row);
	}
	return out;
}

void
api_endpoint_text(const struct endpoint *e, FILE *f)
{
	const char *reason = health_reason(e);

	fprintf(f,
	    "endpoint  %-16.*s %-24.*s %-9s weight %-4u %6u in flight %6u connections%s%s%s\n",
	    STR_FMT(e->backend), STR_FMT(e->name), endpoint_state_word(endpoint_state(e)),
	    health_weight(e), (unsigned)atomic_load(&e->in_flight),
	    (unsigned)atomic_load(&e->conns), reason != NULL ? "  " : "",
	    reason != NULL ? reason : "",
	    e->health->hand_weight != HEALTH_NO_WEIGHT ? "  weight by hand" : "");
}

void
api_backends_text(const struct server *s, FILE *f)
{
	for (uint32_t i = 0; i < s->snapshot->n_backends; i++) {
		const struct backend *b = s->snapshot->backends[i];
		const struct targets *t = backend_targets(b);

		for (uint32_t j = 0; j < t->n; j++)
			api_endpoint_text(t->v[j].endpoint, f);
		for (uint32_t j = 0; j < t->groups.n && t->groups.n > 1; j++) {
			char *name = group_name(&t->groups.v[j]);

			fprintf(f, "backend   %-16.*s %s gets %.1f%% of its requests\n",
			    STR_FMT(b->state->name), name, groups_percent(&t->groups, j));
			free(name);
		}
		if (t->n == 0)
			fprintf(f, "backend   %-16.*s has no endpoints\n", STR_FMT(b->state->name));
		if (b->state->panic.on)
			fprintf(f, "backend   %-16.*s panics: all endpoints are used\n",
			    STR_FMT(b->state->name));
	}
}

void
api_backends(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	struct api *api = owner;
	FILE *f;

	if (!r->text) {
		api_json(a, 200, api_backends_json(api->server));
		return;
	}
	f = api_text_begin(a);
	api_backends_text(api->server, f);
	api_text_end(a, 200, f);
}

/* ---- connections ---- */

/* Counts only: a connection itself belongs to its worker, and nobody else looks at it. */
void
api_connections(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	const struct server *s = ((struct api *)owner)->server;
	json_t *workers;
	FILE *f;

	if (r->text) {
		f = api_text_begin(a);
		for (uint32_t i = 0; i < s->n_workers; i++)
			fprintf(f, "worker    %-16u %llu connections\n", i,
			    (unsigned long long)api_worker_conns(s, i));
		api_listeners_text(s, f);
		api_backends_text(s, f);
		api_text_end(a, 200, f);
		return;
	}
	workers = json_array();
	for (uint32_t i = 0; i < s->n_workers; i++)
		json_array_append_new(workers, json_integer((json_int_t)api_worker_conns(s, i)));
	api_json(a, 200,
	    json_pack("{s:o, s:o, s:o}", "workers", workers, "listeners", api_listeners_json(s),
		"backends", api_backends_json(s)));
}
