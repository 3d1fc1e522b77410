#include "run/explain.h"

#include <stdarg.h>
#include <stdlib.h>

#include "config/schema.h"
#include "http/cookie.h"
#include "http/framing.h"
#include "http/h1_parse.h"
#include "http/uri.h"
#include "run/api.h"
#include "run/explain_policy.h"
#include "upstream/health.h"

enum { EXPLAIN_ARENA = 256 * 1024, PORT_HTTP = 80, PORT_HTTPS = 443 };

struct explaining {
	const struct snapshot *snapshot;
	const struct model *model;
	const struct explain_ask *ask;
	json_t *out;
	struct head head;
	struct addr from; /* family 0: not said */
	uint16_t port;
	json_t *others;
	const struct route *won;
};

static json_t *
json_str(struct str s)
{
	json_t *out = json_stringn(s.len > 0 ? s.p : "", s.len);

	return out != NULL ? out : json_string("(not UTF-8)");
}

static void
json_put_place(json_t *to, const char *file, uint32_t line)
{
	char *text;

	if (file == NULL)
		return;
	text = xasprintf("%s:%u", file, line);
	json_object_set_new(to, "at", json_string(text));
	free(text);
}

/* ---- the request ---- */

PRINTF_LIKE(2, 3)
static bool
explain_wrong(char wrong[EXPLAIN_WRONG], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(wrong, EXPLAIN_WRONG, fmt, ap);
	va_end(ap);
	return false;
}

/* A request as a client would send it; NULL: the URL has no host. */
static char *
explain_request(struct explaining *e)
{
	const char *url = e->ask->url, *headers = e->ask->headers;
	struct str rest, line, authority, host;
	uint16_t port = 0;
	char *text = NULL;
	size_t len, end;
	bool has_host = false;
	FILE *f;

	e->port = PORT_HTTP;
	if (strncasecmp(url, "https://", strlen("https://")) == 0)
		e->port = PORT_HTTPS;
	rest = str_from(strstr(url, "://") != NULL ? strstr(url, "://") + 3 : url);
	end = strcspn(rest.p, "/?#");
	authority = str_of(rest.p, end);
	rest = str_of(rest.p + end, strcspn(rest.p + end, "#"));
	if (authority.len == 0)
		return NULL;
	/* Where it connects to is the URL's, whatever Host says. A bad one is refused later. */
	if (uri_authority(authority, &host, &port) && port != 0)
		e->port = port;
	f = open_memstream(&text, &len);
	ASSERT(f != NULL);
	fprintf(f, "%s %s%.*s HTTP/1.1\r\n", e->ask->method ? e->ask->method : "GET",
	    rest.len > 0 && *rest.p == '/' ? "" : "/", STR_FMT(rest));
	rest = headers != NULL ? str_from(headers) : STR_NONE;
	while (str_cut(&rest, '\n', &line)) {
		if (line.len == 0)
			continue;
		fprintf(f, "%.*s\r\n", STR_FMT(line));
		has_host |= str_eq_case(str_of(line.p, str_find(line, ':', 0)), STR("host"));
	}
	if (!has_host)
		fprintf(f, "Host: %.*s\r\n", STR_FMT(authority));
	fputs("\r\n", f);
	ASSERT(fclose(f) == 0);
	return text;
}

/* False: the question is wrong. *refused: a client that sent it would be told so. */
static bool
explain_parse(struct explaining *e, struct arena *a, char wrong[EXPLAIN_WRONG], enum fault *refused)
{
	struct framing framing;
	char *text = explain_request(e);
	size_t scanned = 0, size;
	struct str bytes;

	if (text == NULL)
		return explain_wrong(wrong, "\"%s\" has no host", e->ask->url);
	if (strpbrk(e->ask->url, "\r\n") != NULL) {
		free(text);
		return explain_wrong(wrong, "a URL has no line ends");
	}
	bytes = arena_copy(a, str_from(text));
	free(text);
	if (bytes.p == NULL)
		return explain_wrong(wrong, "the request is too long");
	*refused = FAULT_none;
	size = h1_head_size(bytes, &scanned, refused);
	if (*refused == FAULT_none && size != bytes.len)
		return explain_wrong(wrong, "a header has a line end in it");
	if (*refused == FAULT_none)
		*refused = h1_parse_request(bytes, a, &e->head);
	if (*refused == FAULT_none)
		*refused = framing_request(&e->head, &framing);
	return true;
}

