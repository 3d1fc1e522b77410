/* metric - counters, gauges and histograms with one plain slot array per worker and object, summed
 * by the reader. A meter is the counters of one object (this route, that endpoint): it is found by
 * its labels, so it survives reloads. Blocks are made at first use by the worker that counts. */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include <stdatomic.h>

#include "base/str.h"

enum { METRIC_WORKERS_MAX = 256, METRIC_BUCKETS = 13, METRIC_CODES = 24 };

enum meter_kind {
	METER_WORKER,
	METER_LISTENER,
	METER_ROUTE,
	METER_BACKEND,
	METER_ENDPOINT,
	METER_KINDS
};

struct histogram {
	uint64_t sum_us;                      /* beside the buckets that most go to */
	uint64_t buckets[METRIC_BUCKETS + 1]; /* the last one is +Inf */
};

/* Counts by a small set of keys (method and status, or a fault) without a slot for each possible
 * one; what does not fit any more is counted under key 0. */
struct code_counts {
	uint32_t keys[METRIC_CODES];
	uint64_t counts[METRIC_CODES];
};

struct meter {
	enum meter_kind kind;
	struct str label, label2; /* listener; route; backend; backend + endpoint. Owned */
	_Atomic uint32_t refs;
	size_t block_size;
	void *_Atomic blocks[]; /* one per worker, or NULL; kept until the meter dies */
};

struct meters; /* all living meters */

struct meters *meters_new(uint32_t workers);
void meters_free(struct meters **m);
uint32_t meters_workers(const struct meters *m);
/* The living one, or a new one; counted. block_size is the size of the kind's struct of counters.
 * Control thread only. */
struct meter *meter_get(
    struct meters *m, enum meter_kind kind, struct str label, struct str label2, size_t block_size);
void meter_unref(struct meter **meter); /* any thread; an unused one is kept for its counters */
static inline struct meter *
meter_ref(struct meter *meter)
{
	atomic_fetch_add_explicit(&meter->refs, 1, memory_order_relaxed);
	return meter;
}
typedef void meter_visit_fn(void *arg, struct meter *meter);
void meters_each(struct meters *m, enum meter_kind kind, meter_visit_fn *visit, void *arg);

void *meter_block_new(struct meter *meter, uint32_t worker) COLD;
/* The worker's own counters; never NULL. Only that worker writes, with COUNTER_ADD. */
static inline void *
meter_block(struct meter *meter, uint32_t worker)
{
	void *b = atomic_load_explicit(&meter->blocks[worker], memory_order_acquire);

	return likely(b != NULL) ? b : meter_block_new(meter, worker);
}

void histogram_add(struct histogram *h, uint64_t us);
/* What so many of a hundred are not above, as if each bucket were evenly filled; 0: it is empty. */
uint64_t histogram_percentile(const struct histogram *h, uint32_t percent);
void code_count(struct code_counts *c, uint32_t key);
extern const uint64_t metric_bucket_us[METRIC_BUCKETS];

#endif
