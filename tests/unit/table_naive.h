/* table_naive - the door of route/table.h read literally: every rule is looked at, the most
 * specific that fits wins. Slow and obviously right; the differential tests compare with it. */
#ifndef TESTS_UNIT_TABLE_NAIVE_H
#define TESTS_UNIT_TABLE_NAIVE_H

#include <stdlib.h>

#include "route/table.h"

static inline char
naive_lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* -1: does not fit; 0: any host; else longer suffixes are greater, and exact is greatest. */
static inline int
naive_host(struct str rule, struct str host)
{
	char lower[1024];

	if (host.len > 0 && host.p[host.len - 1] == '.')
		host.len--;
	if (rule.len == 0)
		return 0;
	if (host.len > 255)
		return -1;
	for (size_t i = 0; i < host.len; i++)
		lower[i] = naive_lower(host.p[i]);
	host.p = lower;
	if (str_starts(rule, STR("*."))) {
		struct str suffix = {rule.p + 1, rule.len - 1};

		return host.len > suffix.len && str_ends(host, suffix) ? (int)suffix.len : -1;
	}
	return str_eq(rule, host) ? 1000 : -1;
}

/* -1: does not fit; any path 0, pattern 1, prefix 1 and its length, exact most. */
static inline int
naive_path(const struct rule *rule, struct str path, struct match_scratch *scratch)
{
	struct pattern_error e;
	struct pattern *p;
	bool fits;

	switch (rule->path_kind) {
	case PATH_KIND_ANY:
		break;
	case PATH_KIND_EXACT:
		return str_eq(rule->path, path) ? 100000 : -1;
	case PATH_KIND_PREFIX:
		if (rule->path.len == 0)
			break;
		if (!str_starts(path, rule->path))
			return -1;
		if (path.len > rule->path.len && path.p[rule->path.len] != '/')
			return -1;
		return 1 + (int)rule->path.len;
	case PATH_KIND_PATTERN:
		p = pattern_new(rule->path, &e);
		ASSERT(p != NULL);
		fits = pattern_match(p, scratch, path);
		pattern_free(&p);
		return fits ? 1 : -1;
	}
	return 0;
}

static inline bool
naive_value(const struct predicate *p, struct str value, struct match_scratch *scratch)
{
	struct pattern_error e;
	struct pattern *pattern;
	bool fits;

	if (p->kind == PREDICATE_PRESENT)
		return true;
	if (p->kind == PREDICATE_EXACT)
		return str_eq(p->value, value);
	pattern = pattern_new(p->value, &e);
	ASSERT(pattern != NULL);
	fits = pattern_match(pattern, scratch, value);
	pattern_free(&pattern);
	return fits;
}

static inline bool
naive_header(const struct predicate *p, const struct table_query *q)
{
	for (uint32_t i = 0; i < q->head->fields.n; i++) {
		const struct field *f = &q->head->fields.v[i];

		if (str_eq_case(p->name, str_of(f->name, f->name_len)) &&
		    naive_value(p, str_of(f->value, f->value_len), q->scratch))
			return true;
	}
	return false;
}

static inline bool
naive_query(const struct predicate *p, const struct table_query *q)
{
	struct str query = q->head->query;
	size_t start = 0;

	if (query.p == NULL)
		return false;
	while (start <= query.len) {
		size_t end = str_find(query, '&', start);
		struct str piece = str_of(query.p + start, end - start);
		size_t eq = str_find(piece, '=', 0);
		struct str value =
		    eq < piece.len ? str_of(piece.p + eq + 1, piece.len - eq - 1) : STR("");

		if (str_eq(p->name, str_of(piece.p, eq)) && naive_value(p, value, q->scratch))
			return true;
		start = end + 1;
	}
	return false;
}

static inline bool
naive_asked(const struct rule *rule, const struct table_query *q)
{
	bool listener = rule->n_listeners == 0, method = rule->n_methods == 0;

	for (size_t i = 0; i < rule->n_listeners; i++)
		listener |= rule->listeners[i] == q->listener;
	for (size_t i = 0; i < rule->n_methods; i++)
		method |= str_eq(rule->methods[i], q->head->method_text);
	for (size_t i = 0; i < rule->n_headers; i++)
		if (!naive_header(&rule->headers[i], q))
			return false;
	for (size_t i = 0; i < rule->n_queries; i++)
		if (!naive_query(&rule->queries[i], q))
			return false;
	return listener && method;
}

