#include "io/buf.h"

/* How many free chunks a thread keeps: enough for a busy turn, little enough to forget a peak. */
enum { BUF_RESERVE_SMALL = 64, BUF_RESERVE_LARGE = 64 };

void
chunks_init(struct chunks *c)
{
	slab_init(&c->small, BUF_SMALL, BUF_RESERVE_SMALL);
	slab_init(&c->large, BUF_LARGE, BUF_RESERVE_LARGE);
}

void
chunks_fini(struct chunks *c)
{
	slab_fini(&c->small);
	slab_fini(&c->large);
}

bool
slices_add(struct slices *q, struct chunk *c, uint32_t off, uint32_t len)
{
	if (len == 0)
		return true;
	if (q->n > 0) {
		struct slice *last = &q->v[(q->first + q->n - 1) % BUF_SLICES];

		if (last->chunk == c && last->off + last->len == off) {
			last->len += len;
			q->bytes += len;
			return true;
		}
	}
	if (slices_full(q))
		return false;
	c->refs++;
	q->v[(q->first + q->n++) % BUF_SLICES] = (struct slice){c, off, len};
	q->bytes += len;
	return true;
}

void
slices_drop(struct slices *q, size_t n)
{
	ASSERT(n <= q->bytes);
	q->bytes -= n;
	while (n > 0) {
		struct slice *s = slices_first(q);

		if (n < s->len) {
			s->off += (uint32_t)n;
			s->len -= (uint32_t)n;
			return;
		}
		n -= s->len;
		chunk_unref(s->chunk);
		q->first = (q->first + 1) % BUF_SLICES;
		q->n--;
	}
}

size_t
slices_share(struct slices *to, const struct slices *from, size_t max)
{
	size_t moved = 0;

	for (uint32_t i = 0; i < from->n && moved < max; i++) {
		const struct slice *s = &from->v[(from->first + i) % BUF_SLICES];
		size_t len = s->len < max - moved ? s->len : max - moved;

		if (!slices_add(to, s->chunk, s->off, (uint32_t)len))
			break;
		moved += len;
	}
	return moved;
}

size_t
slices_move(struct slices *to, struct slices *from, size_t max)
{
	size_t moved = from->bytes;

	if (likely(to->n == 0 && moved <= max)) { /* the references go with them */
		*to = *from;
		from->n = 0;
		from->bytes = 0;
		return moved;
	}
	moved = slices_share(to, from, max);
	slices_drop(from, moved);
	return moved;
}
