#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "route/table_parts.h"

enum {
	TABLE_FIRST_ROOM = 4, /* of a growing array in the arena */
	TABLE_DRAFTS_FIRST_ROOM = 64,
	TABLE_VARY_MIN = 8 /* entries that ask for one header's value before an index pays */
};

struct table_compiled {
	struct pattern *pattern; /* owned */
	struct table_compiled *next;
};

struct table_draft { /* an entry that has not found its place yet */
	struct table_leaf *leaf;
	struct table_entry entry;
	uint32_t order; /* in the file */
};

struct table_builder {
	struct table *t;       /* owned until done */
	struct arena scratch;  /* gone when done */
	struct map rules;      /* leaf id and ask_key -> the first route that is just so */
	struct map patterns;   /* text -> struct pattern of t->compiled */
	struct table_draft *v; /* owned */
	size_t n, room;
};

static void *
table_take(struct arena *a, size_t size)
{
	void *p = arena_take(a, size);

	ASSERT(p != NULL); /* without a limit */
	return p;
}

/* Room for one more in an array of n members. */
static void *
table_widen(struct arena *a, void *v, uint32_t n, uint32_t *room, size_t size)
{
	void *wider;

	if (n < *room)
		return v;
	*room = *room ? *room * 2 : TABLE_FIRST_ROOM;
	wider = table_take(a, *room * size);
	if (n > 0)
		memcpy(wider, v, n * size);
	return wider;
}

static void
table_lengths_add(struct table_lengths *l, struct arena *a, size_t len)
{
	uint32_t at = 0;

	while (at < l->n && l->v[at] > len)
		at++;
	if (at < l->n && l->v[at] == len)
		return;
	l->v = table_widen(a, l->v, l->n, &l->room, sizeof(*l->v));
	memmove(l->v + at + 1, l->v + at, (l->n - at) * sizeof(*l->v));
	l->v[at] = (uint32_t)len;
	l->n++;
}

struct table_builder *
table_builder_new(void)
{
	struct table_builder *b = xcalloc(1, sizeof(*b));

	b->t = xcalloc(1, sizeof(*b->t));
	arena_init(&b->t->arena, NULL, 0, SIZE_MAX);
	arena_init(&b->scratch, NULL, 0, SIZE_MAX);
	map_init(&b->rules);
	map_init(&b->patterns);
	return b;
}

static struct table_host *
table_host_new(struct table *t, enum key_kind kind, struct str name)
{
	const size_t room = TABLE_FIRST_ROOM;
	struct table_host *host;
	uint32_t *lengths;

	/* The first lengths stand next to their host: one cache miss less. */
	host = table_take(&t->arena, sizeof(*host) + room * sizeof(*lengths));
	lengths = (uint32_t *)(host + 1);
	*host = (struct table_host){
	    .prefixes = {lengths, 0, (uint32_t)room},
	    .key = {arena_copy(&t->arena, name), kind, 0},
	    .id = t->n_hosts++,
	};
	return host;
}

/* "*.x" becomes the suffix ".x". */
static struct table_host *
table_host_for(struct table *t, struct str name)
{
	enum key_kind kind = KEY_HOST;
	struct table_host *host;
	struct key *key;

	if (name.len > 0 && name.p[name.len - 1] == '.')
		name.len--;
	if (name.len == 0) {
		if (t->any == NULL)
			t->any = table_host_new(t, KEY_ANY, STR_NONE);
		return t->any;
	}
	if (str_starts(name, STR("*."))) {
		kind = KEY_SUFFIX;
		name = str_of(name.p + 1, name.len - 1);
	}
	key = keys_get(&t->keys, kind, 0, name);
	if (key != NULL)
		return container_of(key, struct table_host, key);
	host = table_host_new(t, kind, name);
	keys_put(&t->keys, &host->key);
	if (kind == KEY_SUFFIX)
		table_lengths_add(&t->suffixes, &t->arena, name.len);
	return host;
}

