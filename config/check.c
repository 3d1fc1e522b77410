#include "config/check.h"

#include "base/map.h"

#include <stdlib.h>

/* "first at line 10", or with the file when it is another one. */
void
check_hint_first(struct error *error, const struct position *first, const char *rest)
{
	if (error != NULL && error->at.file == first->file)
		error_hint(error, "first at line %u%s", first->line, rest);
	else
		error_hint(error, "first at %s:%u%s", first->file, first->line, rest);
}

/* The backends by name, which of them are used, and their names for suggestions. */
struct backends {
	struct map by_name;
	bool *used;
	const char **names; /* made when the first one is missing */
	size_t compared;    /* names, for suggestions so far */
};

/* In a file with many wrong names, comparing each with all the right ones would take minutes. */
enum { COMPARED_MAX = 4000000 };

static const char *
backends_suggest(struct backends *b, const struct model *m, struct str name)
{
	b->compared += m->n_backends;
	if (b->compared > COMPARED_MAX)
		return NULL;
	if (b->names == NULL) {
		b->names = xcalloc(m->n_backends, sizeof(*b->names));
		for (size_t i = 0; i < m->n_backends; i++)
			b->names[i] = m->backends[i].name.p;
	}
	return error_suggest(name, b->names, m->n_backends);
}

/* A backend that gets two shares of the same target. Targets are short. */
static void
check_arm_twice(struct loader *l, const struct model_arms *arms, size_t i)
{
	for (size_t j = 0; j < i && arms->v[i].backend.len > 0; j++)
		if (str_eq(arms->v[j].backend, arms->v[i].backend)) {
			loader_complain(l, SEVERITY_ERROR, &arms->v[i].at,
			    "backend \"%.*s\" is listed twice", STR_FMT(arms->v[i].backend));
			return;
		}
}

static void
check_arms(struct loader *l, struct backends *b, const struct model_arms *arms, const char *who)
{
	for (size_t i = 0; i < arms->n; i++) {
		const struct model_arm *arm = &arms->v[i];
		const struct model_backend *found = map_get(&b->by_name, arm->backend);
		struct error *error;
		const char *meant;

		check_arm_twice(l, arms, i);
		if (found != NULL) {
			b->used[found - l->model->backends] = true;
			continue;
		}
		if (arm->backend.len == 0) /* reported where it was read */
			continue;
		error = loader_complain(l, SEVERITY_ERROR, &arm->at,
		    "%s sends to backend \"%.*s\", which is not defined", who,
		    STR_FMT(arm->backend));
		meant = error ? backends_suggest(b, l->model, arm->backend) : NULL;
		if (meant == NULL) {
			error_hint(error, "define it under \"backends\"");
			continue;
		}
		found = map_get(&b->by_name, str_from(meant));
		if (found->at.file == arm->at.file)
			error_hint(error, "did you mean \"%s\" (line %u)?", meant, found->at.line);
		else
			error_hint(error, "did you mean \"%s\" (%s:%u)?", meant, found->at.file,
			    found->at.line);
	}
}

static void
check_backends(struct loader *l)
{
	const struct model *m = l->model;
	struct backends b = {.used = xcalloc(m->n_backends, sizeof(bool))};

	map_init(&b.by_name);
	for (size_t i = 0; i < m->n_backends; i++)
		map_put(&b.by_name, m->backends[i].name, &m->backends[i]);
	for (size_t i = 0; i < m->n_listeners; i++) {
		check_arms(l, &b, &m->listeners[i].to, "listener");
		for (size_t j = 0; j < m->listeners[i].n_sni; j++)
			check_arms(l, &b, &m->listeners[i].sni[j].to, "listener");
	}
	for (size_t i = 0; i < m->n_routes; i++)
		check_arms(l, &b, &m->routes[i].to, "route");
	for (size_t i = 0; i < m->n_backends; i++)
		if (!b.used[i])
			loader_complain(l, SEVERITY_WARNING, &m->backends[i].at,
			    "no route or listener sends to backend \"%.*s\"",
			    STR_FMT(m->backends[i].name));
	map_free(&b.by_name);
	free(b.used);
	free(b.names);
}

