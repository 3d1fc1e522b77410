/* health - why an endpoint is in its state, and the only writer of endpoint.word. Several causes
 * may hold at once (its checks fail, and somebody has it drained), each with a reason in words. The
 * first that holds in the order below decides; the next one comes to light when it ends. What
 * checks, outlier detection, people and reloads know arrives here; nothing here asks anybody.
 * Control thread only, all of it. */
#ifndef UPSTREAM_HEALTH_H
#define UPSTREAM_HEALTH_H

#include "upstream/endpoint.h"

enum health_cause {          /* the earlier one wins */
	HEALTH_BY_HAND,      /* down, because somebody said so */
	HEALTH_NAMELESS,     /* down: its name has no address */
	HEALTH_DRAINED,      /* draining, because somebody said so */
	HEALTH_REMOVED,      /* draining: the file or list that named it does so no more */
	HEALTH_FAILS,        /* unhealthy: its checks */
	HEALTH_IS_EJECTED,   /* ejected: its requests */
	HEALTH_IS_AWAITED,   /* unchecked and unusable: its first check has no result yet */
	HEALTH_WARMS,        /* warming: slow start */
	HEALTH_PASSES,       /* healthy: its checks */
	HEALTH_NOTHING_SAID, /* unchecked, usable; always holds */
	HEALTH_CAUSES = HEALTH_NOTHING_SAID
};
enum { HEALTH_NO_WEIGHT = UINT32_MAX };

struct health {
	struct registry *registry;
	struct endpoint *endpoint;
	char *reasons[HEALTH_CAUSES];          /* owned; NULL: does not hold */
	enum health_cause cause;               /* what decides */
	bool known;                            /* it is in force, or was */
	uint64_t since_wall_us;                /* in this state */
	uint64_t changes[ENDPOINT_STATES];     /* into each state */
	uint32_t weight;                       /* as configured: 1-1000 */
	uint32_t hand_weight;                  /* 0-1000; HEALTH_NO_WEIGHT: none */
	uint64_t drained_until, weighed_until; /* by hand, on the loop's clock; 0: no end */
	bool panics;                           /* used even if it fails or is ejected (panic.h) */
	uint32_t warm;      /* how far it is warmed up, in thousandths; while HEALTH_WARMS holds */
	uint32_t warm_from; /* where it begins when it comes back; 0: it is warm (warming.h) */
	uint64_t warm_at;   /* since when; 0: just now */
	bool met;           /* its backend has pointed at it before */
	bool first;         /* and to nobody who was well: its first check warms nothing up */
};

struct health_event {
	struct endpoint *endpoint;
	enum endpoint_state from, to;
	bool well, was_well; /* usable, without panic */
	const char *why;     /* in words, never NULL; borrowed */
};
typedef void health_changed_fn(void *arg, const struct health_event *event); /* told of each */
void health_attend(struct registry *r, health_changed_fn *changed, void *arg);

/* Holds from now on, for this reason: "connect refused (3 of 3 checks)". */
void health_hold(struct endpoint *e, enum health_cause cause, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Holds no longer; the words are why, if the state changes by it. */
void health_release(struct endpoint *e, enum health_cause cause, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
bool health_holds(const struct endpoint *e, enum health_cause cause);
const char *health_reason(const struct endpoint *e); /* what decides, in words; NULL: nothing */
bool health_is_well(const struct endpoint *e);       /* usable, by what is known of itself */
bool health_may_panic(const struct endpoint *e); /* neither leaving nor new: panic is about it */
void health_panic(struct endpoint *e, bool on);

/* It comes into force with this weight, before workers have it. True: it was not in use so far. */
bool health_list(struct endpoint *e, uint32_t weight);
/* Those that were in force and are listed no more get nothing, whoever still has them. */
void health_drain_unlisted(struct registry *r);

/* What else is in the factor. */
void health_weight_by_hand(struct endpoint *e, uint32_t weight);
void health_cool(struct endpoint *e); /* begins to warm up, if it is well and that is wanted */
void health_warm(struct endpoint *e, uint32_t permille);
uint32_t health_weight(const struct endpoint *e); /* by hand, or as configured */

struct health *health_new(struct registry *r, struct endpoint *e); /* for endpoint.c */
void health_free(struct health **h);

#endif
