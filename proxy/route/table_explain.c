#include <stdio.h>
#include <stdlib.h>

#include "route/table_walk.h"

enum {
	TABLE_WHY_MAX = 256,   /* bytes of a reason */
	TABLE_QUOTE_MAX = 120, /* of a path or host in it */
	TABLE_NEAR_MAX = 64    /* leaves that did not fit which are looked at, nearest first */
};

struct table_near { /* a leaf that does not fit, and how far it does */
	const struct table_leaf *leaf;
	size_t host_common, path_common; /* bytes */
};

struct table_story {
	const struct table *t;
	const struct table_query *q;
	struct route *winner;
	bool won; /* the winner was told */
	size_t left;
	table_visit_fn *visit;
	void *arg;
	bool *seen_leaves, *seen_hosts; /* by id; owned */
};

static void
table_tell(struct table_story *s, const struct route *route, bool won, const char *why)
{
	if (s->left == 0)
		return;
	s->left--;
	s->visit(s->arg, route, won, why);
}

/* One place is kept for the winner, however many were tried before it. */
static bool
table_story_is_full(const struct table_story *s)
{
	return s->left <= (s->winner != NULL && !s->won);
}

static void
table_tell_leaf(struct table_story *s, const struct table_leaf *leaf)
{
	for (uint32_t i = 0; i < leaf->n_entries; i++) {
		const struct table_entry *e = &leaf->entries[i];
		const struct ask_field *which = NULL;
		enum ask_miss miss = e->ask ? ask_miss(e->ask, s->q, &which) : ASK_MET;
		char why[TABLE_WHY_MAX];

		if (miss == ASK_MET && !s->won) {
			s->won = true;
			table_tell(s, e->route, true, "more specific than any other match");
		} else if (table_story_is_full(s)) {
			continue;
		} else if (miss == ASK_MET) {
			table_tell(s, e->route, false, "less specific than the winner");
		} else {
			ask_miss_print(e->ask, s->q, miss, which, why, sizeof(why));
			table_tell(s, e->route, false, why);
		}
	}
}

static size_t
table_common_front(struct str a, struct str b)
{
	size_t n = 0;

	while (n < a.len && n < b.len && a.p[n] == b.p[n])
		n++;
	return n;
}

static size_t
table_common_back(struct str a, struct str b)
{
	size_t n = 0;

	while (n < a.len && n < b.len && a.p[a.len - 1 - n] == b.p[b.len - 1 - n])
		n++;
	return n;
}

static void
table_near_why(const struct table_story *s, const struct table_near *near, char why[TABLE_WHY_MAX])
{
	struct str path = s->q->head->path, host = near->leaf->host->key.text;
	size_t at = near->path_common;

	if (!s->seen_hosts[near->leaf->host->id])
		snprintf(why, TABLE_WHY_MAX, "host is not \"%s%.*s\"",
		    near->leaf->host->key.kind == KEY_SUFFIX ? "*" : "",
		    host.len < TABLE_QUOTE_MAX ? (int)host.len : TABLE_QUOTE_MAX, host.p);
	else if (near->leaf->key.kind == KEY_PATTERN)
		snprintf(why, TABLE_WHY_MAX, "path does not match the pattern");
	else if (at == path.len)
		snprintf(why, TABLE_WHY_MAX, "path ends too early");
	else if (at < TABLE_QUOTE_MAX)
		snprintf(why, TABLE_WHY_MAX, "path differs at \"%.*s\"", (int)at + 1, path.p);
	else
		snprintf(why, TABLE_WHY_MAX, "path differs at \"...%.*s\"", TABLE_QUOTE_MAX,
		    path.p + at + 1 - TABLE_QUOTE_MAX);
}

/* Positive: a is nearer. Hosts that fit come before hosts that do not. */
static bool
table_near_cmp(const struct table_near *a, const struct table_near *b)
{
	if (a->host_common != b->host_common)
		return a->host_common > b->host_common;
	if (a->path_common != b->path_common)
		return a->path_common > b->path_common;
	return a->leaf->id < b->leaf->id;
}

/* Keeps the nearest `max`, nearest first. */
static size_t
table_near_keep(struct table_near *v, size_t n, size_t max, struct table_near new)
{
	size_t at = n;

	while (at > 0 && table_near_cmp(&new, &v[at - 1]))
		at--;
	if (at == max)
		return n;
	n += n < max;
	memmove(v + at + 1, v + at, (n - at - 1) * sizeof(*v));
	v[at] = new;
	return n;
}

/* What the walk never came to: other paths of the hosts that fit, then other hosts. */
static void
table_tell_near(struct table_story *s, struct str host)
{
	struct table_near v[TABLE_NEAR_MAX];
	size_t n = 0, max = s->left < TABLE_NEAR_MAX ? s->left : TABLE_NEAR_MAX;
	char why[TABLE_WHY_MAX];

	for (const struct table_leaf *leaf = s->t->leaves; leaf != NULL; leaf = leaf->next) {
		struct table_near near = {leaf, SIZE_MAX, 0};

		if (s->seen_leaves[leaf->id])
			continue;
		if (!s->seen_hosts[leaf->host->id])
			near.host_common = table_common_back(leaf->host->key.text, host);
		near.path_common = table_common_front(
		    leaf->pattern ? pattern_stem(leaf->pattern) : leaf->key.text, s->q->head->path);
		n = table_near_keep(v, n, max, near);
	}
	for (size_t i = 0; i < n; i++) {
		table_near_why(s, &v[i], why);
		for (uint32_t j = 0; j < v[i].leaf->n_entries && s->left > 0; j++)
			table_tell(s, v[i].leaf->entries[j].route, false, why);
	}
}

void
table_explain(const struct table *t, const struct table_query *q, size_t limit,
    table_visit_fn *visit, void *arg)
{
	struct table_story s = {
	    .t = t,
	    .q = q,
	    .winner = table_find(t, q),
	    .left = limit,
	    .visit = visit,
	    .arg = arg,
	    .seen_leaves = xcalloc(t->n_leaves + 1, sizeof(bool)),
	    .seen_hosts = xcalloc(t->n_hosts + 1, sizeof(bool)),
	};
	const struct table_leaf *leaf;
	const struct table_host *host;
	struct table_walk w;

	table_walk_init(&w, t, q);
	while ((host = table_walk_host(&w)) != NULL) {
		s.seen_hosts[host->id] = true;
		while ((leaf = table_walk_leaf(&w)) != NULL) {
			s.seen_leaves[leaf->id] = true;
			table_tell_leaf(&s, leaf);
		}
	}
	if (s.left > 0)
		table_tell_near(&s, w.name);
	free(s.seen_leaves);
	free(s.seen_hosts);
}
