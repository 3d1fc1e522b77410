/* probes - all active checks of the process: one for each endpoint that is to be checked. They
 * outlive snapshots, as endpoints do; a reload changes what they ask, and starts none of them anew.
 * Control thread only. */
#ifndef UPSTREAM_PROBES_H
#define UPSTREAM_PROBES_H

#include "http/codec_slabs.h"
#include "upstream/probe.h"

struct probes {
	struct loop *loop; /* the control thread's */
	struct codec_spec codec_spec;
	struct codec_slabs slabs;
	LIST_HEAD(, probe) list;
	uint64_t random;
	uint64_t turn; /* the time of the turn in which `begun` checks began */
	uint32_t begun;
	bool draining; /* never; the codec wants to know */
};

struct probes *probes_new(struct loop *l);
void probes_free(struct probes **p);
/* From now on it is checked so; NULL: not at all. Before workers have it, so that a new one gets
 * nothing until its first check; trusted: it is in use. */
void probes_keep(struct probes *p, struct endpoint *e, struct check *c, bool trusted);
/* Those that are listed no more are checked no more. */
void probes_sweep(struct probes *p);
/* Is there an endpoint whose first check is awaited? */
bool probes_await(const struct probes *p);
/* May one more check begin in this turn? Thousands at once would hold up all else. */
bool probes_admit(struct probes *p);

#endif
