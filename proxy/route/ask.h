/* ask - what a rule asks for beyond host and path: a listener, a method, headers, query parameters.
 * All of it must hold. Built into the table's arena, immutable. */
#ifndef ROUTE_ASK_H
#define ROUTE_ASK_H

#include "base/map.h"
#include "route/table.h"

struct ask_field {
	struct str name, lower; /* as written in the rule, and in lower case */
	struct str value;
	const struct pattern *pattern; /* owned by the table; kind PATTERN only */
	enum predicate_kind kind;
	enum field_id id; /* headers only */
};

struct ask {
	uint32_t methods;                /* bit per enum method; 0: any method */
	const struct str *other_methods; /* those without a bit of their own: METHOD_OTHER */
	size_t n_other_methods;
	const uint32_t *listeners; /* none: all */
	size_t n_listeners;
	struct ask_field *headers, *queries;
	size_t n_headers, n_queries;
};

/* Copies into the arena; every pattern of the rule is in `patterns` by its text. NULL: the rule
 * asks for nothing. */
const struct ask *ask_new(struct arena *a, const struct rule *rule, const struct map *patterns);
/* What a rule asks for as bytes: equal when two rules ask the same, in whatever order. */
struct str ask_key(struct arena *a, const struct rule *rule);
/* Negative: a is more specific than b. Methods count first, then headers, query parameters and,
 * last, listeners. Either may be NULL. */
int ask_cmp(const struct ask *a, const struct ask *b);

enum ask_miss { ASK_MET, ASK_LISTENER, ASK_METHOD, ASK_HEADER, ASK_QUERY };

/* The first thing that does not hold; for ASK_HEADER and ASK_QUERY *which says which one. */
enum ask_miss ask_miss(
    const struct ask *a, const struct table_query *q, const struct ask_field **which);
/* The miss in words, cut to fit. */
void ask_miss_print(const struct ask *a, const struct table_query *q, enum ask_miss miss,
    const struct ask_field *which, char *out, size_t out_size);

/* Whether this field of a request carries the name. */
bool ask_field_is(const struct field *f, enum field_id id, struct str name);

#endif
