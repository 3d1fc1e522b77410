#include "config/read_shape.h"
#include "config/read_check.h"

enum {
	WHOLE = 100, /* percent */
	FEW = 256,   /* what every request may have to walk through stays short */
};

bool
read_too_many(struct loader *l, const struct schema_row *row, const struct node *n)
{
	if (n->kind == NODE_SCALAR || n->n <= FEW)
		return false;
	node_error(l->errors, SEVERITY_ERROR, n, "\"%s\" has %u items, at most %d are possible",
	    row->key, n->n, FEW);
	return true;
}

/* A value's items, whether written as one scalar or as a list of scalars. */
static const struct node *
read_one_or_list(const struct node *n, size_t *items)
{
	*items = n->kind == NODE_LIST ? n->n : 1;
	return n->kind == NODE_LIST ? n->first : n;
}

static const struct node *
read_next(const struct node *whole, const struct node *item)
{
	return item == whole ? NULL : item->next;
}

static bool
is_percent(const struct node *n)
{
	return n->kind == NODE_SCALAR && n->text.len > 1 && n->text.p[n->text.len - 1] == '%';
}

/* What the weights of a target have to be among each other. */
struct shares {
	size_t percents, numbers;
	uint64_t sum;
};

static void
shares_add(struct shares *s, const struct model_arm *arm, bool percent)
{
	s->percents += percent;
	s->numbers += !percent;
	s->sum += arm->weight;
}

static bool
shares_check(struct loader *l, const struct node *n, const struct shares *s)
{
	if (s->percents > 0 && s->numbers > 0) {
		node_error(l->errors, SEVERITY_ERROR, n, "percentages and weights are mixed here");
		return false;
	}
	if (s->percents > 0 && s->sum != WHOLE) {
		node_error(l->errors, SEVERITY_ERROR, n,
		    "the shares add up to %llu%%, not to 100%%", (unsigned long long)s->sum);
		return false;
	}
	if (s->sum == 0) {
		node_error(l->errors, SEVERITY_ERROR, n, "no backend has a weight above 0");
		return false;
	}
	return true;
}

static bool
read_arm_name(
    struct loader *l, const struct schema_row *row, const struct node *n, struct model_arm *arm)
{
	struct value_wrong w = {0};

	*arm = l->arm;
	arm->at = node_at(n);
	if (n->kind != NODE_SCALAR || n->text.len == 0)
		return read_wants(l, row, n);
	arm->backend = arena_copy(l->arena, n->text);
	return value_name(arm->backend, &w) || read_wrong(l, row, n, &w);
}

static bool
read_arm_map(
    struct loader *l, const struct schema_row *row, const struct node *map, struct model_arms *out)
{
	const struct schema_row *weight = schema_find(&schema_arm, STR("weight"));
	struct shares shares = {0};
	bool good = true;

	NODE_EACH_PAIR(map, key) {
		struct model_arm *arm = &out->v[out->n++];

		good &= read_arm_name(l, row, key, arm);
		good &= read_value(l, weight, key->next, arm);
		shares_add(&shares, arm, is_percent(key->next));
	}
	return good && shares_check(l, map, &shares);
}

/* One {backend, weight} of a list, or a name alone. */
static bool
read_arm_item(struct loader *l, const struct schema_row *row, const struct node *item,
    struct model_arm *arm, struct shares *shares)
{
	unsigned before = l->errors->error_count;
	bool percent = false;

	if (item->kind == NODE_MAP) {
		*arm = l->arm;
		arm->at = node_at(item);
		(void)read_object(l, &schema_arm, item, item, arm);
		NODE_EACH_PAIR(item, key)
			percent |= is_percent(key->next);
	} else {
		(void)read_arm_name(l, row, item, arm);
	}
	shares_add(shares, arm, percent);
	return l->errors->error_count == before;
}

static bool
read_arm_list(
    struct loader *l, const struct schema_row *row, const struct node *list, struct model_arms *out)
{
	struct shares shares = {0};
	bool good = true;

	NODE_EACH(list, item)
		good &= read_arm_item(l, row, item, &out->v[out->n++], &shares);
	return good && shares_check(l, list, &shares);
}

