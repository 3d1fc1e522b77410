#include "base/metric.h"

#include <stdlib.h>

#include "base/map.h"

/* A meter that nobody holds keeps its counters, since a backend that comes back with the next
 * reload goes on counting where it stopped. That is bounded: a kind that has grown past its mark is
 * swept, the oldest unused ones go until this many remain, and the next mark is twice what is left.
 * So there are never more than twice as many meters as were in use, plus METERS_UNUSED_ROOM. */
enum { METERS_UNUSED_MAX = 1024, METERS_UNUSED_ROOM = 4 * METERS_UNUSED_MAX };

struct meters_kind {
	struct meter **v; /* owned; in the order of their birth */
	size_t n, room, sweep_at;
};

struct meters {
	uint32_t workers;
	struct map by_key; /* keys are the meters' own bytes */
	struct meters_kind kinds[METER_KINDS];
};

const uint64_t metric_bucket_us[METRIC_BUCKETS] = {1000, 2500, 5000, 10000, 25000, 50000, 100000,
    250000, 500000, 1000000, 2500000, 5000000, 10000000};

struct meters *
meters_new(uint32_t workers)
{
	struct meters *m = xcalloc(1, sizeof(*m));

	ASSERT(workers > 0 && workers <= METRIC_WORKERS_MAX);
	m->workers = workers;
	map_init(&m->by_key);
	for (size_t i = 0; i < METER_KINDS; i++)
		m->kinds[i].sweep_at = METERS_UNUSED_ROOM;
	return m;
}

uint32_t
meters_workers(const struct meters *m)
{
	return m->workers;
}

static void
meter_free(const struct meters *m, struct meter *meter)
{
	for (uint32_t i = 0; i < m->workers; i++)
		free(meter->blocks[i]);
	free(meter);
}

void
meters_free(struct meters **mp)
{
	struct meters *m = *mp;

	if (m == NULL)
		return;
	for (size_t i = 0; i < METER_KINDS; i++) {
		for (size_t j = 0; j < m->kinds[i].n; j++)
			meter_free(m, m->kinds[i].v[j]);
		free(m->kinds[i].v);
	}
	map_free(&m->by_key);
	free(m);
	*mp = NULL;
}

/* The bytes at `out` become kind, label, NUL, label2: unambiguous, as no label holds a NUL. */
static struct str
meter_key(char *out, enum meter_kind kind, struct str label, struct str label2)
{
	char *p = out;

	*p++ = (char)kind;
	if (label.len > 0)
		p = mempcpy(p, label.p, label.len);
	*p++ = '\0';
	if (label2.len > 0)
		p = mempcpy(p, label2.p, label2.len);
	return str_of(out, (size_t)(p - out));
}

static size_t
meter_key_len(struct str label, struct str label2)
{
	return 1 + label.len + 1 + label2.len;
}

/* The key lives behind the blocks, in the meter's own allocation; the labels are parts of it. */
static char *
meter_key_at(const struct meters *m, struct meter *meter)
{
	return (char *)meter + sizeof(*meter) + m->workers * sizeof(meter->blocks[0]);
}

static struct str
meter_key_of(const struct meters *m, struct meter *meter)
{
	return str_of(meter_key_at(m, meter), meter_key_len(meter->label, meter->label2));
}

static void
meters_sweep(struct meters *m, struct meters_kind *kind)
{
	size_t unused = 0, kept = 0;

	for (size_t i = 0; i < kind->n; i++)
		unused += atomic_load_explicit(&kind->v[i]->refs, memory_order_acquire) == 0;
	for (size_t i = 0; i < kind->n; i++) {
		struct meter *meter = kind->v[i];

		if (unused > METERS_UNUSED_MAX &&
		    atomic_load_explicit(&meter->refs, memory_order_acquire) == 0) {
			unused--;
			map_remove(&m->by_key, meter_key_of(m, meter));
			meter_free(m, meter);
		} else {
			kind->v[kept++] = meter;
		}
	}
	kind->n = kept;
	kind->sweep_at = 2 * kept + METERS_UNUSED_ROOM / 2;
}

