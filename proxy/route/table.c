#include "route/table_walk.h"

/* A walk is mostly room for a name, and only what was written is read: clearing all of it would be
 * a tenth of a find. */
#define TABLE_UNCLEARED __attribute__((uninitialized))

/* Eight bytes at once: 0x20 is set in each byte that lies in 'A'..'Z'. Bytes from 0x80 up stay. */
static inline uint64_t
table_lower_word(uint64_t w)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
	uint64_t low = w & ~tops;
	uint64_t from_a = low + ones * (0x80 - 'A'), past_z = low + ones * (0x80 - 'Z' - 1);

	return w | (((from_a & ~past_z & ~w & tops)) >> 2);
}

/* A dot at the end names the same host (RFC 9110 section 4.2.3 leaves it to us; DNS says so). */
static void
table_walk_name(struct table_walk *w, struct str host)
{
	if (host.len > 0 && host.p[host.len - 1] == '.')
		host.len--;
	if (host.len == 0 || host.len > TABLE_HOST_MAX) {
		w->name = STR_NONE;
		return;
	}
	memcpy(w->name_bytes, host.p, host.len);
	for (size_t i = 0; i < host.len; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, w->name_bytes + i, sizeof(word));
		word = table_lower_word(word);
		memcpy(w->name_bytes + i, &word, sizeof(word));
	}
	w->name = str_of(w->name_bytes, host.len);
}

void
table_walk_init(struct table_walk *w, const struct table *t, const struct table_query *q)
{
	w->t = t;
	w->q = q;
	w->host = NULL;
	w->host_step = TABLE_HOST_EXACT;
	w->suffix = 0;
	table_walk_name(w, q->head->host);
}

static const struct table_host *
table_host_of(struct key *key)
{
	return key ? container_of(key, struct table_host, key) : NULL;
}

static const struct table_leaf *
table_leaf_of(struct key *key)
{
	return key ? container_of(key, struct table_leaf, key) : NULL;
}

static const struct table_host *
table_walk_suffix(struct table_walk *w)
{
	const struct table_lengths *lengths = &w->t->suffixes;

	while (w->suffix < lengths->n) {
		uint32_t len = lengths->v[w->suffix++];
		size_t at = w->name.len - len;
		const struct table_host *host;

		if (len >= w->name.len || w->name.p[at] != '.')
			continue;
		host = table_host_of(
		    keys_get(&w->t->keys, KEY_SUFFIX, 0, str_of(w->name.p + at, len)));
		if (host != NULL)
			return host;
	}
	return NULL;
}

const struct table_host *
table_walk_host(struct table_walk *w)
{
	w->path_step = TABLE_PATH_EXACT;
	w->prefix = 0;
	w->host = NULL;
	while (w->host == NULL && w->host_step != TABLE_HOST_END) {
		switch (w->host_step) {
		case TABLE_HOST_EXACT:
			w->host = table_host_of(keys_get(&w->t->keys, KEY_HOST, 0, w->name));
			w->host_step = TABLE_HOST_SUFFIX;
			break;
		case TABLE_HOST_SUFFIX: /* stays here while there are some */
			w->host = table_walk_suffix(w);
			if (w->host == NULL)
				w->host_step = TABLE_HOST_ANY;
			break;
		case TABLE_HOST_ANY:
			w->host = w->t->any;
			w->host_step = TABLE_HOST_END;
			break;
		case TABLE_HOST_END:
			break;
		}
	}
	return w->host;
}

/* "/a" fits "/a" and "/a/b", not "/ab": the byte after it ends the segment. */
static const struct table_leaf *
table_walk_prefix(struct table_walk *w)
{
	const struct table_lengths *lengths = &w->host->prefixes;
	struct str path = w->q->head->path;

	while (w->prefix < lengths->n) {
		uint32_t len = lengths->v[w->prefix++];
		const struct table_leaf *leaf;

		if (len > path.len || (len < path.len && path.p[len] != '/'))
			continue;
		leaf = table_leaf_of(
		    keys_get(&w->t->keys, KEY_PREFIX, w->host->id, str_of(path.p, len)));
		if (leaf != NULL)
			return leaf;
	}
	return NULL;
}

/* The longest stem that begins the path; all others that do hang behind it. */
static const struct table_stem *
table_walk_stem(struct table_walk *w)
{
	const struct table_lengths *lengths = &w->host->stems;
	struct str path = w->q->head->path;

	for (uint32_t i = 0; i < lengths->n; i++) {
		uint32_t len = lengths->v[i];
		struct key *key;

		if (len > path.len)
			continue;
		key = keys_get(&w->t->keys, KEY_STEM, w->host->id, str_of(path.p, len));
		if (key != NULL)
			return container_of(key, struct table_stem, key);
	}
	return NULL;
}

