/* buf - bytes in flight: chunks from a thread's LIFO pool, and slices that refer into them. Body
 * bytes move by reference; nobody copies what is larger than BUF_COPY. A slice holds one reference
 * to its chunk; the last one gives the chunk back. One thread only. */
#ifndef IO_BUF_H
#define IO_BUF_H

#include "base/slab.h"
#include "base/str.h"

enum {
	BUF_SMALL = 16 * 1024,  /* bytes of a small chunk, its header included */
	BUF_LARGE = 128 * 1024, /* for connections that were seen to fill small ones */
	BUF_COPY = 4 * 1024,    /* up to here a copy is cheaper than another iovec */
	BUF_SLICES = 4,         /* slices one queue may hold */
};

struct chunk {
	struct slab *home;
	uint32_t refs;
	uint32_t size; /* of bytes[]; 0: they are in a pipe (pipe.h) */
	char bytes[];
};

struct pipes { /* a thread's empty pipes */
	struct pipe *free;
	uint32_t n;
};

struct chunks { /* a thread's pools */
	struct slab small, large;
};

struct slice {
	struct chunk *chunk; /* ref */
	uint32_t off, len;
};

struct slices { /* a queue, oldest first; zeroed is empty */
	struct slice v[BUF_SLICES];
	uint32_t first, n;
	size_t bytes;
};

void chunks_init(struct chunks *c);
void chunks_fini(struct chunks *c);
struct chunk *chunk_take(struct slab *pool); /* of chunks.small or chunks.large; one reference */

void chunk_give_pipe(struct chunk *c);

static inline bool
chunk_is_pipe(const struct chunk *c)
{
	return c->size == 0;
}

static inline void
chunk_unref(struct chunk *c)
{
	if (--c->refs > 0)
		return;
	if (unlikely(chunk_is_pipe(c)))
		chunk_give_pipe(c);
	else
		slab_give(c->home, c);
}

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
void slices_clear(struct slices *q);
/* Moves up to max bytes from the front of one queue to the back of another; the number moved. */
size_t slices_move(struct slices *to, struct slices *from, size_t max);
/* The same, leaving `from` as it is: another reference to the same bytes. */
size_t slices_share(struct slices *to, const struct slices *from, size_t max);

#endif
