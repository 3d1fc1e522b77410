#include "config/build.h"

#include <stdlib.h>

#include "config/build_check.h"
#include "config/build_health.h"
#include "config/build_policy.h"
#include "config/build_sticky.h"
#include "config/build_tls.h"
#include "config/source.h"
#include "observe/expose.h"

struct building {
	const struct build *with;
	const struct model *model;
	struct errors *errors;
	struct snapshot *s;
	struct map listeners; /* name -> struct listener_spec */
	bool failed;          /* a file of a listener or backend; told */
};

/* ---- backends ---- */

/* The roster of what is followed; NULL: an address, or nobody asks (offline). */
static struct roster *
build_roster(struct building *b, const struct model_endpoint *e)
{
	struct rosters *all = b->with->rosters;
	struct roster *r;
	char *path;

	if (all == NULL || !(e->host.p != NULL || e->service || e->file))
		return NULL;
	if (!e->file)
		return roster_get(all, e->service ? ROSTER_SERVICE : ROSTER_NAME, e->text);
	path = source_beside(e->at.file, e->text);
	r = roster_get(all, ROSTER_FILE, str_from(path));
	free(path);
	return r;
}

static struct recipe *
build_recipe(struct building *b, const struct model_backend *m)
{
	struct recipe_part *parts = xcalloc(m->n_endpoints, sizeof(*parts));
	struct recipe *recipe;

	for (size_t i = 0; i < m->n_endpoints; i++) {
		const struct model_endpoint *e = &m->endpoints[i];

		parts[i] = (struct recipe_part){.text = e->text,
		    .addr = e->address,
		    .weight = e->weight,
		    .priority = e->priority,
		    .zone = registry_zone(b->with->registry, e->zone)};
		parts[i].roster = build_roster(b, e);
	}
	recipe = recipe_new(parts, (uint32_t)m->n_endpoints);
	free(parts);
	return recipe;
}

static enum balance_kind
build_balance_kind(const struct model_backend *m)
{
	switch (m->balance) {
	case BALANCE_LEAST_REQUESTS:
		return BALANCE_KIND_LEAST;
	case BALANCE_ROUND_ROBIN:
		return BALANCE_KIND_ROUND;
	case BALANCE_RANDOM:
		return BALANCE_KIND_RANDOM;
	case BALANCE_HASH:
		return m->hash_table == HASH_RING ? BALANCE_KIND_RING : BALANCE_KIND_MAGLEV;
	}
	return BALANCE_KIND_LEAST;
}

static enum hash_source
build_hash_source(enum model_hash_key key)
{
	switch (key) {
	case HASH_CLIENT:
		return HASH_OF_CLIENT;
	case HASH_PATH:
		return HASH_OF_PATH;
	case HASH_HEADER:
		return HASH_OF_HEADER;
	case HASH_COOKIE:
		return HASH_OF_COOKIE;
	}
	return HASH_OF_CLIENT;
}

static struct guard_spec
build_guard(const struct model_backend *m)
{
	return (struct guard_spec){
	    .max_connections = m->max_connections,
	    .max_requests = m->max_requests,
	    .endpoint_connections = m->endpoint_limits.max_connections,
	    .endpoint_requests = m->endpoint_limits.max_requests,
	    .retry_budget = m->retry_budget,
	    .queue = {m->queue.timeout != 0 ? m->queue.size : 0, m->queue.timeout},
	    .breaker = {m->breaker.errors, m->breaker.volume, m->breaker.window, m->breaker.open,
		m->breaker.probes},
	    .concurrency = {m->concurrency.min, m->concurrency.max, m->concurrency.tolerance},
	};
}

static struct zones
build_zones(struct building *b, const struct model_backend *m)
{
	static const enum zones_mode modes[] = {[ZONES_AS_OFF] = ZONES_OFF,
	    [ZONES_AS_PROPORTIONAL] = ZONES_PROPORTIONAL,
	    [ZONES_AS_PREFER] = ZONES_PREFER,
	    [ZONES_AS_STRICT] = ZONES_STRICT};

	return (struct zones){modes[m->zones], registry_zone(b->with->registry, b->model->zone)};
}

static struct backend *
build_backend(struct building *b, const struct model_backend *m)
{
	struct backend_spec spec = {
	    .name = m->name,
	    .at = m->at,
	    .balance = {.kind = build_balance_kind(m), .bound = m->hash_bound},
	    .hashed = m->balance == BALANCE_HASH,
	    .hash_source = build_hash_source(m->hash_key),
	    .hash_name = m->hash_name,
	    .guard = build_guard(m),
	    .proxy_protocol = m->proxy_protocol,
	    .recipe = build_recipe(b, m),
	    .codec = m->protocol == UPSTREAM_H2 ? &codec_h2 : &codec_h1,
	};
	struct backend *backend;

	if (m->tls.on) {
		spec.tls = build_upstream_tls(b->with, m, b->errors);
		b->failed |= spec.tls == NULL;
	}
	spec.check = build_check(m, spec.tls);
	build_health(m, &spec);
	spec.zones = build_zones(b, m);
	b->failed |= !build_sticky(m, &spec.sticky, b->errors);
	backend = backend_new(b->with->registry, &spec);
	if (!spec.recipe->living) /* else when its names are known (run/names) */
		backend_compose(backend, b->with->registry);
	return backend;
}

