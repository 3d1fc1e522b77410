#include "flow/arms.h"

#include <stdlib.h>

struct backend *
arms_next(const struct arms *a)
{
	uint32_t i;

	if (a->split == NULL)
		return a->only;
	i = split_next(a->split);
	return i < a->n ? a->backends[i] : NULL;
}

void
arms_fini(struct arms *a)
{
	split_free(&a->split);
	free(a->backends);
	free(a->weights);
}
