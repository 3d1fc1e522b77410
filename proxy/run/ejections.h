/* ejections - passive detection on the control thread: hears from workers of endpoints that fail,
 * asks outlier.c and ejection.c, and takes back whose time is over. A backend's interval begins at
 * multiples of it on the loop's clock, so a reload moves nothing. */
#ifndef RUN_EJECTIONS_H
#define RUN_EJECTIONS_H

#include "io/loop.h"

struct server;

struct ejections {
	struct timer timer;
	uint64_t looked_at;
};

void ejections_open(struct server *s);
/* Another snapshot is in force. */
void ejections_follow(struct server *s);

#endif
