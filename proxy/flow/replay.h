/* replay - the body of a request, as far as it was handed over, kept while it may have to be sent
 * again: references to its bytes, in order. Small pieces are copied together, so that what is held
 * is not much more than what is kept. One thread only. */
#ifndef FLOW_REPLAY_H
#define FLOW_REPLAY_H

#include "io/buf.h"

enum { REPLAY_FEW = 4 }; /* pieces that need no memory of their own */

struct replay { /* zeroed is empty */
	struct slice few[REPLAY_FEW];
	struct slice *more; /* owned: all of them, when they are not few; else NULL */
	uint32_t n, room;   /* pieces; those that `more` has room for */
	uint32_t next;      /* the first piece that has to be handed over again */
	size_t bytes;
	struct chunk *tail; /* ref: of the copies; NULL: none was made */
	uint32_t tail_len;
};

/* Keeps n bytes from the front of a body that are handed over now, unless there would be more than
 * `max` then. */
bool replay_keep(struct replay *r, struct slab *chunks, const struct slices *body, size_t n,
    uint64_t max) NODISCARD;
/* All of it is to be handed over again. */
static inline void
replay_rewind(struct replay *r)
{
	r->next = 0;
}
static inline bool
replay_is_done(const struct replay *r)
{
	return r->next == r->n;
}
/* Hands over what there is room for. */
void replay_give(struct replay *r, struct slices *to, size_t room);
void replay_drop(struct replay *r);
static inline void
replay_clear(struct replay *r)
{
	if (unlikely(r->n > 0 || r->tail != NULL)) /* most requests have no body */
		replay_drop(r);
}

#endif
