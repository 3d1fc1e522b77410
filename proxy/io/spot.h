/* spot - one place where somebody who was looked up can be reached: an address with a port, and
 * what is said of it. Lists of them are sorted and have none twice, so that two are compared in one
 * go. */
#ifndef IO_SPOT_H
#define IO_SPOT_H

#include "io/addr.h"

struct spot {
	struct addr addr;
	uint16_t priority, weight; /* RFC 2782 */
	const char *zone;          /* where it stands; borrowed from who said so; NULL: unknown */
};

/* By priority, then address; weights say nothing. */
int spot_cmp(const struct spot *a, const struct spot *b);
/* Brings them in order; of those that are the same the first one stays. Returns how many do. */
uint32_t spots_sort(struct spot *v, uint32_t n);

#endif
