#include "http/statuses.h"

void
statuses_add(struct statuses *s, unsigned first, unsigned last)
{
	ASSERT(first <= last && last <= STATUSES_MAX);
	for (unsigned status = first; status <= last; status++)
		s->bits[status / 64] |= UINT64_C(1) << status % 64;
}

bool
statuses_next(const struct statuses *s, unsigned *first, unsigned *last)
{
	while (*first <= STATUSES_MAX && !statuses_have(s, *first))
		++*first;
	*last = *first;
	while (statuses_have(s, *last + 1))
		++*last;
	return *first <= STATUSES_MAX;
}
