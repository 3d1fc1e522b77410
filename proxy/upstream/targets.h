/* targets - what a backend points at: endpoints with their weights, and the balancer over them. A
 * set is built on the control thread and then never changes; when an endpoint comes or goes, a new
 * set takes its place behind the one pointer in backend_state. A worker loads that pointer for each
 * pick and holds it no longer than its turn; io/grace tells when the set before may be freed. */
#ifndef UPSTREAM_TARGETS_H
#define UPSTREAM_TARGETS_H

#include "io/grace.h"
#include "upstream/groups.h"
#include "upstream/sticky.h"

struct targets {
	struct balance_target *v; /* owned; endpoints are refs */
	uint32_t n;
	bool nameless; /* there are only names without an address */
	struct groups groups;
	struct sticky_seat *seats; /* owned; one of each target. NULL: nobody is kept */
	struct reap reap;
};

/* Copies the spec's targets and takes over their endpoints' references. sticky: NULL, or to seat
 * clients by. */
struct targets *targets_new(
    const struct balance_spec *spec, const struct zones *zones, const struct sticky *sticky);
void targets_free(struct targets **t);
/* Its endpoints are wanted from now on, or by this set no more. */
void targets_list(const struct targets *t);
void targets_unlist(const struct targets *t);

#endif
