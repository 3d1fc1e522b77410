/* hands - what people say of endpoints while weir runs: drained, down, another weight, for a while
 * or until it is taken back. It is state of the endpoint, so a reload keeps it; no file knows of
 * it. Control thread. */
#ifndef RUN_HANDS_H
#define RUN_HANDS_H

#include "io/loop.h"

struct server;
struct backend;
struct endpoint;

struct hands {
	struct timer timer; /* for what ends by itself */
};

enum hands_wish {
	HANDS_DRAIN, /* nothing new; what it has ends */
	HANDS_DOWN,  /* the same, and it is not even checked */
	HANDS_READY, /* nothing is said of it by hand any more */
	HANDS_WEIGH
};

struct hands_order {
	enum hands_wish wish;
	uint32_t weight; /* of HANDS_WEIGH */
	uint64_t span;   /* microseconds; 0: until it is taken back */
	const char *who; /* in words; they are its reason, too */
};

void hands_open(struct server *s);
void hands_do(
    struct server *s, const struct backend *b, struct endpoint *e, const struct hands_order *order);
/* Other endpoints may be in force now. */
void hands_follow(struct server *s);

#endif
