#include "run/offline.h"

#include <stdlib.h>

/* Without rosters: who only asks sends no packet, so no name is looked up. */
static bool
offline_build(struct offline *o)
{
	if (o->model == NULL)
		return false;
	o->meters = meters_new(1);
	o->registry =
	    registry_new(o->meters, sizeof(struct backend_stats), sizeof(struct endpoint_stats));
	o->snapshot = build_snapshot(&(struct build){.registry = o->registry,
					 .meters = o->meters,
					 .listener_states = &o->listener_states,
					 .only_checks = true,
					 .generation = 1},
	    o->model, &o->errors);
	return o->snapshot != NULL;
}

static void
offline_begin(struct offline *o)
{
	*o = (struct offline){.model = NULL};
	errors_init(&o->errors);
	map_init(&o->listener_states);
}

bool
offline_open(struct offline *o, const char *path)
{
	offline_begin(o);
	o->model = load_file(path, &o->errors);
	return offline_build(o);
}

bool
offline_open_text(struct offline *o, const char *name, struct str text)
{
	offline_begin(o);
	o->model = load_text(name, text, &o->errors);
	return offline_build(o);
}

void
offline_close(struct offline *o)
{
	if (o->snapshot != NULL)
		snapshot_unref(&o->snapshot); /* nobody else had it: it goes */
	if (o->registry != NULL) {
		registry_sweep(o->registry);
		registry_free(&o->registry);
	}
	if (o->meters != NULL)
		meters_free(&o->meters);
	listener_states_free(&o->listener_states);
	if (o->model != NULL)
		model_free(&o->model);
	errors_free(&o->errors);
}