/* ---- where it comes in ---- */

static const struct listener_spec *
explain_listener_for(const struct explaining *e, const char **note)
{
	const struct listener_spec *first = NULL;

	for (uint32_t i = 0; i < e->snapshot->n_listeners; i++) {
		const struct listener_spec *l = &e->snapshot->listeners[i];

		if (l->protocol == LISTEN_HTTP &&
		    (addr_port(&l->addr) == e->port || addr_port(&l->state->bound) == e->port))
			return l;
		if (first == NULL && l->protocol == LISTEN_HTTP)
			first = l;
	}
	*note = "no http listener has the port of the URL: as if it came in here";
	return first;
}

static json_t *
explain_listener(const struct listener_spec *l, const char *note)
{
	json_t *out = json_object();
	char text[ADDR_TEXT];

	addr_text(&l->state->bound, text);
	json_object_set_new(out, "name", json_str(l->name));
	json_object_set_new(out, "address", json_string(text));
	if (note != NULL)
		json_object_set_new(out, "note", json_string(note));
	json_put_place(out, l->at.file, l->at.line);
	return out;
}

/* ---- which way it goes ---- */

static void
explain_visit(void *arg, const struct route *route, bool won, const char *why)
{
	struct explaining *e = arg;
	json_t *row = json_object();

	json_object_set_new(row, "name", json_str(route->name));
	json_object_set_new(row, "why", json_string(why));
	json_put_place(row, route->at.file, route->at.line);
	if (won) {
		e->won = route;
		json_object_set_new(e->out, "route", row);
	} else {
		json_array_append_new(e->others, row);
	}
}

static json_t *
explain_endpoint(const struct explaining *e, const struct balance_target *target)
{
	const struct endpoint *end = target->endpoint;
	const char *reason = health_reason(end);
	json_t *out = json_object();

	json_object_set_new(out, "name", json_str(end->name));
	json_object_set_new(
	    out, "weight", json_integer(e->ask->live ? health_weight(end) : target->weight));
	json_object_set_new(out, "priority", json_integer(target->priority));
	if (target->zone != NULL)
		json_object_set_new(out, "zone", json_string(target->zone));
	if (!e->ask->live)
		return out;
	json_object_set_new(out, "state", json_string(endpoint_state_word(endpoint_state(end))));
	if (reason != NULL)
		json_object_set_new(out, "reason", json_string(reason));
	json_object_set_new(out, "in_flight", json_integer(atomic_load(&end->in_flight)));
	json_object_set_new(out, "connections", json_integer(atomic_load(&end->conns)));
	return out;
}

/* Whose the request's cookie is. */
static json_t *
explain_sticky(const struct explaining *e, const struct sticky *s, const struct targets *t)
{
	struct str text = cookie_find(&e->head.fields, s->cookie);
	struct sticky_tag tag;
	uint32_t at = sticky_read(text, &tag) ? sticky_find(t->seats, t->n, &tag) : BALANCE_NONE;
	json_t *out;
	char *said;

	if (at != BALANCE_NONE)
		said = xasprintf("cookie %.*s: it is of %.*s%s", STR_FMT(s->cookie),
		    STR_FMT(t->v[at].endpoint->name), s->strict ? ", and nobody else answers" : "");
	else
		said = xasprintf("cookie %.*s: %s, the answer sets one", STR_FMT(s->cookie),
		    text.p != NULL ? "it is of no endpoint here" : "there is none");
	out = json_string(said);
	free(said);
	return out;
}

static json_t *
explain_backend(const struct explaining *e, const struct backend *b, uint32_t weight, uint64_t sum)
{
	const struct targets *t = backend_targets(b);
	json_t *out = json_object(), *endpoints = json_array();

	json_object_set_new(out, "name", json_str(b->state->name));
	json_object_set_new(
	    out, "percent", json_real(sum > 0 ? 100.0 * weight / (double)sum : 0.0));
	json_put_place(out, b->at.file, b->at.line);
	for (uint32_t i = 0; i < t->n; i++)
		json_array_append_new(endpoints, explain_endpoint(e, &t->v[i]));
	json_object_set_new(out, "endpoints", endpoints);
	if (b->sticky != NULL)
		json_object_set_new(out, "sticky", explain_sticky(e, b->sticky, t));
	if (e->ask->live)
		json_object_set_new(out, "panic", json_boolean(b->state->panic.on));
	if (e->ask->live && t->groups.n > 1)
		json_object_set_new(out, "priorities", api_priorities_json(&t->groups));
	return out;
}

