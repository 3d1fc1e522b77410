#include "io/pump.h"

enum {
	PUMP_SHARE = 16,          /* steps a turn, then others have theirs */
	PUMP_TRICKLE = 16 * 1024, /* a piece of bulk smaller than this is none */
	PUMP_TRICKLES = 3,        /* so many of them in a row end it */
};

void
pump_open(struct pump *p, struct conn *from, struct conn *to)
{
	*p = (struct pump){.from = from, .to = to};
}

static void
pump_hold(struct pump *p, struct chunk *c, uint32_t off, uint32_t len)
{
	ASSERT(p->held.chunk == NULL);
	c->refs++;
	p->held = (struct slice){c, off, len};
}

void
pump_push(struct pump *p, struct loop *l, struct str text)
{
	struct chunk *c = chunk_take(&l->chunks.small);

	memcpy(c->bytes, text.p, text.len);
	pump_hold(p, c, 0, (uint32_t)text.len);
	chunk_unref(c);
}

void
pump_take(struct pump *p, struct slices *rest)
{
	if (rest->n == 0)
		return;
	ASSERT(rest->n == 1); /* what one read buffer held */
	p->bytes += rest->bytes;
	pump_hold(p, slices_first(rest)->chunk, slices_first(rest)->off, slices_first(rest)->len);
	slices_clear(rest);
}

void
pump_close(struct pump *p)
{
	if (p->held.chunk != NULL)
		chunk_unref(p->held.chunk);
	p->held = (struct slice){0};
}

/* Writes what is held. IO_DONE: nothing is held any more. */
static enum io
pump_write_held(struct pump *p)
{
	struct slice *held = &p->held;

	while (held->chunk != NULL) {
		size_t put;
		enum io io;

		if (!p->to->may_write)
			return IO_MORE;
		if (chunk_is_pipe(held->chunk))
			io = pipe_drain(held->chunk, p->to, held->len, &put);
		else
			io = conn_write(p->to,
			    &(struct iovec){held->chunk->bytes + held->off, held->len}, 1, &put);
		if (io == IO_FAILED)
			return IO_FAILED;
		held->off += (uint32_t)put;
		held->len -= (uint32_t)put;
		if (held->len == 0) {
			chunk_unref(held->chunk);
			held->chunk = NULL;
		}
	}
	return p->to->held == 0 ? IO_DONE : !p->to->may_write ? IO_MORE : conn_flush(p->to);
}

/* One read through memory; the chunk is back in its pool before anybody else wants one. A large one
 * that was filled shows bulk. */
static enum io
pump_copy(struct pump *p, struct loop *l)
{
	struct conn *from = p->from;
	struct chunk *c = chunk_take(from->large ? &l->chunks.large : &l->chunks.small);
	size_t got;
	enum io io = conn_read(from, c->bytes, c->size, &got);

	if (io == IO_DONE) {
		p->bulk = from->large && got == c->size && !from->tls && !p->to->tls;
		p->trickles = 0;
		from->large = got == c->size || (from->large && got > BUF_SMALL / 2);
		p->bytes += got;
		pump_hold(p, c, 0, (uint32_t)got);
	}
	chunk_unref(c);
	return io;
}

static enum io
pump_splice(struct pump *p, struct loop *l)
{
	struct chunk *c = pipe_take(l);
	size_t got;
	enum io io;

	if (c == NULL)
		return pump_copy(p, l);
	io = pipe_fill(c, p->from, PIPE_SIZE, &got);
	if (io == IO_DONE) {
		p->trickles = got < PUMP_TRICKLE ? p->trickles + 1 : 0;
		p->bulk = p->trickles < PUMP_TRICKLES;
		p->bytes += got;
		pump_hold(p, c, 0, (uint32_t)got);
	}
	chunk_unref(c);
	return io;
}

static enum io
pump_step(struct pump *p, struct loop *l)
{
	enum io io = pump_write_held(p);

	if (io != IO_DONE)
		return io;
	if (p->eof) {
		conn_finish(p->to);
		p->ended = true;
		return IO_EOF;
	}
	if (!p->from->may_read)
		return IO_MORE;
	io = p->bulk ? pump_splice(p, l) : pump_copy(p, l);
	if (io == IO_EOF)
		p->eof = true;
	else if (io != IO_DONE)
		return io;
	return IO_DONE;
}

enum io
pump_run(struct pump *p, struct loop *l)
{
	enum io io = IO_DONE;

	for (unsigned i = 0; i < PUMP_SHARE && io == IO_DONE && !p->ended && !p->failed; i++)
		io = pump_step(p, l);
	p->failed = p->failed || io == IO_FAILED;
	return p->failed ? IO_FAILED : p->ended ? IO_EOF : io;
}
