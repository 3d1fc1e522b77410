/* probe - the active check of one endpoint, for the whole process: it dials, asks, judges and
 * waits, over the conn and the codec of the data path, on the control thread. Its connection is
 * kept for the next check while both sides like. What it finds goes to health.h alone.
 *
 *	PROBE_WAITS --> PROBE_DIALS [--> PROBE_SHAKES] --> PROBE_ASKS --> PROBE_WAITS */
#ifndef UPSTREAM_PROBE_H
#define UPSTREAM_PROBE_H

#include <sys/queue.h>

#include "http/codec.h"
#include "upstream/check.h"
#include "upstream/endpoint.h"

enum probe_at { PROBE_WAITS, PROBE_DIALS, PROBE_SHAKES /* hands */, PROBE_ASKS };

struct probes;

struct probe {
	LIST_ENTRY(probe) entry;
	struct probes *probes;      /* borrowed: the set it is in */
	struct endpoint *endpoint;  /* ref */
	struct check *check, *next; /* refs; next: from the next check on; NULL: none */
	struct check_count count;
	uint64_t took_us; /* the last one */
	enum probe_at at;
	bool due; /* the timer is over: for the next check, or for this one */
	struct timer timer;
	struct task task;    /* listed for all of its news */
	struct conn conn;    /* fd -1: none */
	struct codec *codec; /* owned; NULL: none */
	bool kept;           /* both are of an earlier check */
	/* of the check under way */
	struct stream *stream; /* lent by the codec */
	struct arena arena;    /* of its heads */
	char *body;            /* owned; what came of it, as far as anybody wants to know */
	size_t body_len;
	uint64_t began_at;
};

/* Made and freed by probes.c; the first check begins at once. trusted: the endpoint is in use. */
struct probe *probe_new(struct probes *set, struct endpoint *e, struct check *c, bool trusted);
void probe_free(struct probe **p);
/* From the next check on, ask this, not later than it would have been asked by now. */
void probe_change(struct probe *p, struct check *c);

#endif
