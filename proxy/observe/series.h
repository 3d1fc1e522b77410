/* series - meters that are shown under one label, summed over them and over all workers: a single
 * one, or all routes past the limit together. Control thread only. */
#ifndef OBSERVE_SERIES_H
#define OBSERVE_SERIES_H

#include "base/metric.h"

/* The meters of one kind in the order of their birth, so that who is past the limit stays so. */
struct series_list {
	struct meter **v; /* owned; the meters are borrowed */
	size_t n, room;
	size_t alone; /* so many are shown alone, the others as one */
	uint32_t workers;
};

struct series {
	struct meter *const *v; /* borrowed from the list; never empty */
	size_t n;
	uint32_t workers;
	bool rest; /* those past the limit */
};

/* Counts by key. */
struct key_sums {
	struct key_sum {
		uint32_t key;
		uint64_t count;
	} * v; /* owned */
	size_t n, room;
};

void series_list_init(
    struct series_list *l, struct meters *m, enum meter_kind kind, uint32_t workers, size_t alone);
void series_list_free(struct series_list *l);
/* Walks: *i starts at 0. Skips what was never used. False at the end. */
bool series_next(const struct series_list *l, size_t *i, struct series *s);

/* A worker's counters of a meter; NULL: it never counted there. */
const void *series_block(const struct meter *m, uint32_t worker);
/* at: where the member is in the kind's struct of counters. */
uint64_t series_sum(const struct series *s, size_t at);
void series_keys(const struct series *s, size_t at, struct key_sums *k); /* adds to k */
void key_sums_free(struct key_sums *k);

#endif
