/* least-requests: two candidates at random by weight, and the less loaded one of them; among few
 * all are looked at. Two are enough that the fullest stays within a few requests of the average
 * (Mitzenmacher, "The power of two choices"), and workers that see the same counts do not all run
 * to the same endpoint, as they would to the one that is least loaded of all. */
#include "upstream/balance.h"

#include <stdlib.h>

#include "upstream/balance_draw.h"

enum {
	LEAST_FEW = 4,   /* so many are all looked at */
	LEAST_DRAWS = 4, /* tries to draw one that is allowed and not the other candidate */
};

struct least {
	struct balance balance;
	struct draw draw;
};

static struct balance *
least_build(const struct balance_spec *spec)
{
	struct least *l = xcalloc(1, sizeof(*l));

	draw_init(&l->draw, spec->targets, spec->n);
	return &l->balance;
}

static void
least_free(struct balance *b)
{
	struct least *l = container_of(b, struct least, balance);

	draw_fini(&l->draw);
	free(l);
}

/* Is `other` the better place, both as things are and with this request on top? For equal weights
 * the two are one question. For others the first alone would send an idle endpoint of weight 1
 * far more than its share, and the second alone would starve it while the heavy ones have room. So
 * the first candidate, which was drawn by weight, stays unless it is clearly the fuller one. */
static bool
least_prefers(const struct balance *b, uint32_t other, uint32_t first)
{
	const struct endpoint *o = b->targets[other].endpoint, *f = b->targets[first].endpoint;
	uint64_t o_load = atomic_load_explicit(&o->in_flight, memory_order_relaxed);
	uint64_t f_load = atomic_load_explicit(&f->in_flight, memory_order_relaxed);
	uint64_t o_weight = balance_weight(b, other), f_weight = balance_weight(b, first);

	return o_load * f_weight < f_load * o_weight &&
	       (o_load + 1) * f_weight < (f_load + 1) * o_weight;
}

/* Allowed and not `but`; BALANCE_NONE when a few draws do not find one. */
static uint32_t
least_draw(struct least *l, const struct balance_pick *pick, uint64_t *random, uint32_t but)
{
	for (int i = 0; i < LEAST_DRAWS; i++) {
		uint32_t at = draw_any(&l->draw, draw_next(random));

		if (at != but && draw_takes(&l->balance, pick, at, random))
			return at;
	}
	return BALANCE_NONE;
}

/* The others from a random one on, so that none is preferred for its place in the file. */
static uint32_t
least_of_all(
    const struct balance *b, const struct balance_pick *pick, uint32_t best, uint64_t random)
{
	uint32_t from = draw_below(random, b->n);

	for (uint32_t k = 0; k < b->n; k++) {
		uint32_t i = from + k < b->n ? from + k : from + k - b->n;

		if (i != best && balance_allows(b, pick, i) && least_prefers(b, i, best))
			best = i;
	}
	return best;
}

static uint32_t
least_pick(struct balance *b, const struct balance_pick *pick)
{
	struct least *l = container_of(b, struct least, balance);
	uint64_t random = pick->random;
	uint32_t first, second;

	if (b->n == 0)
		return BALANCE_NONE;
	first = least_draw(l, pick, &random, BALANCE_NONE);
	if (first == BALANCE_NONE)
		first = draw_allowed(b, pick, draw_next(&random));
	if (first == BALANCE_NONE)
		return BALANCE_NONE;
	if (b->n <= LEAST_FEW)
		return least_of_all(b, pick, first, draw_next(&random));
	second = least_draw(l, pick, &random, first);
	if (second == BALANCE_NONE) /* one outweighs the rest, or most are down */
		return least_of_all(b, pick, first, draw_next(&random));
	return least_prefers(b, second, first) ? second : first;
}

const struct balance_ops balance_least = {
    .name = "least-requests",
    .build = least_build,
    .pick = least_pick,
    .free = least_free,
};
