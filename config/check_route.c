#include "base/map.h"
#include "config/check.h"

#include <stdio.h>
#include <stdlib.h>

/* Everything a route asks for in one line, in the short form's words: two routes with the same text
 * want the same requests. */
static void
route_print(const struct model_route *r, FILE *out)
{
	static const char *const tails[] = {
	    [PATH_ANY] = "/*", [PATH_EXACT] = "", [PATH_PREFIX] = "/*", [PATH_PATTERN] = ""};
	const struct model_predicate *p;

	if (r->host.len == 0 && r->path_kind == PATH_ANY)
		fputs("any", out);
	else
		fprintf(out, "%.*s%s%.*s%s", STR_FMT(r->host),
		    r->path_kind == PATH_PATTERN ? "/~" : "", STR_FMT(r->path),
		    tails[r->path_kind]);
	for (size_t i = 0; i < r->n_methods; i++)
		fprintf(out, "%s%.*s", i ? "," : " ", STR_FMT(r->methods[i]));
	for (size_t i = 0; i < r->n_headers + r->n_queries; i++) {
		p = i < r->n_headers ? &r->headers[i] : &r->queries[i - r->n_headers];
		fprintf(out, " %s%.*s%s%.*s", i < r->n_headers ? "" : "?", STR_FMT(p->name),
		    p->kind == VALUE_PRESENT   ? ""
		    : p->kind == VALUE_PATTERN ? "=~"
					       : "=",
		    STR_FMT(p->value));
	}
	for (size_t i = 0; i < r->n_listeners; i++)
		fprintf(out, "%s%.*s", i ? "," : " @", STR_FMT(r->listeners[i]));
}

/* The same without stdio for the many routes that only have a host and a path. */
static struct str
route_text(struct loader *l, const struct model_route *r)
{
	char *text = NULL;
	size_t len = 0;
	struct str copy;
	FILE *out;

	if (r->host.len == 0 && r->path_kind == PATH_ANY &&
	    r->n_methods + r->n_headers + r->n_queries + r->n_listeners == 0)
		return STR("any");
	if (r->n_methods + r->n_headers + r->n_queries + r->n_listeners == 0) {
		size_t room = r->host.len + r->path.len + sizeof("/~/*");
		char *p = loader_take(l, 1, room), *start = p;

		p = r->host.len ? mempcpy(p, r->host.p, r->host.len) : p;
		p = r->path_kind == PATH_PATTERN ? mempcpy(p, "/~", 2) : p;
		p = r->path.len ? mempcpy(p, r->path.p, r->path.len) : p;
		if (r->path_kind == PATH_ANY || r->path_kind == PATH_PREFIX)
			p = mempcpy(p, "/*", 2);
		return str_of(start, (size_t)(p - start));
	}
	out = open_memstream(&text, &len);
	ASSERT(out != NULL);
	route_print(r, out);
	ASSERT(fclose(out) == 0);
	copy = arena_copy(l->arena, str_of(text, len));
	free(text);
	return copy;
}

static void
check_route_listeners(struct loader *l, const struct map *listeners, const struct model_route *r)
{
	for (size_t i = 0; i < r->n_listeners; i++) {
		const struct model_listener *found = map_get(listeners, r->listeners[i]);

		if (found == NULL)
			loader_complain(l, SEVERITY_ERROR, &r->at,
			    "route asks for listener \"%.*s\", which is not defined",
			    STR_FMT(r->listeners[i]));
		else if (found->protocol != PROTOCOL_HTTP)
			loader_complain(l, SEVERITY_ERROR, &r->at,
			    "route asks for listener \"%.*s\", which is not http",
			    STR_FMT(r->listeners[i]));
	}
}

static void
check_route_twice(struct loader *l, struct map *seen, struct model_route *r)
{
	struct str text = route_text(l, r);
	const struct model_route *first = map_put(seen, text, r);

	if (first != NULL) {
		check_hint_first(loader_complain(l, SEVERITY_ERROR, &r->at, "%.*s is matched twice",
				     STR_FMT(text)),
		    &first->at, "; the second would never be used");
		map_put(seen, text, (void *)(uintptr_t)first);
	}
	if (r->name.p == NULL)
		r->name = text;
}

void
check_routes(struct loader *l)
{
	const struct schema_row *name = schema_find(&schema_route, STR("name"));
	struct model *m = l->model;
	struct map listeners, seen, names;

	map_init(&listeners);
	map_init(&seen);
	map_init(&names);
	for (size_t i = 0; i < m->n_listeners; i++)
		map_put(&listeners, m->listeners[i].name, &m->listeners[i]);
	for (size_t i = 0; i < m->n_routes; i++) {
		struct model_route *r = &m->routes[i], *first;

		if (r->path_kind == PATH_EXACT && r->path.len == 0) /* its match was wrong */
			continue;
		check_route_listeners(l, &listeners, r);
		check_route_twice(l, &seen, r);
		if (r->origins[name - schema_route.rows].file == NULL)
			continue;
		first = map_put(&names, r->name, r);
		if (first != NULL)
			check_hint_first(loader_complain(l, SEVERITY_ERROR, &r->at,
					     "two routes have the name \"%.*s\"", STR_FMT(r->name)),
			    &first->at, "");
	}
	map_free(&listeners);
	map_free(&seen);
	map_free(&names);
}
