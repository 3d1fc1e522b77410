#include "route/split.h"

#include <stdlib.h>

/* The order of one whole round is laid out once, so that a pick is one atomic step and one load.
 * The round is as long as the weights' sum once their common divisor is out; a longer one than
 * SPLIT_ROUND_MAX is scaled down to it: shares are then right to one part in as many, and no arm
 * that has a weight falls to none. */
enum { SPLIT_ROUND_MAX = 10 * 1000 };

struct split {
	uint64_t turn;    /* shared by all workers */
	uint32_t only;    /* the arm, when one alone has weight: no table, no shared write */
	size_t round;     /* turns in a round; 0: one arm, or none */
	uint32_t order[]; /* the arm of each turn */
};

static uint32_t
split_divisor(const uint32_t *weights, size_t n)
{
	uint32_t divisor = 0;

	for (size_t i = 0; i < n; i++)
		divisor = gcd(weights[i], divisor);
	return divisor;
}

/* Whole shares of a round that is not too long; their sum is the round's length. */
static size_t
split_scale(const uint32_t *weights, size_t n, uint64_t *shares)
{
	uint32_t divisor = split_divisor(weights, n);
	uint64_t sum = 0, scaled = 0;

	for (size_t i = 0; i < n; i++) {
		shares[i] = weights[i] / divisor;
		sum += shares[i];
	}
	if (sum <= SPLIT_ROUND_MAX)
		return sum;
	for (size_t i = 0; i < n; i++) {
		uint64_t exact = shares[i] * SPLIT_ROUND_MAX;

		if (shares[i] != 0) /* to the nearest, but never to none */
			shares[i] = exact < sum ? 1 : (exact + sum / 2) / sum;
		scaled += shares[i];
	}
	return scaled;
}

/* Smooth weighted round robin: each turn every arm gains its share, and the one that then has most
 * pays a whole round for the turn. */
static void
split_lay(struct split *s, const uint64_t *shares, size_t n)
{
	int64_t *credit = xcalloc(n, sizeof(*credit));

	for (size_t turn = 0; turn < s->round; turn++) {
		size_t best = 0;

		for (size_t i = 0; i < n; i++) {
			credit[i] += (int64_t)shares[i];
			if (credit[i] > credit[best])
				best = i;
		}
		credit[best] -= (int64_t)s->round;
		s->order[turn] = (uint32_t)best;
	}
	free(credit);
}

struct split *
split_new(const uint32_t *weights, size_t n)
{
	uint32_t only = SPLIT_NONE, weighted = 0;
	struct split *s;
	uint64_t *shares;
	size_t round;

	for (size_t i = 0; i < n; i++) {
		if (weights[i] == 0)
			continue;
		only = (uint32_t)i;
		weighted++;
	}
	if (weighted <= 1) {
		s = xmalloc(sizeof(*s));
		*s = (struct split){.only = only};
		return s;
	}
	shares = xcalloc(n, sizeof(*shares));
	round = split_scale(weights, n, shares);
	s = xmalloc(sizeof(*s) + round * sizeof(s->order[0]));
	*s = (struct split){.only = SPLIT_NONE, .round = round};
	split_lay(s, shares, n);
	free(shares);
	return s;
}

void
split_free(struct split **s)
{
	free(*s);
	*s = NULL;
}

uint32_t
split_next(struct split *s)
{
	if (likely(s->round == 0))
		return s->only;
	return s->order[__atomic_fetch_add(&s->turn, 1, __ATOMIC_RELAXED) % s->round];
}
