/* chunk - a piece of memory for bytes in flight, from a thread's LIFO pool, counted by those who
 * refer to it; the last one gives it back. One thread only. */
#ifndef IO_CHUNK_H
#define IO_CHUNK_H

#include "base/slab.h"

enum {
	BUF_SMALL = 16 * 1024,  /* bytes of a small chunk, its header included */
	BUF_LARGE = 128 * 1024, /* for connections that were seen to fill small ones */
	BUF_COPY = 4 * 1024,    /* up to here a copy is cheaper than another iovec */
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

void chunks_init(struct chunks *c);
void chunks_fini(struct chunks *c);

/* Of chunks.small or chunks.large; one reference. */
static inline struct chunk *
chunk_take(struct slab *pool)
{
	struct chunk *c = slab_take(pool);

	c->home = pool;
	c->refs = 1;
	c->size = (uint32_t)(pool->size - sizeof(*c));
	return c;
}

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

#endif