static void
check_endpoints_twice(struct loader *l, const struct model_backend *b)
{
	struct map seen;

	if (b->n_endpoints < 2)
		return;
	map_init(&seen);
	for (size_t i = 0; i < b->n_endpoints; i++) {
		const struct model_endpoint *e = &b->endpoints[i], *first;

		if (e->text.len == 0)
			continue;
		first = map_get(&seen, e->text);
		if (first != NULL)
			error_hint(loader_complain(l, SEVERITY_ERROR, &e->at,
				       "endpoint %.*s is listed twice", STR_FMT(e->text)),
			    "for a larger share write {address: %.*s, weight: 2}",
			    STR_FMT(e->text));
		else
			map_put(&seen, e->text, &b->endpoints[i]);
	}
	map_free(&seen);
}

static void
check_endpoints(struct loader *l, const struct model_backend *b)
{
	if (b->n_endpoints == 0)
		loader_complain(l, SEVERITY_WARNING, &b->at,
		    "backend \"%.*s\" has no endpoints: its requests are answered 503",
		    STR_FMT(b->name));
	check_endpoints_twice(l, b);
	if (b->zones != ZONES_AS_OFF && l->model->zone.len == 0)
		error_hint(loader_complain(l, SEVERITY_ERROR, &b->at,
			       "backend \"%.*s\" has \"zones\", but weir itself has none",
			       STR_FMT(b->name)),
		    "write zone: NAME at the top of the file");
}

void
check_endpoint_file(struct loader *l, const struct model_backend *b)
{
	for (size_t i = 0; i < b->n_endpoints; i++) {
		const struct model_endpoint *e = &b->endpoints[i];

		if (e->host.p != NULL || e->service || e->file)
			error_hint(loader_complain(l, SEVERITY_ERROR, &e->at,
				       "\"%.*s\" is not an address", STR_FMT(e->text)),
			    "names and other files belong into the configuration");
	}
	check_endpoints_twice(l, b);
}

static const struct origin *
listener_origin(const struct model_listener *listener, const char *key)
{
	const struct schema_row *row = schema_find(&schema_listener, str_from(key));

	return &listener->origins[row - schema_listener.rows];
}

/* Whether the row of this key was written in the listener. */
static bool
listener_has(const struct model_listener *listener, const char *key)
{
	return listener_origin(listener, key)->file != NULL;
}

/* Whether it was written, and wrong: then nothing can be said about what goes with it. */
static bool
listener_wrong(const struct model_listener *listener, const char *key)
{
	return listener_has(listener, key) && listener_origin(listener, key)->line == 0;
}

/* What its kind needs, and what goes with another kind only. */
static void
check_listener_targets(struct loader *l, const struct model_listener *listener)
{
	static const char *const kinds[] = {
	    [PROTOCOL_HTTP] = "http", [PROTOCOL_TCP] = "tcp", [PROTOCOL_TLS] = "tls"};
	enum model_protocol kind = listener->protocol;
	const struct position *at = &listener->at;
	struct str name = listener->name;
	bool to = listener_has(listener, "to"), sni = listener_has(listener, "sni");

	if (listener_wrong(listener, "protocol"))
		return;
	if (kind == PROTOCOL_TCP && !to)
		error_hint(loader_complain(l, SEVERITY_ERROR, at,
			       "tcp listener \"%.*s\" has no \"to\"", STR_FMT(name)),
		    "write to: BACKEND");
	if (kind == PROTOCOL_TLS && !to && !sni)
		error_hint(
		    loader_complain(l, SEVERITY_ERROR, at,
			"tls listener \"%.*s\" has neither \"sni\" nor \"to\"", STR_FMT(name)),
		    "write sni: {www.example.com: BACKEND}");
	if (kind == PROTOCOL_HTTP && to)
		error_hint(loader_complain(l, SEVERITY_ERROR, at,
			       "http listener \"%.*s\" has a \"to\"", STR_FMT(name)),
		    "routes say where requests go; \"to\" goes with protocol: tcp or tls");
	if (kind != PROTOCOL_TLS && sni)
		error_hint(loader_complain(l, SEVERITY_ERROR, at,
			       "%s listener \"%.*s\" has a \"sni\"", kinds[kind], STR_FMT(name)),
		    "\"sni\" goes with protocol: tls");
	if (kind != PROTOCOL_HTTP && listener->redirect_https)
		loader_complain(l, SEVERITY_ERROR, at, "%s listener \"%.*s\" cannot redirect",
		    kinds[kind], STR_FMT(name));
}

