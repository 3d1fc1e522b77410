/* balance - picks an endpoint of a backend for one request. One const struct of operations per
 * algorithm, one file each; built once per set of targets, immutable but for atomics, shared by all
 * workers. Pure arithmetic: no I/O, no clock, no allocation in a pick. */
#ifndef UPSTREAM_BALANCE_H
#define UPSTREAM_BALANCE_H

#include "upstream/endpoint.h"

enum { BALANCE_NONE = UINT32_MAX, BALANCE_TRIED_MAX = 8 };
enum balance_kind {
	BALANCE_KIND_LEAST,
	BALANCE_KIND_ROUND,
	BALANCE_KIND_RANDOM,
	BALANCE_KIND_MAGLEV,
	BALANCE_KIND_RING
};

struct balance_target {
	struct endpoint *endpoint; /* borrowed from the set of targets */
	uint32_t weight, priority; /* 1-1000; 0 comes first (groups.h) */
	const char *zone;          /* of the registry; NULL: unknown */
};

struct balance_spec {
	enum balance_kind kind;
	const struct balance_target *targets; /* borrowed; outlives the balancer */
	uint32_t n;
	uint32_t bound; /* percent of the average load for hashing; 0: unbounded */
	const _Atomic uint32_t *in_flight; /* of the whole backend, for the bound; borrowed */
};

struct balance_pick {
	uint64_t key;    /* balance_hash() of the request's key, when hashed */
	uint64_t random; /* fresh random bits */
	const struct endpoint *tried[BALANCE_TRIED_MAX]; /* not again; compared only: may be gone */
	uint32_t n_tried, limit; /* nobody with `limit` requests in flight; 0: whoever */
};

struct balance {
	const struct balance_ops *ops;
	const struct balance_target *targets;
	uint32_t n;
};

struct balance_ops {
	const char *name;
	struct balance *(*build)(const struct balance_spec *spec);
	/* Index of an endpoint that is usable and not tried; BALANCE_NONE when there is none. */
	uint32_t (*pick)(struct balance *b, const struct balance_pick *pick);
	void (*free)(struct balance *b);
};

extern const struct balance_ops balance_least, balance_round, balance_random, balance_maglev,
    balance_ring;
struct balance *balance_new(const struct balance_spec *spec);
void balance_free(struct balance **b);
static inline uint32_t
balance_next(struct balance *b, const struct balance_pick *pick)
{
	return b->ops->pick(b, pick);
}
/* The same in every process, for ever: all instances send one key to one endpoint. */
uint64_t balance_hash(struct str key);
/* May it be chosen in this pick? Usable, and not among the tried. */
bool balance_may(const struct balance_pick *pick, const struct endpoint *e);
bool balance_allows(const struct balance *b, const struct balance_pick *pick, uint32_t i);
/* The part of its weight that counts now, in thousandths. */
static inline uint32_t
balance_factor(const struct balance *b, uint32_t i)
{
	return endpoint_word(b->targets[i].endpoint) & ENDPOINT_FACTOR;
}
/* Its weight as it counts now, in thousandths. */
static inline uint64_t
balance_weight(const struct balance *b, uint32_t i)
{
	return (uint64_t)b->targets[i].weight * balance_factor(b, i);
}

#endif
