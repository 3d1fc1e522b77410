/* backend_state - what changes at run time of a backend: the targets in force, and what is counted.
 * One for each name, process-wide; the registry keeps it over reloads. */
#ifndef UPSTREAM_BACKEND_STATE_H
#define UPSTREAM_BACKEND_STATE_H

#include "upstream/guard.h"
#include "upstream/panic.h"
#include "upstream/targets.h"

struct backend_state {
	struct str name; /* owned */
	struct meter *meter;
	struct targets *_Atomic targets; /* owned; in force. NULL: none were published yet */
	_Atomic uint32_t refs;
	bool listed;        /* the targets in force are listed in their endpoints; control thread */
	struct panic panic; /* control thread */
	struct reap reap;
	struct guard guard;
};

/* The living state of this name, or a new one; counted. Its connections and requests keep it alive
 * as references do. Control thread; an unref on any, freed by registry_sweep. */
struct backend_state *registry_backend_state(struct registry *r, struct str name);
/* Workers run from now on: a dead state, whose queue one may still look at, goes after a grace. */
void registry_graces(struct registry *r, struct grace *g);
void backend_state_unref(struct backend_state **s);
/* The configuration has this name no more: what still runs goes on, no connection is kept. */
void backend_state_withdraw(struct backend_state *s);

#endif
