/* statuses - a set of statuses of HTTP: which answers are good, or are asked for again. */
#ifndef HTTP_STATUSES_H
#define HTTP_STATUSES_H

#include "base/base.h"

enum { STATUSES_MAX = 599 };

struct statuses { /* zeroed: none */
	uint64_t bits[STATUSES_MAX / 64 + 1];
};

static inline bool
statuses_have(const struct statuses *s, unsigned status)
{
	return status <= STATUSES_MAX && (s->bits[status / 64] >> status % 64 & 1) != 0;
}

void statuses_add(struct statuses *s, unsigned first, unsigned last);
/* The first run of them that begins at *first or above; false: there are no more. */
bool statuses_next(const struct statuses *s, unsigned *first, unsigned *last) NODISCARD;

#endif