static void
table_stem_add(struct table *t, struct table_host *host, struct table_leaf *leaf)
{
	struct str text = pattern_stem(leaf->pattern);
	struct key *key = keys_get(&t->keys, KEY_STEM, host->id, text);
	struct table_stem *stem;

	if (key != NULL) {
		stem = container_of(key, struct table_stem, key);
	} else {
		stem = table_take(&t->arena, sizeof(*stem));
		*stem = (struct table_stem){.key = {text, KEY_STEM, host->id}, .host = host};
		keys_put(&t->keys, &stem->key);
		table_lengths_add(&host->stems, &t->arena, text.len);
	}
	stem->leaves =
	    table_widen(&t->arena, stem->leaves, stem->n, &stem->room, sizeof(struct table_leaf *));
	stem->leaves[stem->n++] = leaf;
}

/* A prefix of nothing fits every path, so it is no more specific than naming no path. */
static enum key_kind
table_leaf_kind(const struct rule *rule)
{
	switch (rule->path_kind) {
	case PATH_KIND_ANY:
		break;
	case PATH_KIND_EXACT:
		return KEY_EXACT;
	case PATH_KIND_PREFIX:
		return rule->path.len > 0 ? KEY_PREFIX : KEY_ANY;
	case PATH_KIND_PATTERN:
		return KEY_PATTERN;
	}
	return KEY_ANY;
}

/* Makes the host know that it has such a leaf. */
static void
table_leaf_hang(struct table_builder *b, struct table_host *host, struct table_leaf *leaf)
{
	struct table *t = b->t;

	if (leaf->key.kind == KEY_ANY) {
		host->any = leaf;
		return;
	}
	keys_put(&t->keys, &leaf->key);
	if (leaf->key.kind == KEY_EXACT) {
		host->has_exact = true;
	} else if (leaf->key.kind == KEY_PREFIX) {
		table_lengths_add(&host->prefixes, &t->arena, leaf->key.text.len);
	} else {
		leaf->pattern = map_get(&b->patterns, leaf->key.text);
		table_stem_add(t, host, leaf);
	}
}

static struct table_leaf *
table_leaf_for(struct table_builder *b, const struct rule *rule)
{
	struct table *t = b->t;
	struct table_host *host = table_host_for(t, rule->host);
	enum key_kind kind = table_leaf_kind(rule);
	struct table_leaf *leaf;
	struct key *key;

	if (kind == KEY_ANY && host->any != NULL)
		return host->any;
	key = keys_get(&t->keys, kind, host->id, rule->path);
	if (key != NULL)
		return container_of(key, struct table_leaf, key);
	leaf = table_take(&t->arena, sizeof(*leaf));
	*leaf = (struct table_leaf){
	    .key = {arena_copy(&t->arena, rule->path), kind, host->id},
	    .id = t->n_leaves++,
	    .host = host,
	    .next = t->leaves,
	};
	t->leaves = leaf;
	table_leaf_hang(b, host, leaf);
	return leaf;
}

/* Each text is compiled once, however many rules use it. */
static bool
table_pattern_add(struct table_builder *b, struct str text, struct pattern_error *e)
{
	struct table_compiled *compiled;
	struct pattern *pattern;

	if (map_get(&b->patterns, text) != NULL)
		return true;
	pattern = pattern_new(text, e);
	if (pattern == NULL)
		return false;
	compiled = table_take(&b->t->arena, sizeof(*compiled));
	*compiled = (struct table_compiled){pattern, b->t->compiled};
	b->t->compiled = compiled;
	(void)map_put(&b->patterns, arena_copy(&b->scratch, text), pattern); /* was not there */
	return true;
}

