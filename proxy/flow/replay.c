#include "flow/replay.h"

#include <stdlib.h>

static struct slice *
replay_pieces(struct replay *r)
{
	return r->more != NULL ? r->more : r->few;
}

/* One more piece, or a longer last one when they touch. */
static void
replay_add(struct replay *r, struct chunk *c, uint32_t off, uint32_t len)
{
	struct slice *last = r->n > 0 ? &replay_pieces(r)[r->n - 1] : NULL;

	r->bytes += len;
	if (last != NULL && last->chunk == c && last->off + last->len == off) {
		last->len += len;
		return;
	}
	if (r->n == (r->more != NULL ? r->room : REPLAY_FEW)) {
		r->room = 2 * r->n;
		r->more = xrealloc(r->more, r->room * sizeof(*r->more));
		if (r->n == REPLAY_FEW)
			memcpy(r->more, r->few, sizeof(r->few));
	}
	c->refs++;
	replay_pieces(r)[r->n++] = (struct slice){c, off, len};
}

/* A small piece would hold a whole chunk. */
static void
replay_copy(struct replay *r, struct slab *chunks, const char *bytes, uint32_t len)
{
	if (r->tail == NULL || r->tail->size - r->tail_len < len) {
		if (r->tail != NULL)
			chunk_unref(r->tail);
		r->tail = chunk_take(chunks);
		r->tail_len = 0;
	}
	memcpy(r->tail->bytes + r->tail_len, bytes, len);
	replay_add(r, r->tail, r->tail_len, len);
	r->tail_len += len;
}

bool
replay_keep(
    struct replay *r, struct slab *chunks, const struct slices *body, size_t n, uint64_t max)
{
	if (r->bytes + n > max)
		return false;
	for (uint32_t i = 0; n > 0; i++) {
		const struct slice *s = &body->v[(body->first + i) % BUF_SLICES];
		uint32_t len = s->len < n ? s->len : (uint32_t)n;

		ASSERT(i < body->n);
		if (len <= BUF_COPY)
			replay_copy(r, chunks, s->chunk->bytes + s->off, len);
		else
			replay_add(r, s->chunk, s->off, len);
		n -= len;
	}
	r->next = r->n;
	return true;
}

/* Whole pieces: each is bounded by its chunk. */
void
replay_give(struct replay *r, struct slices *to, size_t room)
{
	const struct slice *v = replay_pieces(r);
	size_t given = 0;

	while (r->next < r->n && given < room &&
	       slices_add(to, v[r->next].chunk, v[r->next].off, v[r->next].len))
		given += v[r->next++].len;
}

void
replay_drop(struct replay *r)
{
	struct slice *v = replay_pieces(r);

	for (uint32_t i = 0; i < r->n; i++)
		chunk_unref(v[i].chunk);
	if (r->tail != NULL)
		chunk_unref(r->tail);
	free(r->more);
	*r = (struct replay){.n = 0};
}
