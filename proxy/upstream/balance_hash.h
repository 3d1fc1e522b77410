/* balance_hash - what the algorithms that map keys to endpoints share: the endpoints' stable names
 * as numbers, the bound on each one's load, and where a key goes when its table finds nobody.
 * Private to this room. */
#ifndef UPSTREAM_BALANCE_HASH_H
#define UPSTREAM_BALANCE_HASH_H

#include "upstream/balance.h"

struct hashing {
	uint64_t *names; /* owned; the hash of each target's name: the same in every process */
	uint64_t weight; /* of all targets */
	uint32_t bound;  /* percent; 0: none */
	const _Atomic uint32_t *in_flight; /* borrowed */
};

/* One pick on its way through the table. */
struct hashing_pick {
	const struct balance *balance;
	const struct balance_pick *pick;
	const struct hashing *hashing;
	uint64_t in_flight; /* of all targets */
	uint64_t weight_up; /* of those that are usable, in thousandths; 0: not counted yet */
};

void hashing_init(struct hashing *h, const struct balance_spec *spec);
void hashing_fini(struct hashing *h);
/* Indices of the targets by their name's hash: an order that the file's order does not change.
 * The caller frees. */
uint32_t *hashing_order(const struct hashing *h, uint32_t n);

struct hashing_pick hashing_begin(
    const struct hashing *h, const struct balance *b, const struct balance_pick *pick);
/* May target i have this request: allowed, this key within the part of its weight that counts, and
 * below its bound? */
bool hashing_takes(struct hashing_pick *p, uint32_t i);
/* The best of all for this key, when the table's neighbourhood had none. BALANCE_NONE: none. */
uint32_t hashing_any(struct hashing_pick *p);

/* Two hashes into one that depends on all bits of both. */
static inline uint64_t
hashing_mix(uint64_t a, uint64_t b)
{
	uint64_t z = a ^ (b * 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

#endif
