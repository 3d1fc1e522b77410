/* buf - bytes in flight as slices that refer into chunks, in queues. Body
 * bytes move by reference; nobody copies what is larger than BUF_COPY. A slice holds one reference
 * to its chunk; the last one gives the chunk back. One thread only. */
#ifndef IO_BUF_H
#define IO_BUF_H

#include "base/str.h"
#include "io/chunk.h"

enum { BUF_SLICES = 4 }; /* slices one queue may hold */

struct slice {
	struct chunk *chunk; /* ref */
	uint32_t off, len;
};

struct slices { /* a queue, oldest first; zeroed is empty */
	struct slice v[BUF_SLICES];
	uint32_t first, n;
	size_t bytes;
};

static inline struct slice *
slices_first(struct slices *q)
{
	return &q->v[q->first % BUF_SLICES];
}

static inline bool
slices_full(const struct slices *q)
{
	return q->n == BUF_SLICES;
}

/* Appends bytes [off, off+len) of the chunk, taking a reference of its own. Joins the last slice
 * when they touch. False: full. */
bool slices_add(struct slices *q, struct chunk *c, uint32_t off, uint32_t len) NODISCARD;
/* Drops n bytes from the front. */
void slices_drop(struct slices *q, size_t n);
static inline void
slices_clear(struct slices *q)
{
	if (q->n > 0)
		slices_drop(q, q->bytes);
}

/* Moves up to max bytes from the front of one queue to the back of another; the number moved. */
size_t slices_move(struct slices *to, struct slices *from, size_t max);
/* The same, leaving `from` as it is: another reference to the same bytes. */
size_t slices_share(struct slices *to, const struct slices *from, size_t max);

#endif
