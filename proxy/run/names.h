/* names - what the server makes of names of the DNS: it has them asked, waits for those that are
 * new at the start and at a reload, and puts other targets in force when their addresses change. */
#ifndef RUN_NAMES_H
#define RUN_NAMES_H

#include "run/server.h"

void names_begin(struct server *s);
void names_stop(struct server *s); /* before the loop is freed; then names_end */
void names_end(struct server *s);
/* Before a snapshot is put in force: its backends get their targets. A name that nobody could tell
 * in time becomes a warning. */
void names_settle(struct server *s, const struct model *m, const struct snapshot *snapshot,
    struct errors *errors);

#endif
