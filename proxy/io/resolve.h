/* resolve - names become addresses, asked of the DNS (c-ares) on a loop. A lookup is one thing its
 * owner wants to know: the addresses of a name, or the spots of a service (SRV), each of which is
 * asked in as many questions as it takes. Nothing here is kept, and nothing is asked twice: what
 * was good before, and when to ask again, is the owner's (upstream/roster).
 *
 *	LOOKUP_IDLE --> LOOKUP_ASKS --> LOOKUP_FOUND | LOOKUP_NOTHING | LOOKUP_FAILED --> (idle)
 */
#ifndef IO_RESOLVE_H
#define IO_RESOLVE_H

#include "io/loop.h"
#include "io/spot.h"

struct resolver;

struct resolver_spec {
	const struct addr *servers; /* in this order; none: those of the system */
	size_t n_servers;
	uint64_t timeout_us; /* for a whole lookup */
};

enum lookup_at {
	LOOKUP_IDLE,
	LOOKUP_ASKS,
	LOOKUP_FOUND,   /* some spots, maybe not all: see partial */
	LOOKUP_NOTHING, /* the DNS says so: no such name, or none with an address */
	LOOKUP_FAILED,  /* nobody could say */
};

struct lookup { /* embedded in what wants to know */
	enum lookup_at at;
	bool partial;       /* found, but some of its questions failed */
	struct spot *spots; /* owned; sorted, none twice */
	uint32_t n, room;
	uint32_t ttl_s;  /* the shortest of all that was found */
	const char *why; /* in words, when something was not found: "no such name" */
	struct resolver *resolver;
	bool four, six;     /* the families it asks for */
	struct task *owner; /* listed when it is over */
	struct timer timer;
	struct question *questions; /* that are open */
};

/* NULL servers are read from the system each time that questions arise after a pause. */
struct resolver *resolver_new(struct loop *l, const struct resolver_spec *spec);
/* After the last lookup has ended. */
void resolver_free(struct resolver **r);
/* Other servers, another timeout; what is under way goes on with those it began with. */
void resolver_set(struct resolver *r, const struct resolver_spec *spec);
/* Waits until the lookup is over, at most for so long, without the loop: at the start, when it does
 * not turn yet. What else is asked goes on meanwhile. Returns how much of the time is left. */
uint64_t resolver_wait(struct resolver *r, const struct lookup *l, uint64_t us);

/* Both families, as far as this host has them; their port is this one. */
void lookup_name(
    struct lookup *l, struct resolver *r, struct str name, uint16_t port, struct task *owner);
/* The targets of SRV records with their ports. */
void lookup_service(struct lookup *l, struct resolver *r, struct str name, struct task *owner);
/* Back to idle: asks no more, or forgets what was found. Safe at any time. */
void lookup_end(struct lookup *l);

#endif
