#include "config/read.h"

/* The name of an item and its map; false: reported, nothing more to read. */
static bool
read_named(
    struct loader *l, const struct schema_object *o, const struct node *key, struct str *name)
{
	const struct schema_row row = {.key = o->name, .type = SCHEMA_PART, .object = o};
	struct value_wrong w = {0};

	*name = arena_copy(l->arena, key->text);
	if (!value_name(*name, &w))
		return read_wrong(l, &row, key, &w);
	if (key->next->kind != NODE_MAP)
		return read_wants(l, &row, key->next);
	return true;
}

bool
read_listeners(struct loader *l, const struct node *map)
{
	struct model *m = l->model;

	m->listeners = loader_take(l, map->n, sizeof(*m->listeners));
	NODE_EACH_PAIR(map, key) {
		struct model_listener *listener = &m->listeners[m->n_listeners];

		*listener = l->listener;
		listener->at = node_at(key);
		if (!read_named(l, &schema_listener, key, &listener->name))
			continue;
		m->n_listeners++;
		listener->origins = read_object(l, &schema_listener, key->next, key, listener);
	}
	return true;
}

bool
read_backends(struct loader *l, const struct node *map)
{
	struct model *m = l->model;

	m->backends = loader_take(l, map->n, sizeof(*m->backends));
	NODE_EACH_PAIR(map, key) {
		struct model_backend *backend = &m->backends[m->n_backends];

		*backend = l->backend;
		backend->at = node_at(key);
		if (!read_named(l, &schema_backend, key, &backend->name))
			continue;
		m->n_backends++;
		backend->origins = read_object(l, &schema_backend, key->next, key, backend);
	}
	return true;
}

bool
read_routes(struct loader *l, const struct node *list)
{
	static const struct schema_row row = {
	    .key = "route", .type = SCHEMA_PART, .object = &schema_route};
	struct model *m = l->model;

	m->routes = loader_take(l, list->n, sizeof(*m->routes));
	NODE_EACH(list, item) {
		struct model_route *route = &m->routes[m->n_routes];

		if (item->kind != NODE_MAP) {
			(void)read_wants(l, &row, item);
			continue;
		}
		*route = l->route;
		route->at = node_at(item);
		m->n_routes++;
		route->origins = read_object(l, &schema_route, item, item, route);
	}
	return true;
}

/* What an endpoint is known by: one of these, and only one. */
static void
read_endpoint_map(struct loader *l, const struct node *map, struct model_endpoint *e)
{
	static const char *const known_by[] = {"address", "dns", "srv", "file"};
	unsigned ways = 0;
	bool weight = false;

	(void)read_object(l, &schema_endpoint, map, map, e);
	NODE_EACH_PAIR(map, key) {
		for (size_t i = 0; i < nelem(known_by); i++)
			ways += str_eq(key->text, str_from(known_by[i]));
		weight |= str_eq(key->text, STR("weight"));
	}
	if (ways == 0)
		error_hint(node_error(l->errors, SEVERITY_ERROR, map,
			       "\"address\" is missing in an endpoint"),
		    "for example address: 10.0.0.21:8080; or dns, srv or file");
	else if (ways > 1)
		error_hint(node_error(l->errors, SEVERITY_ERROR, map,
			       "an endpoint is one of \"address\", \"dns\", \"srv\" and \"file\""),
		    "write an item for each");
	if (weight && (e->service || e->file))
		error_hint(node_error(l->errors, SEVERITY_ERROR, map,
			       "\"weight\" does not go with \"%s\"", e->file ? "file" : "srv"),
		    e->file ? "its endpoints have weights of their own"
			    : "the records have weights of their own");
}

bool
read_endpoints(struct loader *l, const struct node *list, struct model_backend *b)
{
	const struct schema_row *address = schema_find(&schema_endpoint, STR("address"));

	b->endpoints = loader_take(l, list->n, sizeof(*b->endpoints));
	NODE_EACH(list, item) {
		struct model_endpoint *endpoint = &b->endpoints[b->n_endpoints++];

		*endpoint = l->endpoint;
		endpoint->at = node_at(item);
		if (item->kind == NODE_MAP)
			read_endpoint_map(l, item, endpoint);
		else
			(void)read_value(l, address, item, endpoint);
	}
	return true;
}
