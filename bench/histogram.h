/* histogram - latencies in nanoseconds, counted in buckets of at most 1.6 % width. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_BITS = 6, /* buckets per power of two: 2^6 */
	HISTOGRAM_BUCKETS = (64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS,
};

struct histogram {
	uint64_t count, max;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline void
histogram_add(struct histogram *h, uint64_t ns)
{
	unsigned shift = 0;

	if (ns >> HISTOGRAM_BITS)
		shift = 63 - HISTOGRAM_BITS - (unsigned)__builtin_clzll(ns);
	h->buckets[((uint64_t)shift << HISTOGRAM_BITS) + (ns >> shift)]++;
	h->count++;
	if (ns > h->max)
		h->max = ns;
}

/* The upper edge of the bucket that holds the given share of all values, in microseconds. */
static inline double
histogram_quantile_us(const struct histogram *h, double share)
{
	uint64_t rank = (uint64_t)(share * (double)h->count);
	uint64_t seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		unsigned shift = i >> (HISTOGRAM_BITS + 1) ? (i >> HISTOGRAM_BITS) - 1 : 0;

		seen += h->buckets[i];
		if (seen > rank)
			return (double)((((uint64_t)i - ((uint64_t)shift << HISTOGRAM_BITS)) + 1)
					<< shift) /
			       1000;
	}
	return (double)h->max / 1000;
}

#endif
