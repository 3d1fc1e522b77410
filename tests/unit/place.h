/* place - a registry with its meters, as a cmocka state, for the tests of what lives in one. */
#ifndef TESTS_UNIT_PLACE_H
#define TESTS_UNIT_PLACE_H

#include "upstream/endpoint.h"

enum { BLOCK = 64 };

struct place {
	struct meters *meters;
	struct registry *registry;
};

static inline int
place_open(void **state)
{
	static struct place p;

	p.meters = meters_new(2);
	p.registry = registry_new(p.meters, BLOCK, BLOCK);
	*state = &p;
	return 0;
}

static inline int
place_close(void **state)
{
	struct place *p = *state;

	registry_free(&p->registry);
	meters_free(&p->meters);
	return 0;
}

#endif
