#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_BLOCK = 4096 };

struct arena_block {
	struct arena_block *next;
	size_t size;
	char bytes[];
};

void
arena_init(struct arena *a, void *first, size_t first_size, size_t limit)
{
	*a = (struct arena){
	    .at = first,
	    .end = first ? (char *)first + first_size : NULL,
	    .first = first,
	    .first_size = first_size,
	    .left = limit,
	};
}

void
arena_extend(struct arena *a, size_t more)
{
	a->left += more;
	a->full = false;
}

void
arena_reset(struct arena *a)
{
	struct arena_block *b;

	while ((b = a->blocks) != NULL) {
		a->blocks = b->next;
		a->left += b->size;
		free(b);
	}
	a->at = a->first;
	a->end = a->first ? a->first + a->first_size : NULL;
	a->full = false;
}

void *
arena_grow(struct arena *a, size_t size)
{
	size_t want = sizeof(struct arena_block) + size;
	struct arena_block *b;

	if (want < ARENA_BLOCK)
		want = ARENA_BLOCK;
	if (a->full || want < size || want > a->left) {
		a->full = true;
		return NULL;
	}
	a->left -= want;
	b = xmalloc(want);
	b->next = a->blocks;
	b->size = want;
	a->blocks = b;
	a->at = b->bytes + size;
	a->end = (char *)b + want;
	return b->bytes;
}

struct str
arena_copy(struct arena *a, struct str s)
{
	char *p = arena_take(a, s.len + 1);

	if (p == NULL)
		return STR_NONE;
	if (s.len > 0)
		memcpy(p, s.p, s.len);
	p[s.len] = '\0';
	return str_of(p, s.len);
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	ASSERT(n >= 0);
	p = arena_take(a, (size_t)n + 1);
	if (p == NULL)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap); /* measured just above */
	va_end(ap);
	return p;
}