static void
explain_backends(struct explaining *e, const struct arms *arms)
{
	json_t *out = json_array();
	uint64_t sum = 0;

	for (uint32_t i = 0; i < arms->n; i++)
		sum += arms->weights[i];
	for (uint32_t i = 0; i < arms->n; i++)
		if (arms->backends[i] != NULL)
			json_array_append_new(
			    out, explain_backend(e, arms->backends[i], arms->weights[i], sum));
	json_object_set_new(e->out, "backends", out);
}

/* The model's side of the route that was found: they are in the same order. */
static const struct model_route *
explain_route(const struct explaining *e)
{
	for (uint32_t i = 0; i < e->snapshot->n_routes && i < e->model->n_routes; i++)
		if (e->snapshot->routes[i] == e->won && e->model->routes[i].origins != NULL)
			return &e->model->routes[i];
	return NULL;
}

/* Where its `to` was written. */
static void
explain_to_place(struct explaining *e, const struct model_route *route)
{
	const struct schema_row *to = schema_find(&schema_route, STR("to"));
	const struct origin *at = &route->origins[to - schema_route.rows];
	char *text = at->file ? xasprintf("%s:%u", at->file, at->line) : NULL;

	if (text != NULL)
		json_object_set_new(e->out, "to_at", json_string(text));
	free(text);
}

static void
explain_client(struct explaining *e)
{
	const struct snapshot *s = e->snapshot;
	char text[ADDR_TEXT];

	if (e->ask->from == NULL)
		return;
	addr_text_ip(&e->from, text);
	json_object_set_new(e->out, "client",
	    json_pack("{s:s, s:b}", "address", text, "trusted",
		cidr_has(s->trusted, s->n_trusted, &e->from)));
}

static void
explain_way(struct explaining *e)
{
	struct match_scratch *scratch;
	const char *note = NULL;
	const struct listener_spec *l = explain_listener_for(e, &note);
	struct table_query query = {.head = &e->head};
	const struct model_route *route;

	if (l == NULL) {
		json_object_set_new(e->out, "refused", json_string("there is no http listener"));
		return;
	}
	json_object_set_new(e->out, "listener", explain_listener(l, note));
	explain_client(e);
	if (l->redirect_https) {
		json_object_set_new(e->out, "redirect", json_string("308 to https"));
		return;
	}
	scratch = match_scratch_new();
	query.listener = l->index;
	query.scratch = scratch;
	table_explain(e->snapshot->table, &query, e->ask->limit, explain_visit, e);
	match_scratch_free(&scratch);
	if (e->won == NULL)
		return;
	explain_backends(e, &e->won->arms);
	route = explain_route(e);
	if (route == NULL)
		return;
	explain_to_place(e, route);
	explain_policy(e->out, e->model, route, e->won->policy, e->head.method);
}

json_t *
explain_json(const struct snapshot *s, const struct model *m, const struct explain_ask *ask,
    char wrong[EXPLAIN_WRONG])
{
	struct explaining e = {.snapshot = s, .model = m, .ask = ask};
	enum fault refused;
	struct arena a;
	bool ok;

	if (ask->from != NULL && !addr_parse_ip(str_from(ask->from), &e.from)) {
		explain_wrong(wrong, "\"%s\" is no IP address", ask->from);
		return NULL;
	}
	arena_init(&a, NULL, 0, EXPLAIN_ARENA);
	ok = explain_parse(&e, &a, wrong, &refused);
	if (ok) {
		e.out = json_object();
		e.others = json_array();
		if (refused == FAULT_none) {
			explain_way(&e);
		} else {
			const struct fault_row *row = fault_row(refused);
			char *text = xasprintf(
			    "%u %.*s: %.*s", row->http, STR_FMT(row->word), STR_FMT(row->sentence));

			json_object_set_new(e.out, "refused", json_string(text));
			free(text);
		}
		json_object_set_new(e.out, "others", e.others);
	}
	arena_reset(&a);
	return e.out;
}

bool
explain_found(const json_t *answer)
{
	return json_object_get(answer, "route") != NULL ||
	       json_object_get(answer, "redirect") != NULL;
}
