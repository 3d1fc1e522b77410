/* resolve_parts - what the parts of resolve share, and nobody else sees. */
#ifndef IO_RESOLVE_PARTS_H
#define IO_RESOLVE_PARTS_H

#include <sys/queue.h>

#include "io/resolve.h"

/* One name that is asked for. Once it is, it is held until the library has called back for the last
 * time, also when nobody waits for it any more. */
struct question {
	TAILQ_ENTRY(question) entry; /* while it waits to be asked */
	struct question *next;       /* of the same lookup */
	struct resolver *resolver;
	struct lookup *lookup; /* NULL: nobody waits */
	bool service, asked;
	uint8_t open;   /* queries of the library */
	struct spot as; /* what it finds is this with another IP */
	char name[];
};

TAILQ_HEAD(questions, question);

struct ares_channeldata;

/* The library's channel lives as long as questions are open. So the system's settings are read
 * again after each pause, and each burst is asked from another port. */
struct resolver {
	struct loop *loop;
	struct task task;
	struct timer timer;   /* the library's next try */
	struct addr *servers; /* owned */
	size_t n_servers;
	uint64_t timeout_us;
	struct ares_channeldata *channel; /* NULL: nothing is asked */
	struct inquiry *inquiries;        /* owned: the library's sockets */
	struct questions waiting;
	uint32_t asked;
};

/* resolve_question.c: how each is put to the library, and what comes back. */
void question_ask(struct question *q);

/* resolve_lookup.c: what questions come to. */
void question_add(struct lookup *l, struct str name, const struct spot *as);
void question_over(struct question *q); /* it has nothing more to say */
/* What was not found; failed: nobody could say. */
void lookup_note(struct lookup *l, bool failed, const char *why);
void lookup_add(struct lookup *l, const struct spot *p, uint32_t ttl_s);
void lookup_live(struct lookup *l, uint32_t ttl_s); /* at most so long */

#endif
