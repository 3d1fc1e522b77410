/* place - a registry with its meters, as a cmocka state, for the tests of what lives in one. */
#ifndef TESTS_UNIT_PLACE_H
#define TESTS_UNIT_PLACE_H

#include <stdio.h>

#include "upstream/backend.h"

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

enum { PLACE_MOST = 8 };

/* A backend as the spec says, in force, whose n endpoints are 10.0.0.1:first and those that follow.
 */
static inline struct backend *
place_backend(struct place *p, struct backend_spec spec, uint32_t first, uint32_t n)
{
	struct balance_target targets[PLACE_MOST];
	struct backend *b;
	struct addr at;
	char name[32];

	ASSERT(n <= PLACE_MOST);
	for (uint32_t i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "10.0.0.1:%u", first + i);
		ASSERT(addr_parse(str_from(name), false, &at));
		targets[i] = (struct balance_target){
		    .endpoint = registry_endpoint(p->registry, spec.name, str_from(name), &at),
		    .weight = 1};
	}
	spec.balance =
	    (struct balance_spec){.kind = BALANCE_KIND_LEAST, .targets = targets, .n = n};
	b = backend_new(p->registry, &spec);
	backend_publish(b, NULL);
	return b;
}

#endif
