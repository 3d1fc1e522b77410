#include "upstream/levels.h"

enum { LEVEL_SPARE = 140, PERCENT = 100 };

/* How much of all requests it would bear. */
static uint32_t
level_bears(const struct level *l)
{
	uint64_t part;

	if (l->well == 0)
		return 0;
	part = l->well * LEVEL_SPARE * LEVEL_ALL / (l->weight * PERCENT);
	return part < LEVEL_ALL ? (uint32_t)part : LEVEL_ALL;
}

static uint64_t
levels_bear(const struct level *v, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += level_bears(&v[i]);
	return sum;
}

bool
levels_suffice(const struct level *v, uint32_t n)
{
	return levels_bear(v, n) >= LEVEL_ALL;
}

static void
levels_divide_by_weight(struct level *v, uint32_t n)
{
	uint64_t usable = 0;

	for (uint32_t i = 0; i < n; i++)
		usable += v[i].usable;
	for (uint32_t i = 0; i < n && usable > 0; i++)
		v[i].share = (uint32_t)(v[i].usable * LEVEL_ALL / usable);
}

/* The first with anybody who is well, or who is used at least; of none the very first. */
static uint32_t
levels_first(const struct level *v, uint32_t n, bool well)
{
	for (uint32_t i = 0; i < n; i++)
		if ((well ? v[i].well : v[i].usable) > 0)
			return i;
	return 0;
}

void
levels_divide(struct level *v, uint32_t n)
{
	uint64_t bear = levels_bear(v, n);
	uint32_t left = LEVEL_ALL;

	for (uint32_t i = 0; i < n; i++)
		v[i].share = 0;
	if (bear == 0)
		levels_divide_by_weight(v, n);
	if (bear > LEVEL_ALL)
		bear = LEVEL_ALL; /* the first ones bear all of it */
	for (uint32_t i = 0; i < n; i++) {
		if (bear > 0)
			v[i].share = (uint32_t)(level_bears(&v[i]) * (uint64_t)LEVEL_ALL / bear);
		if (v[i].share > left)
			v[i].share = left;
		left -= v[i].share;
	}
	if (n > 0)
		v[levels_first(v, n, bear > 0)].share +=
		    left; /* of rounding, or as nobody is left */
}
