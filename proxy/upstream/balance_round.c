/* round-robin: every endpoint exactly as often as its weight says, spread out evenly.
 *
 * The weights, divided by what is common to them, are laid end to end on a line of length L. Turn t
 * stands at t * stride mod L; the endpoint under that point has the turn. As stride and L have no
 * common divisor, L turns visit every point once, so the shares are exact, and as the stride is
 * near L times the golden ratio, the points of one endpoint come up at nearly even distances. This
 * is a smooth weighted sequence of up to 1000 * n turns for the memory of n numbers. Equal weights
 * have stride 1: the order of the file. */
#include "upstream/balance.h"

#include <stdlib.h>

#include "upstream/balance_draw.h"

enum { ROUND_TURNS = 16 }; /* so many may be spent on endpoints that are down or tried */
enum { GOLDEN = 618034, GOLDEN_UNIT = 1000000 };

struct round {
	struct balance balance;
	uint32_t *ends;  /* owned; where on the line each target ends. NULL: weights are equal */
	uint64_t length; /* below 2^32, so that turn * stride fits */
	uint64_t stride;
	CACHE_ALIGNED _Atomic uint64_t turn;
};

/* The nearest to L / golden ratio that shares no divisor with L. */
static uint64_t
round_stride(uint32_t length)
{
	uint32_t middle = (uint32_t)((uint64_t)length * GOLDEN / GOLDEN_UNIT);

	for (uint32_t off = 0; off < middle; off++) {
		if (gcd(length, middle + off) == 1)
			return middle + off;
		if (gcd(length, middle - off) == 1)
			return middle - off;
	}
	return 1;
}

static void
round_lay(struct round *r, const struct balance_spec *spec)
{
	uint32_t common = 0;
	uint64_t end = 0;

	for (uint32_t i = 0; i < spec->n; i++) {
		common = gcd(spec->targets[i].weight, common);
		end += spec->targets[i].weight;
	}
	r->length = spec->n;
	r->stride = 1;
	if (common == 0 || end == (uint64_t)common * spec->n)
		return;
	ASSERT(end < UINT32_MAX);
	r->length = end / common;
	r->stride = round_stride((uint32_t)r->length);
	r->ends = xmalloc(spec->n * sizeof(*r->ends));
	end = 0;
	for (uint32_t i = 0; i < spec->n; i++)
		r->ends[i] = (uint32_t)(end += spec->targets[i].weight / common);
}

static struct balance *
round_build(const struct balance_spec *spec)
{
	struct round *r = aligned_alloc(CACHE_LINE, sizeof(*r));

	ASSERT(r != NULL);
	memset(r, 0, sizeof(*r));
	round_lay(r, spec);
	return &r->balance;
}

static void
round_free(struct balance *b)
{
	struct round *r = container_of(b, struct round, balance);

	free(r->ends);
	free(r);
}

/* Whose turn is it? */
static uint32_t
round_at(const struct round *r, uint64_t turn)
{
	uint32_t at = (uint32_t)(turn % r->length * r->stride % r->length);
	uint32_t low = 0, high = r->balance.n - 1;

	if (r->ends == NULL)
		return at;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (at < r->ends[mid])
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* A turn whose endpoint may not be chosen, or not with its whole weight, is spent, not handed to
 * its neighbour, who would get twice his share. When most are down the dice decide instead. */
static uint32_t
round_pick(struct balance *b, const struct balance_pick *pick)
{
	struct round *r = container_of(b, struct round, balance);
	uint64_t random = pick->random;

	for (int i = 0; i < ROUND_TURNS && b->n > 0; i++) {
		uint32_t at =
		    round_at(r, atomic_fetch_add_explicit(&r->turn, 1, memory_order_relaxed));

		if (draw_takes(b, pick, at, &random))
			return at;
	}
	return draw_allowed(b, pick, draw_next(&random));
}

const struct balance_ops balance_round = {
    .name = "round-robin",
    .build = round_build,
    .pick = round_pick,
    .free = round_free,
};