/* The first of the stem's leaves from this id on. */
static struct table_leaf *
table_stem_from(const struct table_stem *stem, uint32_t id)
{
	uint32_t low = 0, high = stem->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (stem->leaves[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < stem->n ? stem->leaves[low] : NULL;
}

/* Patterns in the order of the file, whichever stem they hang at. */
static const struct table_leaf *
table_walk_pattern(struct table_walk *w)
{
	for (;;) {
		const struct table_leaf *first = NULL;

		for (const struct table_stem *s = w->stem; s != NULL; s = s->shorter) {
			const struct table_leaf *leaf = table_stem_from(s, w->pattern);

			if (leaf != NULL && (first == NULL || leaf->id < first->id))
				first = leaf;
		}
		if (first == NULL)
			return NULL;
		w->pattern = first->id + 1;
		if (pattern_match(first->pattern, w->q->scratch, w->q->head->path))
			return first;
	}
}

const struct table_leaf *
table_walk_leaf(struct table_walk *w)
{
	const struct table_leaf *leaf = NULL;

	while (leaf == NULL && w->path_step != TABLE_PATH_END) {
		switch (w->path_step) {
		case TABLE_PATH_EXACT:
			if (w->host->has_exact)
				leaf = table_leaf_of(keys_get(
				    &w->t->keys, KEY_EXACT, w->host->id, w->q->head->path));
			w->path_step = TABLE_PATH_PREFIX;
			break;
		case TABLE_PATH_PREFIX: /* stays here while there are some */
			leaf = table_walk_prefix(w);
			if (leaf == NULL)
				w->path_step = TABLE_PATH_STEM;
			break;
		case TABLE_PATH_STEM:
			w->stem = table_walk_stem(w);
			w->pattern = 0;
			w->path_step = TABLE_PATH_PATTERN;
			break;
		case TABLE_PATH_PATTERN: /* as above */
			leaf = table_walk_pattern(w);
			if (leaf == NULL)
				w->path_step = TABLE_PATH_ANY;
			break;
		case TABLE_PATH_ANY:
			leaf = w->host->any;
			w->path_step = TABLE_PATH_END;
			break;
		case TABLE_PATH_END:
			break;
		}
	}
	return leaf;
}

/* The first of the rising ranks from this one on; `none` when there is none. */
static uint32_t
table_rank_from(const uint32_t *ranks, uint32_t n, uint32_t from, uint32_t none)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ranks[middle] < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n ? ranks[low] : none;
}

/* Where entries vary by a header, passes over those that ask for a value the request does not have;
 * the order among the others stays. */
static uint32_t
table_leaf_from(
    const struct table *t, const struct table_leaf *leaf, const struct head *head, uint32_t from)
{
	const struct table_vary *vary = leaf->vary;
	uint32_t first;

	first = table_rank_from(vary->rest, vary->n_rest, from, leaf->n_entries);
	for (uint32_t i = 0; i < head->fields.n; i++) {
		const struct field *f = &head->fields.v[i];
		const struct table_value *value;
		struct key *key;
		uint32_t rank;

		if (!ask_field_is(f, vary->id, vary->name))
			continue;
		key = keys_get(&t->keys, KEY_VALUE, leaf->id, field_value(f));
		if (key == NULL)
			continue;
		value = container_of(key, struct table_value, key);
		rank = table_rank_from(value->ranks, value->n, from, leaf->n_entries);
		if (rank < first)
			first = rank;
	}
	return first;
}

static struct route *
table_leaf_find(const struct table *t, const struct table_leaf *leaf, const struct table_query *q)
{
	for (uint32_t i = 0; i < leaf->n_entries; i++) {
		const struct ask_field *which;

		if (leaf->vary != NULL) {
			i = table_leaf_from(t, leaf, q->head, i);
			if (i == leaf->n_entries)
				return NULL;
		}
		if (leaf->entries[i].ask == NULL ||
		    ask_miss(leaf->entries[i].ask, q, &which) == ASK_MET)
			return leaf->entries[i].route;
	}
	return NULL;
}

struct route *
table_find(const struct table *t, const struct table_query *q)
{
	const struct table_leaf *leaf;
	struct table_walk w TABLE_UNCLEARED;

	table_walk_init(&w, t, q);
	while (table_walk_host(&w) != NULL) {
		while ((leaf = table_walk_leaf(&w)) != NULL) {
			struct route *route = table_leaf_find(t, leaf, q);

			if (route != NULL)
				return route;
		}
	}
	return NULL;
}