/* Each name once, in whatever case it is written. */
static void
check_sni(struct loader *l, const struct model_listener *listener)
{
	struct map seen;

	map_init(&seen);
	for (size_t i = 0; i < listener->n_sni; i++) {
		struct model_sni *sni = &listener->sni[i];
		const struct model_sni *first = map_get(&seen, sni->host);

		if (first != NULL)
			check_hint_first(loader_complain(l, SEVERITY_ERROR, &sni->at,
					     "\"%.*s\" is listed twice", STR_FMT(sni->host)),
			    &first->at, "");
		else if (sni->host.len > 0) /* else reported where it was read */
			map_put(&seen, sni->host, sni);
	}
	map_free(&seen);
}

static void
check_listener(struct loader *l, struct model_listener *listener)
{
	const struct position *at = &listener->at;
	struct str name = listener->name;

	if (listener_has(listener, "port") && listener_has(listener, "address"))
		loader_complain(l, SEVERITY_ERROR, at,
		    "listener \"%.*s\" has both \"port\" and \"address\"", STR_FMT(name));
	if (!listener_has(listener, "port") && !listener_has(listener, "address"))
		error_hint(loader_complain(l, SEVERITY_ERROR, at,
			       "listener \"%.*s\" has no \"port\"", STR_FMT(name)),
		    "write port: 80, or address: 10.0.0.1:80 for one interface");
	check_listener_targets(l, listener);
	if (listener->proxy_protocol && listener->proxy_from.n == 0 &&
	    !listener_wrong(listener, "proxy_protocol")) {
		listener->proxy_from = l->model->trusted_proxies;
		if (listener->proxy_from.n == 0)
			error_hint(loader_complain(l, SEVERITY_ERROR, at,
				       "listener \"%.*s\" expects the PROXY protocol from nobody",
				       STR_FMT(name)),
			    "list who may send it: proxy_protocol: [10.0.0.0/8], or "
			    "trusted_proxies");
	}
}

/* Each address is listened on once, port 0 apart, which is another one each time. */
static void
check_address(struct loader *l, struct map *seen, const struct addr *a, const struct position *at)
{
	char text[ADDR_TEXT];
	const struct position *first;
	struct str key;

	if (a->sa.sa_family == AF_UNSPEC || addr_port(a) == 0)
		return;
	key = arena_copy(l->arena, str_of(text, addr_text(a, text)));
	first = map_get(seen, key);
	if (first == NULL)
		map_put(seen, key, (void *)(uintptr_t)at);
	else
		check_hint_first(
		    loader_complain(l, SEVERITY_ERROR, at, "%s is listened on twice", key.p), first,
		    "");
}

/* Where the first key of a part was written. */
static struct position
part_at(const struct model *m, enum model_part part, const struct schema_object *o)
{
	struct position at = {0};

	for (size_t i = 0; m->origins[part] != NULL && i < o->n && at.file == NULL; i++)
		at = (struct position){
		    .file = m->origins[part][i].file, .line = m->origins[part][i].line};
	return at;
}

static void
check_listeners(struct loader *l)
{
	struct model *m = l->model;
	struct position admin = part_at(m, PART_ADMIN, &schema_admin),
			metrics = part_at(m, PART_METRICS, &schema_metrics);
	struct map seen;
	bool http = false;

	map_init(&seen);
	for (size_t i = 0; i < m->n_listeners; i++) {
		check_listener(l, &m->listeners[i]);
		check_sni(l, &m->listeners[i]);
		check_address(l, &seen, &m->listeners[i].address, &m->listeners[i].at);
		http |= m->listeners[i].protocol == PROTOCOL_HTTP;
	}
	check_address(l, &seen, &m->admin_address, &admin);
	check_address(l, &seen, &m->metrics_address, &metrics);
	map_free(&seen);
	if (m->n_routes > 0 && m->n_listeners > 0 && !http)
		loader_complain(l, SEVERITY_WARNING, &m->routes[0].at,
		    "routes without an http listener are never used");
}

void
check_model(struct loader *l)
{
	check_listeners(l);
	check_routes(l);
	check_backends(l);
	for (size_t i = 0; i < l->model->n_backends; i++)
		check_endpoints(l, &l->model->backends[i]);
}
