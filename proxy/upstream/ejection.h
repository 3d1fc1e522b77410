/* ejection - leaving an endpoint out for what its requests came to, and taking it back. A worker
 * that notices tells the control thread by a letter; everything else happens there. Who is an
 * outlier is outlier.c's question, and the state is health.c's. */
#ifndef UPSTREAM_EJECTION_H
#define UPSTREAM_EJECTION_H

#include "io/loop.h"
#include "upstream/endpoint.h"
#include "upstream/outlier.h"

struct ejection { /* one endpoint's */
	struct letter letter;
	struct endpoint *endpoint;   /* whose it is; a ref while the letter is under way */
	enum outlier_detector which; /* what the letter tells of */
	/* from here on the control thread's own */
	struct outlier_term term;
	uint64_t counts[OUTLIER_DETECTORS]; /* ejections, by what found it */
	uint64_t withheld;                  /* it would have been ejected, if it could be spared */
	uint64_t told_at;                   /* of the last one withheld */
	struct ejection_sums {              /* of its tries, as of the last comparison */
		uint64_t good, failed;
		struct histogram answers;
	} sums;
};

struct ejection_crowd { /* the backend as it stands */
	uint32_t n, ejected, usable;
};

typedef void ejection_noticed_fn(void *arg, struct endpoint *e, enum outlier_detector which);
/* From now on, `noticed` is told of every streak that a worker has seen. */
void ejection_attend(struct registry *r, ejection_noticed_fn *noticed, void *arg);
/* By the worker that outlier_note told, while it has something in flight there. */
void ejection_ask(struct endpoint *e, enum outlier_detector which, struct loop *home);

/* Ejects it for what was found, if it can be spared. */
enum outlier_verdict ejection_try(struct endpoint *e, const struct outlier_spec *spec,
    const struct ejection_crowd *crowd, const struct outlier_case *found, uint64_t now);
static inline bool
ejection_lasts(const struct endpoint *e)
{
	return e->ejection->term.until != 0;
}
/* It may be used again, for this reason. */
void ejection_end(struct endpoint *e, uint64_t now, const char *why);

struct ejection *ejection_new(struct endpoint *e); /* for endpoint.c */

#endif