bool
read_arms(
    struct loader *l, const struct schema_row *row, const struct node *n, struct model_arms *out)
{
	if (n->kind != NODE_SCALAR && n->n == 0)
		return read_wants(l, row, n);
	if (read_too_many(l, row, n))
		return false;
	out->n = 0;
	out->v = loader_take(l, n->kind == NODE_SCALAR ? 1 : n->n, sizeof(*out->v));
	switch (n->kind) {
	case NODE_MAP:
		return read_arm_map(l, row, n, out);
	case NODE_LIST:
		return read_arm_list(l, row, n, out);
	case NODE_SCALAR:
		break;
	}
	out->n = 1;
	return read_arm_name(l, row, n, out->v);
}

static bool
read_any_sni(struct loader *l, const struct node *key)
{
	error_hint(node_error(l->errors, SEVERITY_ERROR, key, "\"*\" is not a name"),
	    "where all others go is the listener's \"to\"");
	return false;
}

bool
read_sni(struct loader *l, const struct schema_row *row, const struct node *n,
    struct model_listener *out)
{
	bool good = true;

	if (n->kind != NODE_MAP)
		return read_wants(l, row, n);
	out->sni = loader_take(l, n->n, sizeof(*out->sni));
	NODE_EACH_PAIR(n, key) {
		struct model_sni *sni = &out->sni[out->n_sni++];
		struct str text = arena_copy(l->arena, key->text);
		struct value_wrong w = {0};

		sni->at = node_at(key);
		if (!value_host(text, loader_take(l, text.len, 1), &sni->host, &w))
			good = read_wrong(l, row, key, &w);
		else if (sni->host.len == 0)
			good = read_any_sni(l, key);
		good &= read_arms(l, row, key->next, &sni->to);
	}
	return good;
}

bool
read_match(
    struct loader *l, const struct schema_row *row, const struct node *n, struct model_route *route)
{
	struct value_wrong w = {0};
	struct str text;

	unsigned before = l->errors->error_count;

	route->at = node_at(n);
	if (n->kind == NODE_MAP) {
		route->path_kind = PATH_ANY;
		(void)read_object(l, row->object, n, n, route);
	} else if (n->kind == NODE_SCALAR && n->text.len > 0) {
		text = arena_copy(l->arena, n->text);
		if (!value_match(text, loader_take(l, text.len, 1), route, &w))
			(void)read_wrong(l, row, n, &w);
		else if (route->name.p == NULL)
			route->name = text;
	} else {
		(void)read_wants(l, row, n);
	}
	if (l->errors->error_count == before)
		return true;
	route->path_kind = PATH_EXACT; /* an empty one: nobody compares it with others */
	route->path = STR_NONE;
	return false;
}

bool
read_ranges(
    struct loader *l, const struct schema_row *row, const struct node *n, struct model_cidrs *out)
{
	struct value_wrong w = {0};
	bool good = true;
	size_t items;

	if (n->kind == NODE_MAP || (n->kind == NODE_SCALAR && n->text.len == 0))
		return read_wants(l, row, n);
	out->n = 0;
	for (const struct node *i = read_one_or_list(n, &items); i != NULL; i = read_next(n, i)) {
		if (out->n == 0)
			out->v = loader_take(l, items, sizeof(*out->v));
		if (i->kind != NODE_SCALAR)
			good = read_wants(l, row, i);
		else if (!value_cidr(i->text, &out->v[out->n++], &w))
			good = read_wrong(l, row, i, &w);
	}
	return good;
}

bool
read_servers(struct loader *l, const struct schema_row *row, const struct node *n,
    struct addr **out, size_t *count)
{
	struct value_wrong w = {0};
	bool good = true;
	size_t items;

