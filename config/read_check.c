/* What is asked of endpoints, as it is written, and what makes no sense together. */
#include "config/read_check.h"

bool
read_range(const struct schema_row *row, struct str text, struct statuses *out)
{
	uint64_t first, last;

	if (!value_range(text, row->min, row->max, &first, &last))
		return false;
	statuses_add(out, (unsigned)first, (unsigned)last);
	return true;
}

/* In a map the interval has a key of its own. */
bool
read_ask(
    const struct schema_row *row, struct str text, struct model_check *c, struct value_wrong *w)
{
	bool whole = strcmp(row->key, "ask") != 0;
	uint64_t every;

	if (!value_ask(text, &c->ask, &every, w))
		return false;
	if (every == 0)
		return true;
	c->every = every;
	return whole || value_every_is_a_key(w);
}

bool
read_fields(
    struct loader *l, const struct schema_row *row, const struct node *n, struct model_fields *out)
{
	bool good = true;

	if (n->kind != NODE_MAP)
		return read_wants(l, row, n);
	if (read_too_many(l, row, n))
		return false;
	out->n = 0;
	out->v = loader_take(l, n->n, sizeof(*out->v));
	NODE_EACH_PAIR(n, key) {
		struct model_field *f = &out->v[out->n++];
		const struct node *value = key->next;
		struct value_wrong w = {0};

		f->name = arena_copy(l->arena, key->text);
		f->value = arena_copy(l->arena, value->text);
		if (!value_field_name(f->name, &w))
			good = read_wrong(l, row, key, &w);
		else if (value->kind != NODE_SCALAR)
			good = read_wants(l, row, value);
		else if (!value_line(f->value, &w))
			good = read_wrong(l, row, value, &w);
	}
	return good;
}

static bool
is_of_requests(struct str key)
{
	static const char *const keys[] = {"host", "headers", "expect", "body"};

	for (size_t i = 0; i < nelem(keys); i++)
		if (str_eq(key, str_from(keys[i])))
			return true;
	return false;
}

/* Of the keys in this map; what is from defaults may go without saying. */
bool
read_check_sense(struct loader *l, const struct node *n, const struct model_check *c)
{
	unsigned before = l->errors->error_count;

	if (n->kind != NODE_MAP)
		return true;
	NODE_EACH_PAIR(n, key) {
		if (c->ask.kind == ASK_TCP && is_of_requests(key->text))
			error_hint(node_error(l->errors, SEVERITY_ERROR, key,
				       "a tcp check has no \"%.*s\"", STR_FMT(key->text)),
			    "write ask: GET /healthz");
		if (c->ask.kind == ASK_HTTP && str_eq(c->ask.method, STR("HEAD")) &&
		    str_eq(key->text, STR("body")))
			error_hint(node_error(l->errors, SEVERITY_ERROR, key,
				       "an answer to HEAD has no body"),
			    "write ask: GET %.*s", STR_FMT(c->ask.target));
	}
	if (c->ask.kind == ASK_OFF && n->n > 1)
		error_hint(
		    node_error(l->errors, SEVERITY_ERROR, n->first, "this check asks nothing"),
		    "write ask: GET /healthz, or ask: tcp");
	return l->errors->error_count == before;
}
