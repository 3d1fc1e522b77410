#include "observe/series.h"

#include <stdatomic.h>
#include <stdlib.h>

static void
series_list_add(void *arg, struct meter *m)
{
	enum { FIRST_ROOM = 64 };
	struct series_list *l = arg;

	if (l->n == l->room) {
		l->room = l->room != 0 ? 2 * l->room : FIRST_ROOM;
		l->v = xrealloc(l->v, l->room * sizeof(struct meter *));
	}
	l->v[l->n++] = m;
}

void
series_list_init(
    struct series_list *l, struct meters *m, enum meter_kind kind, uint32_t workers, size_t alone)
{
	*l = (struct series_list){.alone = alone, .workers = workers};
	meters_each(m, kind, series_list_add, l);
}

void
series_list_free(struct series_list *l)
{
	free(l->v);
	*l = (struct series_list){0};
}

const void *
series_block(const struct meter *m, uint32_t worker)
{
	return atomic_load_explicit(&m->blocks[worker], memory_order_acquire);
}

/* A walk over the blocks of all of a series' meters and workers. */
struct blocks {
	const struct series *series;
	size_t next;
};

static const char *
blocks_next(struct blocks *b)
{
	while (b->next < b->series->n * b->series->workers) {
		const struct meter *m = b->series->v[b->next / b->series->workers];
		const char *block = series_block(m, (uint32_t)(b->next % b->series->workers));

		b->next++;
		if (block != NULL)
			return block;
	}
	return NULL;
}

bool
series_next(const struct series_list *l, size_t *i, struct series *s)
{
	while (*i < l->n) {
		struct blocks b = {s, 0};

		*s = (struct series){l->v + *i, 1, l->workers, *i >= l->alone};
		if (s->rest)
			s->n = l->n - *i;
		*i += s->n;
		if (blocks_next(&b) != NULL)
			return true;
	}
	return false;
}

uint64_t
series_sum(const struct series *s, size_t at)
{
	struct blocks b = {s, 0};
	uint64_t sum = 0;

	for (const char *block; (block = blocks_next(&b)) != NULL;)
		sum += COUNTER_READ(*(const uint64_t *)(const void *)(block + at));
	return sum;
}

static void
key_sums_add(struct key_sums *k, uint32_t key, uint64_t count)
{
	size_t i = 0;

	while (i < k->n && k->v[i].key != key)
		i++;
	if (i == k->room) {
		k->room = k->room != 0 ? 2 * k->room : METRIC_CODES;
		k->v = xrealloc(k->v, k->room * sizeof(k->v[0]));
	}
	if (i == k->n)
		k->v[k->n++] = (struct key_sum){.key = key};
	k->v[i].count += count;
}

void
series_keys(const struct series *s, size_t at, struct key_sums *k)
{
	struct blocks b = {s, 0};

	for (const char *block; (block = blocks_next(&b)) != NULL;) {
		const struct code_counts *c = (const void *)(block + at);

		for (size_t i = 0; i < METRIC_CODES; i++) {
			uint32_t key = COUNTER_READ(c->keys[i]);
			uint64_t count = COUNTER_READ(c->counts[i]);

			if (count > 0 && (key != 0 || i == 0))
				key_sums_add(k, key, count);
		}
	}
}

void
key_sums_free(struct key_sums *k)
{
	free(k->v);
	*k = (struct key_sums){0};
}
