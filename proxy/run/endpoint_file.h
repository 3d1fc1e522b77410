/* endpoint_file - reads files of endpoints for their rosters, at the start and whenever one may
 * have changed. One that is wrong or gone is told in the log, and what was read before holds on. */
#ifndef RUN_ENDPOINT_FILE_H
#define RUN_ENDPOINT_FILE_H

#include "run/server.h"

/* As a rosters_owner's: arg is the struct server. */
void endpoint_file_begin(void *arg, struct roster *r);
void endpoint_file_end(void *arg, struct roster *r);
/* For who checks and does not serve: all that is wrong with it. One that is not there is a warning,
 * since it may be made elsewhere. */
void endpoint_file_check(const struct model_endpoint *e, struct errors *errors);

#endif
