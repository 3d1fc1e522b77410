/* endpoints - what it means for endpoints when backends get other targets, by a reload or by the
 * DNS: who is new, who is checked, who is gone. Control thread. */
#ifndef RUN_ENDPOINTS_H
#define RUN_ENDPOINTS_H

#include "run/server.h"

/* It is checked as its backend says, if it is checked at all; trusted: it is in use until a check
 * says otherwise. */
void endpoints_check(struct server *s, const struct backend *b, struct endpoint *e, bool trusted);
/* Before the targets of this backend are published, and after those of all have been. */
void endpoints_follow(struct server *s, const struct backend *b);
void endpoints_settle(struct server *s);

#endif
