/* acceptor - a listening socket and its events: who knocks is told to the owner's task, with a
 * share per turn. Sockets carry the options that accepted ones inherit, so that a connection costs
 * no setsockopt. Limits and what to do with a connection are the owner's. */
#ifndef IO_ACCEPTOR_H
#define IO_ACCEPTOR_H

#include <event2/event_struct.h>

#include "io/addr.h"
#include "io/loop.h"

enum { ACCEPTOR_SHARE = 16 }; /* connections a turn, then others have theirs */

struct acceptor {
	struct task task; /* listed when somebody knocks: accept up to ACCEPTOR_SHARE */
	struct loop *loop;
	int fd;       /* -1: closed */
	int spare_fd; /* given up to refuse one connection when descriptors run out */
	struct event event;
	struct timer pause;
};

/* Any thread. A bound, listening, non-blocking socket, or -1 with errno. shared: one of several
 * (SO_REUSEPORT, one per worker); otherwise fails when anybody at all listens there. *bound is the
 * real address (port 0). */
int acceptor_bind(const struct addr *addr, bool shared, struct addr *bound);

/* Takes the socket; run belongs to the owner. */
void acceptor_open(struct acceptor *a, struct loop *l, int fd, void (*run)(struct task *));
/* The next connection, non-blocking, or -1: nobody there now. Out of descriptors (*exhausted) it
 * refuses one and pauses a while instead of spinning. */
int acceptor_accept(struct acceptor *a, struct addr *peer, bool *exhausted);
void acceptor_close(struct acceptor *a); /* safe on a closed one */

#endif
