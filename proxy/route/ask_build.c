#include <stdlib.h>

#include "route/ask.h"

static void *
ask_take(struct arena *a, size_t size)
{
	void *p = arena_take(a, size);

	ASSERT(p != NULL); /* the arenas of a table have no limit */
	return p;
}

static struct str
ask_lower(struct arena *a, struct str s)
{
	char *p = ask_take(a, s.len + 1);

	for (size_t i = 0; i < s.len; i++)
		p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i]);
	return str_of(p, s.len);
}

static void
ask_copy_methods(struct ask *ask, struct arena *a, const struct rule *rule)
{
	struct str *others;

	if (rule->n_methods == 0)
		return;
	others = ask_take(a, rule->n_methods * sizeof(*others));
	for (size_t i = 0; i < rule->n_methods; i++) {
		enum method m = method_of(rule->methods[i]);

		ask->methods |= UINT32_C(1) << m;
		if (m == METHOD_OTHER)
			others[ask->n_other_methods++] = arena_copy(a, rule->methods[i]);
	}
	ask->other_methods = others;
}

static struct ask_field *
ask_copy_fields(struct arena *a, const struct predicate *from, size_t n, const struct map *patterns)
{
	struct ask_field *to = ask_take(a, n * sizeof(*to));

	for (size_t i = 0; i < n; i++) {
		to[i] = (struct ask_field){
		    .name = arena_copy(a, from[i].name),
		    .lower = ask_lower(a, from[i].name),
		    .value = arena_copy(a, from[i].value),
		    .kind = from[i].kind,
		    .id = field_id_of(from[i].name),
		};
		if (from[i].kind == PREDICATE_PATTERN) {
			to[i].pattern = map_get(patterns, from[i].value);
			ASSERT(to[i].pattern != NULL);
		}
	}
	return to;
}

const struct ask *
ask_new(struct arena *a, const struct rule *rule, const struct map *patterns)
{
	struct ask *ask;

	if (rule->n_methods + rule->n_headers + rule->n_queries + rule->n_listeners == 0)
		return NULL;
	ask = ask_take(a, sizeof(*ask));
	*ask = (struct ask){
	    .n_listeners = rule->n_listeners,
	    .n_headers = rule->n_headers,
	    .n_queries = rule->n_queries,
	};
	ask_copy_methods(ask, a, rule);
	if (rule->n_listeners > 0) {
		uint32_t *listeners = ask_take(a, rule->n_listeners * sizeof(*listeners));

		memcpy(listeners, rule->listeners, rule->n_listeners * sizeof(*listeners));
		ask->listeners = listeners;
	}
	if (rule->n_headers > 0)
		ask->headers = ask_copy_fields(a, rule->headers, rule->n_headers, patterns);
	if (rule->n_queries > 0)
		ask->queries = ask_copy_fields(a, rule->queries, rule->n_queries, patterns);
	return ask;
}

int
ask_cmp(const struct ask *a, const struct ask *b)
{
	static const struct ask nothing;

	a = a ? a : &nothing;
	b = b ? b : &nothing;
	if ((a->methods != 0) != (b->methods != 0))
		return a->methods != 0 ? -1 : 1;
	if (a->n_headers != b->n_headers)
		return a->n_headers > b->n_headers ? -1 : 1;
	if (a->n_queries != b->n_queries)
		return a->n_queries > b->n_queries ? -1 : 1;
	return (a->n_listeners == 0) - (b->n_listeners == 0);
}

/* One condition: what it is, the length of its name, the name, the value. */
static struct str
ask_part(struct arena *a, char what, struct str name, struct str value)
{
	uint32_t name_len = (uint32_t)name.len;
	char *p = ask_take(a, 1 + sizeof(name_len) + name.len + value.len);

	p[0] = what;
	memcpy(p + 1, &name_len, sizeof(name_len));
	if (name.len > 0)
		memcpy(p + 1 + sizeof(name_len), name.p, name.len);
	if (value.len > 0)
		memcpy(p + 1 + sizeof(name_len) + name.len, value.p, value.len);
	return str_of(p, 1 + sizeof(name_len) + name.len + value.len);
}

static int
ask_part_cmp(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Each with its length before it, and the same one only once. */
static struct str
ask_join(struct arena *a, const struct str *parts, size_t n)
{
	size_t size = 0;
	char *start, *p;

	for (size_t i = 0; i < n; i++)
		size += sizeof(uint32_t) + parts[i].len;
	start = p = ask_take(a, size + 1);
	for (size_t i = 0; i < n; i++) {
		uint32_t len = (uint32_t)parts[i].len;

		if (i > 0 && str_eq(parts[i], parts[i - 1]))
			continue;
		memcpy(p, &len, sizeof(len));
		memcpy(p + sizeof(len), parts[i].p, len);
		p += sizeof(len) + len;
	}
	return str_of(start, (size_t)(p - start));
}

static struct str
ask_predicate_part(struct arena *a, const char *kinds, struct str name, const struct predicate *p)
{
	return ask_part(
	    a, kinds[p->kind], name, p->kind == PREDICATE_PRESENT ? STR_NONE : p->value);
}

struct str
ask_key(struct arena *a, const struct rule *rule)
{
	/* A letter for each kind of condition and, in it, of predicate. */
	static const char header_kinds[] = "hHR", query_kinds[] = "qQP";
	size_t n = rule->n_methods + rule->n_headers + rule->n_queries + rule->n_listeners;
	struct str *parts = ask_take(a, (n + 1) * sizeof(*parts)), *part = parts;

	for (size_t i = 0; i < rule->n_methods; i++)
		*part++ = ask_part(a, 'm', rule->methods[i], STR_NONE);
	for (size_t i = 0; i < rule->n_listeners; i++)
		*part++ = ask_part(a, 'l', STR_NONE,
		    str_of((const char *)&rule->listeners[i], sizeof(rule->listeners[i])));
	for (size_t i = 0; i < rule->n_headers; i++)
		*part++ = ask_predicate_part(
		    a, header_kinds, ask_lower(a, rule->headers[i].name), &rule->headers[i]);
	for (size_t i = 0; i < rule->n_queries; i++)
		*part++ =
		    ask_predicate_part(a, query_kinds, rule->queries[i].name, &rule->queries[i]);
	qsort(parts, n, sizeof(*parts), ask_part_cmp);
	return ask_join(a, parts, n);
}
