/* tickets - the keys of TLS tickets, one set for the process, and the timer that renews them. */
#ifndef RUN_TICKETS_H
#define RUN_TICKETS_H

#include "io/loop.h"
#include "io/tls_tickets.h"

struct tickets {
	struct tls_tickets *keys; /* owned */
	struct loop *loop;        /* the control thread's */
	struct timer timer;
};

void tickets_open(struct tickets *t, struct loop *l);
void tickets_close(struct tickets *t); /* after the last snapshot; safe when not open */

#endif
