/* warmings - slow start's clock: while any endpoint warms up, all are moved on ten times a second.
 */
#ifndef RUN_WARMINGS_H
#define RUN_WARMINGS_H

#include "io/loop.h"

struct server;

struct warmings {
	struct timer timer;
};

void warmings_open(struct server *s);
/* An endpoint has begun to warm up, or may have to end it. */
void warmings_wake(struct server *s);

#endif
