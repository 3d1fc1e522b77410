/* slab - objects of one size for one thread: a LIFO free list, so that the next object taken is
 * the one still warm in the cache. Never shared between threads. Memory goes back to the system
 * only down to a kept reserve, when many objects are free. */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include "base/base.h"

struct slab_free {
	struct slab_free *next;
};

struct slab {
	struct slab_free *free;
	size_t size;
	size_t kept;    /* objects on the free list */
	size_t reserve; /* above this many, a given object goes to free() */
	size_t in_use;  /* for leak tests and the status page */
};

/* size: bytes of one object; reserve: how many free ones to keep. */
void slab_init(struct slab *s, size_t size, size_t reserve);
/* Frees the free list; asserts that nothing is in use. */
void slab_fini(struct slab *s);
/* One that is not on the free list. */
void *slab_grow(struct slab *s) COLD;

/* Not zeroed, aligned to 16. Never NULL. */
static inline void *
slab_take(struct slab *s)
{
	struct slab_free *f = s->free;

	s->in_use++;
	if (unlikely(f == NULL))
		return slab_grow(s);
	s->free = f->next;
	s->kept--;
	return f;
}

void slab_give(struct slab *s, void *object);

#endif
