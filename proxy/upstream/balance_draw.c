#include "upstream/balance_draw.h"

#include <stdlib.h>

/* Vose's alias table. All weights together are cut into n columns of equal height; each holds the
 * rest of one target and, above it, a piece of one other. A random column and a random height then
 * hit each target as often as its weight says. */
struct draw_column {
	uint32_t height; /* of the column's own target, in 1/2^32 of the column */
	uint32_t other;  /* whose the rest is */
};

static bool
draw_is_even(const struct balance_target *targets, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		if (targets[i].weight != targets[0].weight)
			return false;
	return true;
}

/* Exact, in whole numbers: a target's share is weight * n, a column holds the sum of weights. */
static void
draw_fill(struct draw *d, const struct balance_target *targets)
{
	uint64_t *share = xmalloc(d->n * sizeof(*share)), sum = 0;
	uint32_t *small = xmalloc(d->n * sizeof(*small)), small_n = 0;
	uint32_t *large = xmalloc(d->n * sizeof(*large)), large_n = 0;

	for (uint32_t i = 0; i < d->n; i++)
		sum += targets[i].weight;
	for (uint32_t i = 0; i < d->n; i++) {
		share[i] = (uint64_t)targets[i].weight * d->n;
		d->columns[i] = (struct draw_column){UINT32_MAX, i};
		if (share[i] < sum)
			small[small_n++] = i;
		else
			large[large_n++] = i;
	}
	while (small_n > 0 && large_n > 0) {
		uint32_t i = small[--small_n], giver = large[large_n - 1];

		d->columns[i] = (struct draw_column){(uint32_t)((share[i] << 32) / sum), giver};
		share[giver] -= sum - share[i];
		if (share[giver] < sum) {
			large_n--;
			small[small_n++] = giver;
		}
	}
	free(share);
	free(small);
	free(large);
}

void
draw_init(struct draw *d, const struct balance_target *targets, uint32_t n)
{
	*d = (struct draw){.n = n};
	if (draw_is_even(targets, n))
		return;
	d->columns = xmalloc(n * sizeof(*d->columns));
	draw_fill(d, targets);
}

void
draw_fini(struct draw *d)
{
	free(d->columns);
	d->columns = NULL;
}

uint32_t
draw_any(const struct draw *d, uint64_t random)
{
	uint32_t i = draw_below(random, d->n);

	if (d->columns == NULL || random >> 32 < d->columns[i].height)
		return i;
	return d->columns[i].other;
}

bool
draw_takes(const struct balance *b, const struct balance_pick *pick, uint32_t i, uint64_t *random)
{
	uint32_t factor = balance_factor(b, i);

	return balance_allows(b, pick, i) &&
	       (likely(factor == ENDPOINT_FULL) ||
		   draw_below(draw_next(random), ENDPOINT_FULL) < factor);
}

uint32_t
draw_allowed(const struct balance *b, const struct balance_pick *pick, uint64_t random)
{
	uint32_t last = BALANCE_NONE;
	uint64_t sum = 0, at, weight;

	for (uint32_t i = 0; i < b->n; i++)
		if (balance_allows(b, pick, i))
			sum += balance_weight(b, i);
	if (sum == 0)
		return BALANCE_NONE;
	at = random % sum;
	for (uint32_t i = 0; i < b->n; i++) {
		if (!balance_allows(b, pick, i))
			continue;
		last = i;
		weight = balance_weight(b, i);
		if (at < weight)
			return i;
		at -= weight;
	}
	/* Only when a word changed between the two rounds. */
	return last;
}
