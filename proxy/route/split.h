/* split - weighted choice among the arms of a route: exact over time, interleaved (the smooth
 * order, a a b a c a a and not a a a a a b c), one atomic step a pick. Immutable but for its
 * turn. Weight 0 gets nothing; all zero: no arm. */
#ifndef ROUTE_SPLIT_H
#define ROUTE_SPLIT_H

#include "base/base.h"

struct split;

enum { SPLIT_NONE = UINT32_MAX };

struct split *split_new(const uint32_t *weights, size_t n);
void split_free(struct split **s);
/* Index of the next arm; SPLIT_NONE when all weights are 0. */
uint32_t split_next(struct split *s);

#endif
