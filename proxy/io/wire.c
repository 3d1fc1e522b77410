#include "io/wire.h"

#include "io/pipe.h"

/* Slots kept free of body slices, so that text (a chunk's size line, a last chunk) always fits. */
enum { WIRE_TEXT_SLOTS = 8 };

struct wire_queue {
	struct chunk *tail; /* ref; where text goes */
	uint32_t tail_used;
	uint32_t first, n;
	struct slice v[WIRE_SLICES];
};

void
wires_init(struct slab *s, size_t reserve)
{
	slab_init(s, sizeof(struct wire_queue), reserve);
}

static struct wire_queue *
wire_queue(struct wire *w, struct loop *l)
{
	struct wire_queue *q = w->queue;

	if (q == NULL) {
		q = w->queue = slab_take(&l->wires);
		q->tail = NULL;
		q->tail_used = q->first = q->n = 0;
	}
	return q;
}

static inline struct slice *
wire_at(struct wire_queue *q, uint32_t i)
{
	return &q->v[(q->first + i) % WIRE_SLICES];
}

static void
wire_add(struct wire *w, struct chunk *c, uint32_t off, uint32_t len)
{
	struct wire_queue *q = w->queue;
	struct slice *last = wire_at(q, q->n - 1);

	w->bytes += len;
	if (q->n > 0 && last->chunk == c && last->off + last->len == off) {
		last->len += len;
		return;
	}
	ASSERT(q->n < WIRE_SLICES);
	c->refs++;
	*wire_at(q, q->n++) = (struct slice){c, off, len};
}

char *
wire_reserve(struct wire *w, struct loop *l, size_t n)
{
	struct wire_queue *q = wire_queue(w, l);

	ASSERT(n <= WIRE_TEXT_MAX);
	if (q->tail == NULL || q->tail->size - q->tail_used < n) {
		if (q->tail != NULL)
			chunk_unref(q->tail);
		q->tail = chunk_take(&l->chunks.small);
		q->tail_used = 0;
	}
	return q->tail->bytes + q->tail_used;
}

void
wire_wrote(struct wire *w, size_t n)
{
	struct wire_queue *q = w->queue;

	if (n == 0)
		return;
	ASSERT(n <= q->tail->size - q->tail_used);
	wire_add(w, q->tail, q->tail_used, (uint32_t)n);
	q->tail_used += (uint32_t)n;
}

void
wire_text(struct wire *w, struct loop *l, struct str text)
{
	while (text.len > 0) {
		size_t n = text.len < WIRE_TEXT_MAX ? text.len : WIRE_TEXT_MAX;

		memcpy(wire_reserve(w, l, n), text.p, n);
		wire_wrote(w, n);
		text = str_of(text.p + n, text.len - n);
	}
}

bool
wire_has_room(const struct wire *w)
{
	return w->queue == NULL || w->queue->n < WIRE_SLICES - WIRE_TEXT_SLOTS;
}

size_t
wire_slices(struct wire *w, struct loop *l, struct slices *from, size_t max)
{
	size_t moved = 0;

	(void)wire_queue(w, l);
	/* The first one always goes: the caller has asked for room, and perhaps said its size. */
	while (from->n > 0 && moved < max && (moved == 0 || wire_has_room(w))) {
		struct slice *s = slices_first(from);
		size_t len = s->len < max - moved ? s->len : max - moved;

		if (len <= BUF_COPY && !chunk_is_pipe(s->chunk))
			wire_text(w, l, str_of(s->chunk->bytes + s->off, len));
		else
			wire_add(w, s->chunk, s->off, (uint32_t)len);
		slices_drop(from, len);
		moved += len;
	}
	return moved;
}

static void
wire_drop(struct wire *w, size_t n)
{
	struct wire_queue *q = w->queue;

	w->bytes -= n;
	while (n > 0) {
		struct slice *s = wire_at(q, 0);

		if (n < s->len) {
			s->off += (uint32_t)n;
			s->len -= (uint32_t)n;
			return;
		}
		n -= s->len;
		chunk_unref(s->chunk);
		q->first = (q->first + 1) % WIRE_SLICES;
		q->n--;
	}
}

void
wire_clear(struct wire *w, struct loop *l)
{
	struct wire_queue *q = w->queue;

	if (q == NULL)
		return;
	for (uint32_t i = 0; i < q->n; i++)
		chunk_unref(wire_at(q, i)->chunk);
	if (q->tail != NULL)
		chunk_unref(q->tail);
	slab_give(&l->wires, q);
	w->queue = NULL;
	w->bytes = 0;
}

/* As many slices as there are before the next pipe. */
static enum io
wire_send_memory(struct wire_queue *q, struct conn *c, size_t *put)
{
	struct iovec iov[WIRE_SLICES] UNSET;
	uint32_t n = 0;
	enum io io;

	for (; n < q->n; n++) {
		struct slice *s = wire_at(q, n);

		if (chunk_is_pipe(s->chunk))
			break;
		iov[n] = (struct iovec){s->chunk->bytes + s->off, s->len};
	}
	c->more = n < q->n;
	io = conn_write(c, iov, (int)n, put);
	c->more = false;
	return io;
}

/* The front of the queue, or what the transport still holds when that is all. */
static enum io
wire_send_front(struct wire_queue *q, struct conn *c, size_t *put)
{
	*put = 0;
	if (q == NULL)
		return conn_flush(c);
	if (chunk_is_pipe(wire_at(q, 0)->chunk))
		return pipe_drain(wire_at(q, 0)->chunk, c, wire_at(q, 0)->len, put);
	return wire_send_memory(q, c, put);
}

enum io
wire_send(struct wire *w, struct conn *c)
{
	while (wire_waits(w, c) && c->may_write) {
		size_t put;

		if (wire_send_front(w->bytes > 0 ? w->queue : NULL, c, &put) == IO_FAILED) {
			wire_clear(w, c->loop);
			return IO_FAILED;
		}
		if (put > 0 && put < w->bytes)
			wire_drop(w, put);
		else if (put > 0)
			wire_clear(w, c->loop);
	}
	if (wire_waits(w, c))
		return IO_MORE;
	wire_clear(w, c->loop);
	return IO_DONE;
}
