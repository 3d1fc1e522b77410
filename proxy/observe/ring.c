/* Positions count bytes for ever; a position's place is its low bits. A reservation that would
 * cross the end of the storage starts at its beginning instead, and the bytes skipped over are
 * part of what is held until the reader has come by:
 *
 *	place   0        written                    read      skipped_at     size
 *	        |=========>..........................|===========|------------|
 *
 * At most one skip lies between read and written: for a second one the writer would have to come
 * round to where the first still holds the space. So one field tells the reader where it is. */
#include "observe/ring.h"

#include <stdatomic.h>
#include <stdlib.h>

struct ring {
	size_t size;
	char *bytes; /* owned */
	/* written by the writer */
	CACHE_ALIGNED _Atomic uint64_t written;
	_Atomic uint64_t skipped_at; /* void from here to the next multiple of size */
	uint64_t dropped;            /* read by any thread */
	uint64_t seen_read; /* the reader's position when last looked at: never ahead of it */
	uint64_t start;     /* of the reservation */
	size_t reserved;
	/* written by the reader */
	CACHE_ALIGNED _Atomic uint64_t read;
};

struct ring *
ring_new(size_t size)
{
	struct ring *r;

	ASSERT(size > 0 && (size & (size - 1)) == 0);
	r = aligned_alloc(CACHE_LINE, sizeof(*r));
	ASSERT(r != NULL);
	memset(r, 0, sizeof(*r));
	r->size = size;
	r->bytes = xmalloc(size);
	atomic_store(&r->skipped_at, UINT64_MAX);
	return r;
}

void
ring_free(struct ring **r)
{
	if (*r == NULL)
		return;
	free((*r)->bytes);
	free(*r);
	*r = NULL;
}

/* The first position of the lap after the one `at` lies in. */
static inline uint64_t
ring_next_lap(const struct ring *r, uint64_t at)
{
	return (at | (r->size - 1)) + 1;
}

char *
ring_reserve(struct ring *r, size_t max)
{
	uint64_t written = atomic_load_explicit(&r->written, memory_order_relaxed);
	uint64_t start = written;

	ASSERT(max <= r->size / 2); /* else an empty ring might not take it */
	if (ring_next_lap(r, written) - written < max)
		start = ring_next_lap(r, written);
	if (start + max - r->seen_read > r->size) {
		r->seen_read = atomic_load_explicit(&r->read, memory_order_acquire);
		if (start + max - r->seen_read > r->size) {
			COUNTER_ADD(r->dropped, 1);
			return NULL;
		}
	}
	r->start = start;
	r->reserved = max;
	return r->bytes + (start & (r->size - 1));
}

void
ring_commit(struct ring *r, size_t used)
{
	uint64_t written = atomic_load_explicit(&r->written, memory_order_relaxed);

	ASSERT(used <= r->reserved);
	r->reserved = 0;
	if (used == 0)
		return;
	if (r->start != written)
		atomic_store_explicit(&r->skipped_at, written, memory_order_relaxed);
	atomic_store_explicit(&r->written, r->start + used, memory_order_release);
}

/* Where the oldest byte is, and in *len how many follow it without a gap. */
static uint64_t
ring_front(const struct ring *r, size_t *len)
{
	uint64_t written = atomic_load_explicit(&r->written, memory_order_acquire);
	uint64_t read = atomic_load_explicit(&r->read, memory_order_relaxed);
	uint64_t skipped = atomic_load_explicit(&r->skipped_at, memory_order_relaxed);
	uint64_t end;

	/* A skip newer than `written` may be seen here already: it lies at or behind written. */
	if (read == skipped && read < written)
		read = ring_next_lap(r, read);
	end = ring_next_lap(r, read);
	if (skipped > read && skipped < end)
		end = skipped;
	if (end > written)
		end = written;
	*len = (size_t)(end - read);
	return read;
}

struct str
ring_peek(const struct ring *r)
{
	size_t len;
	uint64_t at = ring_front(r, &len);

	return str_of(r->bytes + (at & (r->size - 1)), len);
}

void
ring_consume(struct ring *r, size_t n)
{
	size_t len;
	uint64_t at;

	if (n == 0)
		return;
	at = ring_front(r, &len);
	ASSERT(n <= len);
	atomic_store_explicit(&r->read, at + n, memory_order_release);
}

uint64_t
ring_dropped(const struct ring *r)
{
	return COUNTER_READ(r->dropped);
}