	if (n->kind == NODE_MAP || (n->kind == NODE_SCALAR && n->text.len == 0))
		return read_wants(l, row, n);
	if (read_too_many(l, row, n))
		return false;
	*count = 0;
	for (const struct node *i = read_one_or_list(n, &items); i != NULL; i = read_next(n, i)) {
		if (*count == 0)
			*out = loader_take(l, items, sizeof(**out));
		if (i->kind != NODE_SCALAR)
			good = read_wants(l, row, i);
		else if (!value_server(i->text, &(*out)[(*count)++], &w))
			good = read_wrong(l, row, i, &w);
	}
	return good;
}

bool
read_proxy(struct loader *l, const struct schema_row *row, const struct node *n,
    struct model_listener *out)
{
	if (n->kind == NODE_LIST) {
		out->proxy_protocol = true;
		return read_ranges(l, row, n, &out->proxy_from);
	}
	if (n->kind != NODE_SCALAR || (!str_eq(n->text, STR("on")) && !str_eq(n->text, STR("off"))))
		return read_wants(l, row, n);
	/* "on" without ranges of its own means the trusted proxies: check.c fills them in. */
	out->proxy_protocol = n->text.len == sizeof("on") - 1;
	return true;
}

bool
read_words(struct loader *l, const struct schema_row *row, const struct node *n, struct str **out,
    size_t *count)
{
	struct value_wrong w = {0};
	bool good = true;
	size_t items;

	if (n->kind == NODE_MAP || (n->kind == NODE_LIST && n->n == 0))
		return read_wants(l, row, n);
	if (read_too_many(l, row, n))
		return false;
	*count = 0;
	for (const struct node *i = read_one_or_list(n, &items); i != NULL; i = read_next(n, i)) {
		if (*count == 0)
			*out = loader_take(l, items, sizeof(**out));
		if (i->kind != NODE_SCALAR || i->text.len == 0)
			good = read_wants(l, row, i);
		else if (row->type == SCHEMA_METHODS ? !value_method(i->text, &w)
						     : !value_name(i->text, &w))
			good = read_wrong(l, row, i, &w);
		else
			(*out)[(*count)++] = arena_copy(l->arena, i->text);
	}
	return good;
}

/* An empty list takes back what is said for all routes. */
bool
read_set(struct loader *l, const struct schema_row *row, const struct node *n, uint32_t *out)
{
	bool good = true;
	unsigned word;
	size_t items;

	if (n->kind == NODE_MAP)
		return read_wants(l, row, n);
	*out = 0;
	for (const struct node *i = read_one_or_list(n, &items); i != NULL; i = read_next(n, i)) {
		if (i->kind == NODE_SCALAR && read_word(row, i->text, &word))
			*out |= 1u << word;
		else
			good = read_wants(l, row, i);
	}
	return good;
}

bool
read_statuses(
    struct loader *l, const struct schema_row *row, const struct node *n, struct statuses *out)
{
	bool good = true;
	size_t items;

	if (n->kind == NODE_MAP)
		return read_wants(l, row, n);
	*out = (struct statuses){0};
	for (const struct node *i = read_one_or_list(n, &items); i != NULL; i = read_next(n, i)) {
		if (i->kind != NODE_SCALAR || !read_range(row, i->text, out))
			good = read_wants(l, row, i);
	}
	return good;
}

bool
read_predicates(struct loader *l, const struct schema_row *row, const struct node *n,
    struct model_predicate **out, size_t *count)
{
	struct value_wrong w = {0};
	bool good = true;

	if (n->kind != NODE_MAP)
		return read_wants(l, row, n);
	if (read_too_many(l, row, n))
		return false;
	*count = 0;
	*out = loader_take(l, n->n, sizeof(**out));
	NODE_EACH_PAIR(n, key) {
		struct model_predicate *p = &(*out)[(*count)++];
		const struct node *value = key->next;

		p->at = node_at(key);
		p->name = arena_copy(l->arena, key->text);
		if (row->type == SCHEMA_HEADERS ? !value_token(p->name, &w)
						: !value_line(p->name, &w))
			good = read_wrong(l, row, key, &w);
		else if (value->kind != NODE_SCALAR)
			good = read_wants(l, row, value);
		else if (!value_predicate(arena_copy(l->arena, value->text), p, &w))
			good = read_wrong(l, row, value, &w);
	}
	return good;
}
