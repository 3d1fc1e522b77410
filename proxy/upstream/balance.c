#include "upstream/balance.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static const struct balance_ops *
balance_ops_of(enum balance_kind kind)
{
	switch (kind) {
	case BALANCE_KIND_LEAST:
		return &balance_least;
	case BALANCE_KIND_ROUND:
		return &balance_round;
	case BALANCE_KIND_RANDOM:
		return &balance_random;
	case BALANCE_KIND_MAGLEV:
		return &balance_maglev;
	case BALANCE_KIND_RING:
		return &balance_ring;
	}
	ASSERT(!"a kind of balancing");
	return NULL;
}

struct balance *
balance_new(const struct balance_spec *spec)
{
	const struct balance_ops *ops = balance_ops_of(spec->kind);
	struct balance *b;

	for (uint32_t i = 0; i < spec->n; i++)
		ASSERT(spec->targets[i].weight > 0);
	b = ops->build(spec);
	b->ops = ops;
	b->targets = spec->targets;
	b->n = spec->n;
	return b;
}

void
balance_free(struct balance **b)
{
	if (*b == NULL)
		return;
	(*b)->ops->free(*b);
	*b = NULL;
}

/* A request that meets the old word is a request that came a moment earlier. */
bool
balance_may(const struct balance_pick *pick, const struct endpoint *e)
{
	if (unlikely(!endpoint_usable(e)))
		return false;
	if (unlikely(pick->limit != 0) &&
	    atomic_load_explicit(&e->in_flight, memory_order_relaxed) >= pick->limit)
		return false;
	for (uint32_t t = 0; t < pick->n_tried; t++)
		if (pick->tried[t] == e)
			return false;
	return true;
}

bool
balance_allows(const struct balance *b, const struct balance_pick *pick, uint32_t i)
{
	return balance_may(pick, b->targets[i].endpoint);
}

uint64_t
balance_hash(struct str key)
{
	return XXH3_64bits(key.p ? key.p : "", key.len);
}
