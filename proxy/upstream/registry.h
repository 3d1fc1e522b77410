/* registry - the run-time state that outlives snapshots, by key: endpoints (endpoint.c) and
 * backends' states (backend.c). Private to this room; the others see only endpoint.h. All of it
 * belongs to the control thread; the objects' atomics are everybody's. */
#ifndef UPSTREAM_REGISTRY_H
#define UPSTREAM_REGISTRY_H

#include "base/map.h"
#include "upstream/backend.h"
#include "upstream/ejection.h"
#include "upstream/health.h"

struct registry {
	struct meters *meters; /* borrowed from the process */
	struct grace *grace;   /* borrowed; NULL: no worker reads what is here */
	size_t backend_block, endpoint_block;

	uint8_t sticky_key[SIPHASH_KEY]; /* for backends without a secret of their own */
	uint32_t hand_weights;           /* endpoints whose weight was set by hand */
	health_changed_fn *changed;      /* told of every change; NULL: nobody */
	void *changed_arg;
	ejection_noticed_fn *noticed; /* told of every streak of failures; NULL: nobody */
	void *noticed_arg;

	struct map endpoint_by_key;    /* struct endpoint_entry */
	struct endpoint_entry **by_id; /* owned; NULL: the id is free */
	uint32_t *free_ids;            /* owned; a stack */
	uint32_t ids, ids_room, free_n;

	struct map zones;              /* names; owned, for as long as this lives */
	struct map state_by_name;      /* struct backend_state */
	struct backend_state **states; /* owned */
	size_t states_n, states_room;
};

typedef void endpoint_visit_fn(void *arg, struct endpoint *e);
void registry_each(struct registry *r, endpoint_visit_fn *visit, void *arg);
void endpoints_sweep(struct registry *r);
void backend_states_sweep(struct registry *r);

#endif
