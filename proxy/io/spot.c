#include "io/spot.h"

#include <stdlib.h>

/* Addresses are zero where they say nothing, so bytes tell them apart. */
int
spot_cmp(const struct spot *a, const struct spot *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	return memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

static int
spot_order(const void *a, const void *b)
{
	return spot_cmp(a, b);
}

uint32_t
spots_sort(struct spot *v, uint32_t n)
{
	uint32_t kept = 0;

	if (n > 1)
		qsort(v, n, sizeof(*v), spot_order);
	for (uint32_t i = 0; i < n; i++)
		if (kept == 0 || spot_cmp(&v[kept - 1], &v[i]) != 0)
			v[kept++] = v[i];
	return kept;
}