static void
build_backends(struct building *b)
{
	struct snapshot *s = b->s;

	s->backends = xcalloc(b->model->n_backends, sizeof(struct backend *));
	for (size_t i = 0; i < b->model->n_backends; i++) {
		struct backend *backend = build_backend(b, &b->model->backends[i]);

		s->backends[s->n_backends++] = backend;
		map_put(&s->backends_by_name, backend->state->name, backend);
	}
}

static void
build_arms(struct building *b, const struct model_arms *m, struct arms *arms)
{
	arms->backends = xcalloc(m->n, sizeof(struct backend *));
	arms->weights = xcalloc(m->n, sizeof(uint32_t));
	arms->n = (uint32_t)m->n;
	for (size_t i = 0; i < m->n; i++) {
		arms->backends[i] = map_get(&b->s->backends_by_name, m->v[i].backend);
		arms->weights[i] = m->v[i].weight;
	}
	if (m->n > 1)
		arms->split = split_new(arms->weights, m->n);
	else if (m->n == 1 && arms->weights[0] > 0)
		arms->only = arms->backends[0];
}

/* ---- listeners ---- */

/* Found again by its address; one whose port the kernel chooses, by its name too. */
static struct listener_state *
build_listener_state(struct building *b, const struct model_listener *m)
{
	const struct addr *addr = &m->address;
	char text[ADDR_TEXT];
	char *key = addr_port(addr) != 0 ? xasprintf("%.*s", (int)addr_text(addr, text), text)
					 : xasprintf("%.*s %.*s", (int)addr_text(addr, text), text,
					       STR_FMT(m->name));
	struct listener_state *state = map_get(b->with->listener_states, str_from(key));

	if (state != NULL) {
		free(key);
		return state;
	}
	state = xcalloc(1, sizeof(*state));
	state->addr = state->bound = *addr;
	state->key = key;
	map_put(b->with->listener_states, str_from(key), state);
	return state;
}

static void
build_listener(struct building *b, const struct model_listener *m, struct listener_spec *l)
{
	static const enum listen_protocol protocols[] = {[PROTOCOL_HTTP] = LISTEN_HTTP,
	    [PROTOCOL_TCP] = LISTEN_TCP,
	    [PROTOCOL_TLS] = LISTEN_TLS};

	l->name = str_from(str_dup(m->name));
	l->at = m->at;
	l->index = b->s->n_listeners++;
	l->addr = m->address;
	l->protocol = protocols[m->protocol];
	l->proxy_protocol = m->proxy_protocol;
	l->proxy_from = xcalloc(m->proxy_from.n, sizeof(struct cidr));
	l->n_proxy_from = m->proxy_from.n;
	if (m->proxy_from.n > 0)
		memcpy(l->proxy_from, m->proxy_from.v, m->proxy_from.n * sizeof(struct cidr));
	l->redirect_https = m->redirect_https;
	if (m->tls.n_certs > 0)
		l->tls = build_tls(b->with, m, b->errors);
	b->failed |= m->tls.n_certs > 0 && l->tls == NULL;
	l->max_connections = m->max_connections;
	build_arms(b, &m->to, &l->arms);
	sni_init(&l->sni, m->n_sni);
	for (size_t i = 0; i < m->n_sni; i++)
		build_arms(b, &m->sni[i].to, sni_add(&l->sni, m->sni[i].host));
	l->state = build_listener_state(b, m);
	l->meter = meter_get(
	    b->with->meters, METER_LISTENER, m->name, STR_NONE, sizeof(struct listener_stats));
	map_put(&b->listeners, l->name, l);
}

/* ---- routes ---- */

static void
build_predicates(const struct model_predicate *from, size_t n, struct predicate *to)
{
	static const enum predicate_kind kinds[] = {
	    [VALUE_PRESENT] = PREDICATE_PRESENT,
	    [VALUE_EXACT] = PREDICATE_EXACT,
	    [VALUE_PATTERN] = PREDICATE_PATTERN,
	};

	for (size_t i = 0; i < n; i++)
		to[i] = (struct predicate){from[i].name, kinds[from[i].kind], from[i].value};
}