static inline bool
naive_same_path(const struct rule *a, const struct rule *b)
{
	return a->path_kind == b->path_kind && str_eq(a->path, b->path) && str_eq(a->host, b->host);
}

/* Whether a, which stands before b in the file, keeps its place when both fit the request. */
static inline bool
naive_keeps(const struct rule *a, const struct rule *b, const struct table_query *q)
{
	int ha = naive_host(a->host, q->head->host), hb = naive_host(b->host, q->head->host);
	int pa = naive_path(a, q->head->path, q->scratch);
	int pb = naive_path(b, q->head->path, q->scratch);

	if (ha != hb)
		return ha > hb;
	if (pa != pb)
		return pa > pb;
	if ((a->n_methods > 0) != (b->n_methods > 0))
		return a->n_methods > 0;
	if (a->n_headers != b->n_headers)
		return a->n_headers > b->n_headers;
	if (a->n_queries != b->n_queries)
		return a->n_queries > b->n_queries;
	return (a->n_listeners > 0) >= (b->n_listeners > 0);
}

/* Patterns go by the first rule that has the text, so the rules of one pattern stay together. */
static inline size_t
naive_first_alike(const struct rule *rules, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (naive_same_path(&rules[j], &rules[i]))
			return j;
	return i;
}

/* Index of the winner; n when there is none. */
static inline size_t
naive_find(const struct rule *rules, size_t n, const struct table_query *q)
{
	size_t best = n;

	for (size_t i = 0; i < n; i++) {
		bool other_pattern;

		if (naive_host(rules[i].host, q->head->host) < 0 ||
		    naive_path(&rules[i], q->head->path, q->scratch) < 0 ||
		    !naive_asked(&rules[i], q))
			continue;
		if (best == n) {
			best = i;
			continue;
		}
		other_pattern = rules[i].path_kind == PATH_KIND_PATTERN &&
				rules[best].path_kind == PATH_KIND_PATTERN &&
				str_eq(rules[i].host, rules[best].host) &&
				!str_eq(rules[i].path, rules[best].path);
		if (other_pattern) {
			if (naive_first_alike(rules, i) < naive_first_alike(rules, best))
				best = i;
		} else if (!naive_keeps(&rules[best], &rules[i], q)) {
			best = i;
		}
	}
	return best;
}

static inline bool
naive_predicates_within(
    const struct predicate *a, size_t n_a, const struct predicate *b, size_t n_b, bool blind)
{
	for (size_t i = 0; i < n_a; i++) {
		bool there = false;

		for (size_t j = 0; j < n_b; j++)
			there |= a[i].kind == b[j].kind &&
				 (blind ? str_eq_case(a[i].name, b[j].name)
					: str_eq(a[i].name, b[j].name)) &&
				 (a[i].kind == PREDICATE_PRESENT || str_eq(a[i].value, b[j].value));
		if (!there)
			return false;
	}
	return true;
}

static inline bool
naive_within(const struct rule *a, const struct rule *b)
{
	for (size_t i = 0; i < a->n_methods; i++) {
		bool there = false;

		for (size_t j = 0; j < b->n_methods; j++)
			there |= str_eq(a->methods[i], b->methods[j]);
		if (!there)
			return false;
	}
	for (size_t i = 0; i < a->n_listeners; i++) {
		bool there = false;

		for (size_t j = 0; j < b->n_listeners; j++)
			there |= a->listeners[i] == b->listeners[j];
		if (!there)
			return false;
	}
	return naive_predicates_within(a->headers, a->n_headers, b->headers, b->n_headers, true) &&
	       naive_predicates_within(a->queries, a->n_queries, b->queries, b->n_queries, false);
}

static inline bool
naive_is_any_path(const struct rule *r)
{
	return r->path_kind == PATH_KIND_ANY ||
	       (r->path_kind == PATH_KIND_PREFIX && r->path.len == 0);
}

static inline bool
naive_duplicate(const struct rule *a, const struct rule *b)
{
	bool same = str_eq(a->host, b->host) &&
		    (naive_same_path(a, b) || (naive_is_any_path(a) && naive_is_any_path(b)));

	return same && naive_within(a, b) && naive_within(b, a);
}

#endif
