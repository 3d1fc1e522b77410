/* arms - where a route or a tcp listener sends to: one backend, or several by weight. Part of a
 * snapshot. */
#ifndef FLOW_ARMS_H
#define FLOW_ARMS_H

#include "base/metric.h"
#include "flow/overload.h"
#include "flow/policy.h"
#include "route/split.h"
#include "upstream/pool.h"

struct arms {                 /* where a route or a tcp listener sends to */
	struct backend *only; /* borrowed; of a single arm with weight, found without a detour */
	struct split *split;  /* owned; NULL when n is 1 */
	uint32_t n;
	struct backend **backends; /* owned array, borrowed backends; NULL: the name is unknown */
	uint32_t *weights;         /* owned; for explain */
};

struct route {
	struct arms arms;            /* what a request looks at comes first */
	struct meter *meter;         /* ref */
	const struct policy *policy; /* the snapshot's */
	enum priority priority;
	struct str name; /* owned */
	struct position at;
};

/* The next arm's backend, in the order of the weights; NULL: no arm has weight, or the name is
 * unknown. */
struct backend *arms_next(const struct arms *a);
void arms_fini(struct arms *a);

#endif
