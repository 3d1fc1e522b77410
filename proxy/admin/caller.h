/* caller - one connection at an admin door: one request after the other, each read whole, answered
 * whole. Bounded in time and size whatever the peer does. Only admin.c includes this. */
#ifndef ADMIN_CALLER_H
#define ADMIN_CALLER_H

#include <sys/queue.h>

#include "admin/admin.h"
#include "admin/socket.h"
#include "http/codec_slabs.h"

struct door {
	LIST_ENTRY(door) entry;
	struct admin *admin;
	enum admin_reach reach;
	struct acceptor acceptor;
	struct socket_file file; /* path NULL: tcp */
	struct addr addr;        /* tcp: as configured */
	LIST_HEAD(, caller) callers;
	unsigned n_callers;
	bool wanted;
};

struct admin {
	struct loop *loop; /* borrowed */
	void *owner;
	const struct admin_route *routes; /* borrowed */
	size_t n_routes;
	LIST_HEAD(, door) doors;
	struct codec_slabs slabs;
	struct codec_spec codec_spec;
	bool draining; /* never; the codec wants to know */
};

struct caller;

/* Takes the descriptor. */
void caller_open(struct door *d, int fd, const struct addr *peer);
/* Cuts it and frees it at once: not from a task of its own. */
void caller_free(struct caller *c);

/* Finds the route for a complete request and has it answered. */
void admin_dispatch(
    const struct door *d, const struct head *h, struct admin_request *r, struct admin_answer *a);

#endif
