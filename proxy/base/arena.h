/* arena - memory that dies at once: bump allocation for one request or one load of a file.
 * The first block is given by the caller (a slab object) or made; growth is by blocks, up to a
 * limit. Overflow is sticky: allocation returns NULL from then on and arena_full() says so, so
 * that a step tests it once at its end and answers 431 or 503. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct arena_block;

struct arena {
	char *at, *end;             /* free bytes of the newest block */
	struct arena_block *blocks; /* owned; those made by growth, newest first */
	char *first;                /* borrowed; NULL: none */
	size_t first_size;
	size_t left; /* bytes growth may still take */
	bool full;
};

/* `first` (borrowed, may be NULL) outlives the arena; limit bounds what is taken beyond it. */
void arena_init(struct arena *a, void *first, size_t first_size, size_t limit);
/* Lets it take so much more, and heals an overflow: an answer must always fit. */
void arena_extend(struct arena *a, size_t more);
/* Back to the first block; everything handed out is gone. */
void arena_reset(struct arena *a);
/* A new block, and the first `size` bytes of it. */
void *arena_grow(struct arena *a, size_t size);
/* A copy that ends in NUL (not counted in len); STR_NONE after overflow. */
struct str arena_copy(struct arena *a, struct str s);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Not zeroed, not aligned: texts that are taken one after the other stand one behind the other, as
 * long as a block has room. NULL only after overflow. */
static inline char *
arena_text(struct arena *a, size_t size)
{
	char *p = a->at;

	if (unlikely(p == NULL || (size_t)(a->end - p) < size))
		return arena_grow(a, size);
	a->at = p + size;
	return p;
}

/* The same, aligned to 8 bytes. */
static inline void *
arena_take(struct arena *a, size_t size)
{
	size_t skipped = -(uintptr_t)a->at & 7;
	char *p = arena_text(a, size + skipped);

	return likely(p != NULL) ? p + (-(uintptr_t)p & 7) : NULL;
}

/* Gives back, of what was taken last, all from `end` on. */
static inline void
arena_trim(struct arena *a, void *end)
{
	a->at = end;
}

static inline bool
arena_full(const struct arena *a)
{
	return a->full;
}

#endif
