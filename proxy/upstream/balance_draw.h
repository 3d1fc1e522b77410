/* balance_draw - a random target, each as often as its weight says, in constant time. Shared by
 * the algorithms that throw dice; private to this room. */
#ifndef UPSTREAM_BALANCE_DRAW_H
#define UPSTREAM_BALANCE_DRAW_H

#include "upstream/balance.h"

struct draw_column;

struct draw {
	struct draw_column *columns; /* owned; NULL: all weights are equal */
	uint32_t n;
};

void draw_init(struct draw *d, const struct balance_target *targets, uint32_t n);
void draw_fini(struct draw *d);
uint32_t draw_any(const struct draw *d, uint64_t random);
/* May the target that was drawn have it: allowed, and not passed over for its factor? What is not
 * passed over is then in proportion to weight times factor. */
bool draw_takes(
    const struct balance *b, const struct balance_pick *pick, uint32_t i, uint64_t *random);
/* The same among those that the pick may choose, in O(n); BALANCE_NONE: there is none. */
uint32_t draw_allowed(const struct balance *b, const struct balance_pick *pick, uint64_t random);

/* More random bits out of some (splitmix64): one pick may need several. */
static inline uint64_t
draw_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* Uniform in [0, n). */
static inline uint32_t
draw_below(uint64_t random, uint32_t n)
{
	return (uint32_t)(((random & UINT32_MAX) * n) >> 32);
}

#endif