static bool
table_predicates_add(struct table_builder *b, const char *what, const struct predicate *v, size_t n,
    struct pattern_error *e)
{
	for (size_t i = 0; i < n; i++) {
		struct pattern_error inner = {0};

		if (v[i].kind != PREDICATE_PATTERN || table_pattern_add(b, v[i].value, &inner))
			continue;
		e->offset = inner.offset;
		snprintf(e->text, sizeof(e->text), "%s \"%.*s\": %.64s", what,
		    v[i].name.len < 32 ? (int)v[i].name.len : 32, v[i].name.p, inner.text);
		return false;
	}
	return true;
}

static struct str
table_rule_key(struct table_builder *b, const struct table_leaf *leaf, const struct rule *rule)
{
	struct str asked = ask_key(&b->scratch, rule);
	char *p = table_take(&b->scratch, sizeof(leaf->id) + asked.len);

	memcpy(p, &leaf->id, sizeof(leaf->id));
	memcpy(p + sizeof(leaf->id), asked.p, asked.len);
	return str_of(p, sizeof(leaf->id) + asked.len);
}

bool
table_builder_add(struct table_builder *b, const struct rule *rule, struct pattern_error *e,
    const struct route **duplicate)
{
	struct table_leaf *leaf;
	struct str key;

	*duplicate = NULL;
	if (rule->path_kind == PATH_KIND_PATTERN && !table_pattern_add(b, rule->path, e))
		return false;
	if (!table_predicates_add(b, "header", rule->headers, rule->n_headers, e) ||
	    !table_predicates_add(b, "query parameter", rule->queries, rule->n_queries, e))
		return false;
	leaf = table_leaf_for(b, rule);
	key = table_rule_key(b, leaf, rule);
	*duplicate = map_get(&b->rules, key);
	if (*duplicate != NULL)
		return false;
	(void)map_put(&b->rules, key, rule->route); /* was not there */
	if (b->n == b->room) {
		b->room = b->room ? b->room * 2 : TABLE_DRAFTS_FIRST_ROOM;
		b->v = xrealloc(b->v, b->room * sizeof(*b->v));
	}
	b->v[b->n] = (struct table_draft){
	    .leaf = leaf,
	    .entry = {rule->route, ask_new(&b->t->arena, rule, &b->patterns)},
	    .order = (uint32_t)b->n,
	};
	b->n++;
	return true;
}

struct table_name_count {
	const struct ask_field *field;
	uint32_t n;
};

/* The header whose exact value most entries ask for; NULL when an index would not pay. */
static const struct ask_field *
table_vary_name(struct table_builder *b, const struct table_leaf *leaf)
{
	struct table_name_count none = {0}, *most = &none;
	struct map counts;

	map_init(&counts);
	for (uint32_t i = 0; i < leaf->n_entries; i++) {
		const struct ask *ask = leaf->entries[i].ask;

		for (size_t j = 0; ask != NULL && j < ask->n_headers; j++) {
			const struct ask_field *f = &ask->headers[j];
			struct table_name_count *count;

			if (f->kind != PREDICATE_EXACT)
				continue;
			count = map_get(&counts, f->lower);
			if (count == NULL) {
				count = table_take(&b->scratch, sizeof(*count));
				*count = (struct table_name_count){f, 0};
				(void)map_put(&counts, f->lower, count); /* was not there */
			}
			if (++count->n > most->n)
				most = count;
		}
	}
	map_free(&counts);
	return most->n >= TABLE_VARY_MIN ? most->field : NULL;
}

static void
table_value_add(struct table *t, const struct table_leaf *leaf, struct str text, uint32_t rank)
{
	struct key *key = keys_get(&t->keys, KEY_VALUE, leaf->id, text);
	struct table_value *value;

	if (key != NULL) {
		value = container_of(key, struct table_value, key);
	} else {
		value = table_take(&t->arena, sizeof(*value));
		*value = (struct table_value){.key = {text, KEY_VALUE, leaf->id}};
		keys_put(&t->keys, &value->key);
	}
	value->ranks =
	    table_widen(&t->arena, value->ranks, value->n, &value->room, sizeof(*value->ranks));
	value->ranks[value->n++] = rank;
}

