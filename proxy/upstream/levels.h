/* levels - how requests are divided among levels of priority. The first level has all of them while
 * enough of it is well: as long as 1.4 times what is well would be all of it, the rest is thought
 * to bear what the others bore. Below that, requests go to the next level by as much as is missing.
 * Pure arithmetic; the rule and its number are Envoy's. */
#ifndef UPSTREAM_LEVELS_H
#define UPSTREAM_LEVELS_H

#include "base/base.h"

enum { LEVEL_ALL = 1 << 16 /* shares are parts of it */ };

struct level {
	uint64_t weight, well, usable; /* of its endpoints: all of them, and which may be chosen */
	uint32_t share;                /* set by levels_divide */
};

/* All shares together are LEVEL_ALL. If nobody is well, those that are usable all the same get
 * theirs by weight. */
void levels_divide(struct level *v, uint32_t n);
/* Are so many well that all levels together bear the requests? */
bool levels_suffice(const struct level *v, uint32_t n);

#endif
