#include "upstream/registry.h"

#include <stdlib.h>
#include <sys/random.h>

static void
registry_make_key(struct registry *r)
{
	ASSERT(getrandom(r->sticky_key, sizeof(r->sticky_key), 0) == sizeof(r->sticky_key));
}

struct registry *
registry_new(struct meters *meters, size_t backend_block, size_t endpoint_block)
{
	struct registry *r = xcalloc(1, sizeof(*r));

	r->meters = meters;
	r->backend_block = backend_block;
	r->endpoint_block = endpoint_block;
	registry_make_key(r);
	map_init(&r->endpoint_by_key);
	map_init(&r->state_by_name);
	map_init(&r->zones);
	return r;
}

void
registry_graces(struct registry *r, struct grace *g)
{
	r->grace = g;
}

void
registry_sweep(struct registry *r)
{
	backend_states_sweep(r); /* first: their targets refer to endpoints */
	endpoints_sweep(r);
}

void
registry_free(struct registry **rp)
{
	struct registry *r = *rp;

	if (r == NULL)
		return;
	registry_sweep(r);
	ASSERT(r->endpoint_by_key.n == 0 && r->state_by_name.n == 0);
	map_free(&r->endpoint_by_key);
	map_free(&r->state_by_name);
	MAP_EACH(&r->zones, slot)
		free(slot->value);
	map_free(&r->zones);
	free(r->by_id);
	free(r->free_ids);
	free(r->states);
	free(r);
	*rp = NULL;
}

const char *
registry_zone(struct registry *r, struct str name)
{
	char *zone = name.len > 0 ? map_get(&r->zones, name) : NULL;

	if (zone != NULL || name.len == 0)
		return zone;
	zone = str_dup(name);
	map_put(&r->zones, str_from(zone), zone);
	return zone;
}
