/* changes - each change of an endpoint's state, told once: a line in the log and a row of /history,
 * with what is left of its backend, and whether that is too little (panic). */
#ifndef RUN_CHANGES_H
#define RUN_CHANGES_H

#include "run/server.h"
#include "upstream/health.h"

health_changed_fn changes_tell; /* arg: struct server */
/* Another snapshot is in force: its backends may have other endpoints, and other rules. */
void changes_follow(struct server *s);

#endif
