#include "base/slab.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define SLAB_REUSES false /* let the sanitizer see every object's birth and death */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLAB_REUSES false
#endif
#endif
#ifndef SLAB_REUSES
#define SLAB_REUSES true
#endif

void
slab_init(struct slab *s, size_t size, size_t reserve)
{
	*s =
	    (struct slab){.size = size < sizeof(struct slab_free) ? sizeof(struct slab_free) : size,
		.reserve = SLAB_REUSES ? reserve : 0};
}

void
slab_fini(struct slab *s)
{
	ASSERT(s->in_use == 0);
	while (s->free != NULL) {
		struct slab_free *f = s->free;

		s->free = f->next;
		free(f);
	}
	s->kept = 0;
}

void *
slab_grow(struct slab *s)
{
	return xmalloc(s->size);
}

void
slab_give(struct slab *s, void *object)
{
	struct slab_free *f = object;

	if (object == NULL)
		return;
	s->in_use--;
	if (s->kept >= s->reserve) {
		free(f);
		return;
	}
	f->next = s->free;
	s->free = f;
	s->kept++;
}