static void
meters_add(struct meters_kind *kind, struct meter *meter)
{
	enum { FIRST_ROOM = 16 };

	if (kind->n == kind->room) {
		kind->room = kind->room ? kind->room * 2 : FIRST_ROOM;
		kind->v = xrealloc(kind->v, kind->room * sizeof(struct meter *));
	}
	kind->v[kind->n++] = meter;
}

struct meter *
meter_get(
    struct meters *m, enum meter_kind kind, struct str label, struct str label2, size_t block_size)
{
	size_t key_len = meter_key_len(label, label2);
	struct meter *made =
	    xcalloc(1, sizeof(*made) + m->workers * sizeof(made->blocks[0]) + key_len);
	struct str key = meter_key(meter_key_at(m, made), kind, label, label2);
	struct meter *found = map_get(&m->by_key, key);

	if (found != NULL) {
		free(made);
		ASSERT(found->block_size == block_size);
		atomic_fetch_add_explicit(&found->refs, 1, memory_order_relaxed);
		return found;
	}
	if (m->kinds[kind].n >= m->kinds[kind].sweep_at)
		meters_sweep(m, &m->kinds[kind]);
	made->kind = kind;
	made->label = str_of(key.p + 1, label.len);
	made->label2 = str_of(key.p + 1 + label.len + 1, label2.len);
	made->refs = 1;
	made->block_size = block_size;
	map_put(&m->by_key, key, made);
	meters_add(&m->kinds[kind], made);
	return made;
}

/* Release: whatever this thread counted is seen by the control thread that frees the meter. */
void
meter_unref(struct meter **meter)
{
	uint32_t refs;

	if (*meter == NULL)
		return;
	refs = atomic_fetch_sub_explicit(&(*meter)->refs, 1, memory_order_release);
	ASSERT(refs > 0);
	*meter = NULL;
}

void
meters_each(struct meters *m, enum meter_kind kind, meter_visit_fn *visit, void *arg)
{
	for (size_t i = 0; i < m->kinds[kind].n; i++)
		visit(arg, m->kinds[kind].v[i]);
}

/* On lines of its own, or two workers' counters would share one and slow each other down. */
void *
meter_block_new(struct meter *meter, uint32_t worker)
{
	size_t size = (meter->block_size + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	void *block = aligned_alloc(CACHE_LINE, size);

	ASSERT(block != NULL);
	memset(block, 0, size);
	atomic_store_explicit(&meter->blocks[worker], block, memory_order_release);
	return block;
}

/* Each bucket counts what falls between its bound and the one before; the reader adds them up. */
void
histogram_add(struct histogram *h, uint64_t us)
{
	size_t i = 0;

	while (i < METRIC_BUCKETS && us > metric_bucket_us[i])
		i++;
	COUNTER_ADD(h->buckets[i], 1);
	COUNTER_ADD(h->sum_us, us);
}

uint64_t
histogram_percentile(const struct histogram *h, uint32_t percent)
{
	enum { WHOLE = 100 };
	uint64_t sum = 0, low = 0, left;

	for (size_t i = 0; i <= METRIC_BUCKETS; i++)
		sum += h->buckets[i];
	left = (sum * percent + WHOLE - 1) / WHOLE;
	for (size_t i = 0; i < METRIC_BUCKETS && sum > 0; i++) {
		if (left <= h->buckets[i])
			return low + (metric_bucket_us[i] - low) * left / h->buckets[i];
		left -= h->buckets[i];
		low = metric_bucket_us[i];
	}
	return low;
}

/* Slot 0 is key 0; in the others 0 means free. A key is written once, before its first count, so a
 * reader that skips free slots never takes a count for another key's. */
void
code_count(struct code_counts *c, uint32_t key)
{
	size_t i = 0;

	if (key != 0) {
		for (i = 1; i < METRIC_CODES && c->keys[i] != key && c->keys[i] != 0; i++)
			;
		if (i == METRIC_CODES)
			i = 0;
		else if (c->keys[i] == 0)
			__atomic_store_n(&c->keys[i], key, __ATOMIC_RELAXED);
	}
	COUNTER_ADD(c->counts[i], 1);
}
