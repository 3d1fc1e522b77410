/* pool_parts - what pool.c (keeping, lending) and pool_dial.c (dialling, shaking hands) share;
 * nobody else includes it. */
#ifndef UPSTREAM_POOL_PARTS_H
#define UPSTREAM_POOL_PARTS_H

#include "http/codec_slabs.h"
#include "upstream/pool.h"

struct pool {                   /* of one endpoint */
	struct upstream *open;  /* those with room for a stream; the last used first */
	struct upstream *dials; /* those that will carry many */
};

struct pools {
	struct pools_spec spec;
	struct codec_spec codec_spec;
	struct slab upstreams;
	struct codec_slabs slabs;
	struct pool *v; /* owned; by endpoint id */
	uint32_t n;
	bool closing;
};

/* pool.c */
void upstream_run(struct task *t);
void upstream_timer(struct timer *t);
struct pool *upstream_pool(const struct upstream *u);
void upstream_link(struct upstream *u, struct upstream **list);
void upstream_ready(struct upstream *u); /* it can be lent: who waited may have it */
void upstream_dial_failed(struct upstream *u, enum fault why);

/* pool_dial.c: news of one at UPSTREAM_DIALS or UPSTREAM_SHAKES. */
void upstream_dial_run(struct upstream *u);

#endif