static bool
build_rule(struct building *b, struct table_builder *table, const struct model_route *m,
    struct route *route)
{
	static const enum path_kind kinds[] = {
	    [PATH_ANY] = PATH_KIND_ANY,
	    [PATH_EXACT] = PATH_KIND_EXACT,
	    [PATH_PREFIX] = PATH_KIND_PREFIX,
	    [PATH_PATTERN] = PATH_KIND_PATTERN,
	};
	struct predicate *headers = xcalloc(m->n_headers + m->n_queries, sizeof(*headers));
	uint32_t *listeners = xcalloc(m->n_listeners, sizeof(*listeners));
	bool any = m->path_kind == PATH_PREFIX && m->path.len == 0; /* every path is below / */
	struct rule rule = {
	    .route = route,
	    .listeners = listeners,
	    .n_listeners = m->n_listeners,
	    .host = m->host,
	    .path_kind = any ? PATH_KIND_ANY : kinds[m->path_kind],
	    .path = m->path,
	    .methods = m->methods,
	    .n_methods = m->n_methods,
	    .headers = headers,
	    .n_headers = m->n_headers,
	    .queries = headers + m->n_headers,
	    .n_queries = m->n_queries,
	};
	const struct route *first = NULL;
	struct pattern_error error = {.offset = 0};
	bool ok;

	build_predicates(m->headers, m->n_headers, headers);
	build_predicates(m->queries, m->n_queries, headers + m->n_headers);
	for (size_t i = 0; i < m->n_listeners; i++) {
		const struct listener_spec *l = map_get(&b->listeners, m->listeners[i]);

		listeners[i] = l ? l->index : UINT32_MAX; /* checked when it was read */
	}
	ok = table_builder_add(table, &rule, &error, &first);
	free(listeners);
	free(headers);
	if (ok)
		return true;
	if (first != NULL)
		errors_add(b->errors, SEVERITY_ERROR, m->at, STR_NONE,
		    "%.*s is matched twice; first at line %u", STR_FMT(m->name), first->at.line);
	else
		errors_add(b->errors, SEVERITY_ERROR, m->at, STR_NONE,
		    "bad pattern at character %zu: %s", error.offset + 1, error.text);
	return false;
}

/* Only so many routes are shown by name; the others count together from the start, in one place
 * that is warm, however many they are. */
static struct meter *
build_route_meter(struct building *b, const struct model_route *m, size_t i)
{
	struct str label = i < EXPOSE_ROUTES - 1 ? m->name : STR("_rest");

	return meter_get(b->with->meters, METER_ROUTE, label, STR_NONE, sizeof(struct route_stats));
}

static enum priority
build_priority(enum model_priority priority)
{
	switch (priority) {
	case MODEL_HIGH:
		return PRIORITY_HIGH;
	case MODEL_NORMAL:
		return PRIORITY_NORMAL;
	case MODEL_LOW:
		return PRIORITY_LOW;
	}
	return PRIORITY_NORMAL;
}

static bool
build_routes(struct building *b)
{
	struct snapshot *s = b->s;
	struct table_builder *table = table_builder_new();
	bool ok = true;

	s->routes = xcalloc(b->model->n_routes, sizeof(struct route *));
	for (size_t i = 0; i < b->model->n_routes; i++) {
		const struct model_route *m = &b->model->routes[i];
		struct route *route = xcalloc(1, sizeof(*route));

		s->routes[s->n_routes++] = route;
		route->name = str_from(str_dup(m->name));
		route->at = m->at;
		build_arms(b, &m->to, &route->arms);
		route->meter = build_route_meter(b, m, i);
		route->priority = build_priority(m->priority);
		route->policy = build_policy(&s->policies, m);
		ok = build_rule(b, table, m, route) && ok;
	}
	s->table = table_builder_done(&table);
	return ok;
}

static void
build_rest(struct building *b)
{
	const struct model *m = b->model;
	const struct model_timeouts *t = &m->timeouts;
	struct snapshot *s = b->s;

	s->timeouts = (struct timeouts){t->connect, t->tls, t->header, t->body, t->response,
	    t->request, t->idle, t->upstream_idle, t->tunnel, t->drain};
	s->trusted = xcalloc(m->trusted_proxies.n, sizeof(struct cidr));
	s->n_trusted = m->trusted_proxies.n;
	if (s->n_trusted > 0)
		memcpy(s->trusted, m->trusted_proxies.v, s->n_trusted * sizeof(struct cidr));
	s->access_log = m->access != ACCESS_OFF;
	s->log_format = m->log_format;
	s->overload_spec =
	    (struct overload_spec){m->overload.memory, m->overload.loop_delay, m->overload.files};
	s->overload = b->with->overload;
}

struct snapshot *
build_snapshot(const struct build *with, const struct model *model, struct errors *errors)
{
	struct building b = {.with = with,
	    .model = model,
	    .errors = errors,
	    .s = xcalloc(1, sizeof(struct snapshot))};
	bool ok;

	atomic_init(&b.s->refs, 1);
	b.s->generation = with->generation;
	b.s->home = with->home;
	map_init(&b.s->backends_by_name);
	map_init(&b.s->policies);
	map_init(&b.listeners);
	build_backends(&b);
	b.s->listeners = xcalloc(model->n_listeners, sizeof(struct listener_spec));
	for (size_t i = 0; i < model->n_listeners; i++)
		build_listener(&b, &model->listeners[i], &b.s->listeners[i]);
	ok = build_routes(&b) && !b.failed;
	build_rest(&b);
	map_free(&b.listeners);
	if (!ok)
		snapshot_unref(&b.s);
	return b.s;
}