static void
table_vary_build(struct table_builder *b, struct table_leaf *leaf)
{
	const struct ask_field *by = table_vary_name(b, leaf);
	struct table *t = b->t;
	struct table_vary *vary;

	if (by == NULL)
		return;
	vary = table_take(&t->arena, sizeof(*vary));
	*vary = (struct table_vary){.name = by->name, .id = by->id};
	vary->rest = table_take(&t->arena, leaf->n_entries * sizeof(*vary->rest));
	for (uint32_t i = 0; i < leaf->n_entries; i++) {
		const struct ask *ask = leaf->entries[i].ask;
		size_t j = 0;

		while (ask != NULL && j < ask->n_headers &&
		       !(ask->headers[j].kind == PREDICATE_EXACT &&
			   str_eq(ask->headers[j].lower, by->lower)))
			j++;
		if (ask != NULL && j < ask->n_headers)
			table_value_add(t, leaf, ask->headers[j].value, i);
		else
			vary->rest[vary->n_rest++] = i;
	}
	leaf->vary = vary;
}

static int
table_draft_cmp(const void *left, const void *right)
{
	const struct table_draft *a = left, *b = right;
	int asked;

	if (a->leaf != b->leaf)
		return a->leaf->id < b->leaf->id ? -1 : 1;
	asked = ask_cmp(a->entry.ask, b->entry.ask);
	return asked ? asked : (a->order > b->order) - (a->order < b->order);
}

static void
table_entries_place(struct table_builder *b)
{
	struct table *t = b->t;
	struct table_leaf *leaf;

	if (b->n > 0)
		qsort(b->v, b->n, sizeof(*b->v), table_draft_cmp);
	t->entries = xcalloc(b->n + 1, sizeof(*t->entries));
	for (size_t i = 0; i < b->n; i++) {
		t->entries[i] = b->v[i].entry;
		leaf = b->v[i].leaf;
		if (leaf->n_entries++ == 0)
			leaf->entries = &t->entries[i];
	}
	for (leaf = t->leaves; leaf != NULL; leaf = leaf->next) {
		if (leaf->n_entries >= TABLE_VARY_MIN) {
			table_vary_build(b, leaf);
		} else if (leaf->n_entries == 1) {
			leaf->only = leaf->entries[0];
			leaf->entries = &leaf->only;
		}
	}
}

/* Behind each stem, the longest other one of its host that begins it. */
static void
table_stem_link(const struct keys *keys, struct table_stem *stem)
{
	const struct table_lengths *lengths = &stem->host->stems;
	struct str text = stem->key.text;

	for (uint32_t i = 0; i < lengths->n; i++) {
		struct key *key;

		if (lengths->v[i] >= text.len)
			continue;
		key = keys_get(keys, KEY_STEM, stem->host->id, str_of(text.p, lengths->v[i]));
		if (key != NULL) {
			stem->shorter = container_of(key, struct table_stem, key);
			return;
		}
	}
}

struct table *
table_builder_done(struct table_builder **b)
{
	struct table *t = (*b)->t;

	table_entries_place(*b);
	for (size_t i = 0; i < t->keys.room; i++) {
		struct key *key = t->keys.slots[i].key;

		if (key != NULL && key->kind == KEY_STEM)
			table_stem_link(&t->keys, container_of(key, struct table_stem, key));
	}
	map_free(&(*b)->rules);
	map_free(&(*b)->patterns);
	arena_reset(&(*b)->scratch);
	free((*b)->v);
	free(*b);
	*b = NULL;
	return t;
}

void
table_free(struct table **t)
{
	if (*t == NULL)
		return;
	for (struct table_compiled *c = (*t)->compiled; c != NULL; c = c->next)
		pattern_free(&c->pattern);
	keys_free(&(*t)->keys);
	free((*t)->entries);
	arena_reset(&(*t)->arena);
	free(*t);
	*t = NULL;
}
