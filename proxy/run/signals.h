/* signals - what the process is told by signals, read from a descriptor on the control thread's
 * loop like any other news. */
#ifndef RUN_SIGNALS_H
#define RUN_SIGNALS_H

#include "run/server.h"

/* From now on signals wait to be read instead of interrupting. False with errno. */
bool signals_catch(struct server *s) NODISCARD;

#endif
