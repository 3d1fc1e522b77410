/* offline - a configuration read and built by a process that serves nothing: no socket, no thread.
 * For the verbs that ask what a file would do. */
#ifndef RUN_OFFLINE_H
#define RUN_OFFLINE_H

#include "config/build.h"
#include "config/load.h"

struct offline {
	struct errors errors;      /* of reading and of building */
	struct model *model;       /* owned; NULL: there were errors */
	struct snapshot *snapshot; /* ref; NULL: there were errors */
	struct meters *meters;
	struct registry *registry;
	struct map listener_states;
};

/* False: o->errors says why. To be closed either way. */
bool offline_open(struct offline *o, const char *path);
bool offline_open_text(struct offline *o, const char *name, struct str text);
void offline_close(struct offline *o);

#endif
