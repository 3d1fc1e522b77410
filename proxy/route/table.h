/* table - which route serves this request: hashed host, hashed path, predicates at the leaf.
 * Built once on the control thread, immutable, read by all workers without locks; 100,000 routes
 * cost a request what 10 cost. The most specific wins, the order in the file never matters:
 * exact host > longest "*.suffix" > any host; then exact path > longest prefix (by segment) >
 * pattern (in the order of the file); then, on the same host and path, more methods, headers and
 * query parameters asked for, in this order of weight, then a listener; last, the file's order. A
 * prefix of nothing ("/" and a star) is any path and comes after patterns. HEAD is not GET. A route
 * whose predicates fail gives way to the next less specific one. */
#ifndef ROUTE_TABLE_H
#define ROUTE_TABLE_H

#include "base/error.h"
#include "http/head.h"
#include "route/match.h"

struct route; /* flow/snapshot.h: the table only points at it */
struct table; /* owned by the snapshot */
struct table_builder;

enum path_kind { PATH_KIND_ANY, PATH_KIND_EXACT, PATH_KIND_PREFIX, PATH_KIND_PATTERN };
enum predicate_kind { PREDICATE_PRESENT, PREDICATE_EXACT, PREDICATE_PATTERN };

struct predicate {
	struct str name; /* header (case-blind) or query parameter (exact, undecoded) */
	enum predicate_kind kind;
	struct str value;
};

/* All strings are copied. */
struct rule {
	struct route *route;       /* borrowed: what a find returns */
	const uint32_t *listeners; /* none: all */
	size_t n_listeners;
	struct str host; /* lower case; p NULL: any; "*.x": any host that ends in .x */
	enum path_kind path_kind;
	struct str path; /* PREFIX without the slash and star at its end: "/a" serves /a and /a/b */
	const struct str *methods;
	size_t n_methods;
	const struct predicate *headers, *queries;
	size_t n_headers, n_queries;
};

struct table_query {
	const struct head *head; /* host, path, query, method, fields are looked at */
	uint32_t listener;
	struct match_scratch *scratch;
};

struct table_builder *table_builder_new(void);
/* False: a bad pattern (e says which and where) or an exact duplicate (*duplicate is the first). */
bool table_builder_add(struct table_builder *b, const struct rule *rule, struct pattern_error *e,
    const struct route **duplicate) NODISCARD;
/* Takes the builder; to give one up, free the table. */
struct table *table_builder_done(struct table_builder **b);
void table_free(struct table **t);

struct route *table_find(const struct table *t, const struct table_query *q); /* NULL: none */

/* For explain and the 404 page: every candidate in the order it was tried, and why it lost.
 * Slow; visits at most `limit`. */
typedef void table_visit_fn(void *arg, const struct route *route, bool won, const char *why);
void table_explain(const struct table *t, const struct table_query *q, size_t limit,
    table_visit_fn *visit, void *arg);

#endif
