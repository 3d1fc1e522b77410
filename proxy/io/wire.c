#include "io/wire.h"

#include "io/pipe.h"

/* Slots kept free of body slices, so that text (a chunk's size line, a last chunk) always fits. */
enum { WIRE_TEXT_SLOTS = 8 };

struct wire_queue { /* a ring */
	uint32_t first, n;
	struct slice v[WIRE_SLICES];
};

void
wires_init(struct slab *s, size_t reserve)
{
	slab_init(s, sizeof(struct wire_queue), reserve);
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

/* Text alone is what stands last in the tail, and needs no queue: most heads leave like that, with
 * a small body behind them. From here on it is the queue's first slice. */
static void
wire_queue_begin(struct wire *w, struct loop *l)
{
	size_t text = w->bytes;

	w->queue = slab_take(&l->wires);
	w->queue->first = w->queue->n = 0;
	w->bytes = 0;
	if (text > 0)
		wire_add(w, w->tail, w->tail_used - (uint32_t)text, (uint32_t)text);
}

static void
wire_tail_begin(struct wire *w, struct loop *l)
{
	if (w->bytes > 0 && w->queue == NULL)
		wire_queue_begin(w, l);
	if (w->tail != NULL)
		chunk_unref(w->tail);
	w->tail = chunk_take(&l->chunks.small);
	w->tail_used = 0;
}

char *
wire_reserve(struct wire *w, struct loop *l, size_t n)
{
	ASSERT(n <= WIRE_TEXT_MAX);
	if (w->tail == NULL || w->tail->size - w->tail_used < n)
		wire_tail_begin(w, l);
	return w->tail->bytes + w->tail_used;
}

void
wire_wrote(struct wire *w, size_t n)
{
	ASSERT(n <= w->tail->size - w->tail_used);
	if (likely(w->queue == NULL))
		w->bytes += n;
	else if (n > 0)
		wire_add(w, w->tail, w->tail_used, (uint32_t)n);
	w->tail_used += (uint32_t)n;
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

	/* The first one always goes: the caller has asked for room, and perhaps said its size. */
	while (from->n > 0 && moved < max && (moved == 0 || wire_has_room(w))) {
		struct slice *s = slices_first(from);
		size_t len = s->len < max - moved ? s->len : max - moved;

		if (len <= BUF_COPY && !chunk_is_pipe(s->chunk)) {
			wire_text(w, l, str_of(s->chunk->bytes + s->off, len));
		} else {
			if (w->queue == NULL)
				wire_queue_begin(w, l);
			wire_add(w, s->chunk, s->off, (uint32_t)len);
		}
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
	while (q != NULL && n > 0) {
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

static void
wire_queue_end(struct wire *w, struct loop *l)
{
	struct wire_queue *q = w->queue;

	for (uint32_t i = 0; i < q->n; i++)
		chunk_unref(wire_at(q, i)->chunk);
	slab_give(&l->wires, q);
	w->queue = NULL;
}

void
wire_clear(struct wire *w, struct loop *l)
{
	if (unlikely(w->queue != NULL))
		wire_queue_end(w, l);
	if (w->tail != NULL)
		chunk_unref(w->tail);
	w->tail = NULL;
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

/* The front of what waits, or what the transport still holds when that is all. */
static enum io
wire_send_front(struct wire *w, struct conn *c, size_t *put)
{
	struct wire_queue *q = w->queue;
	struct slice *first;

	*put = 0;
	if (w->bytes == 0)
		return conn_flush(c);
	if (likely(q == NULL)) {
		struct iovec text = {w->tail->bytes + w->tail_used - w->bytes, w->bytes};

		return conn_write(c, &text, 1, put);
	}
	first = wire_at(q, 0);
	if (chunk_is_pipe(first->chunk))
		return pipe_drain(first->chunk, c, first->len, put);
	return wire_send_memory(q, c, put);
}

enum io
wire_send(struct wire *w, struct conn *c)
{
	while (wire_waits(w, c) && c->may_write) {
		size_t put;

		if (wire_send_front(w, c, &put) == IO_FAILED) {
			wire_clear(w, c->loop);
			return IO_FAILED;
		}
		if (put < w->bytes)
			wire_drop(w, put);
		else
			wire_clear(w, c->loop);
	}
	return wire_waits(w, c) ? IO_MORE : IO_DONE;
}
