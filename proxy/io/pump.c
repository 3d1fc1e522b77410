#include "io/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
	PUMP_SHARE = 8,           /* rounds a turn, then others have theirs */
	PUMP_PIPE = 1024 * 1024,  /* bytes asked for a pipe (the usual unprivileged maximum) */
	PUMP_TRICKLE = 16 * 1024, /* a splice of less than this is no bulk */
	PUMP_TRICKLES = 3,        /* so many of them in a row end it */
};

void
pump_open(struct pump *p, struct conn *from, struct conn *to)
{
	*p = (struct pump){.from = from, .to = to, .pipe = {-1, -1}};
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

static void
pump_pipe_close(struct pump *p)
{
	if (p->pipe[0] < 0)
		return;
	close(p->pipe[0]);
	close(p->pipe[1]);
	p->pipe[0] = p->pipe[1] = -1;
	p->piped = 0;
}

/* Without a pipe it goes on copying: descriptors may be short. */
static void
pump_pipe_open(struct pump *p)
{
	if (pipe2(p->pipe, O_NONBLOCK | O_CLOEXEC) != 0) {
		p->pipe[0] = p->pipe[1] = -1;
		return;
	}
	(void)fcntl(p->pipe[1], F_SETPIPE_SZ, PUMP_PIPE); /* the default size serves too */
	p->trickles = 0;
}

void
pump_close(struct pump *p)
{
	if (p->from == NULL)
		return;
	if (p->held.chunk != NULL)
		chunk_unref(p->held.chunk);
	p->held = (struct slice){0};
	pump_pipe_close(p);
}

/* Writes what is held. IO_DONE: nothing is held any more. */
static enum io
pump_write_held(struct pump *p)
{
	while (p->held.chunk != NULL) {
		struct iovec iov = {p->held.chunk->bytes + p->held.off, p->held.len};
		size_t put;
		enum io io;

		if (!p->to->may_write)
			return IO_MORE;
		io = conn_write(p->to, &iov, 1, &put);
		if (io == IO_FAILED)
			return IO_FAILED;
		p->held.off += (uint32_t)put;
		p->held.len -= (uint32_t)put;
		if (p->held.len == 0) {
			chunk_unref(p->held.chunk);
			p->held.chunk = NULL;
		}
	}
	return IO_DONE;
}

/* One read, written at once; the chunk is back in its pool before anybody else wants one. */
static enum io
pump_copy(struct pump *p, struct loop *l)
{
	struct chunk *c;
	size_t got;
	enum io io;

	c = chunk_take(p->from->large ? &l->chunks.large : &l->chunks.small);
	io = conn_read(p->from, c->bytes, c->size, &got);
	if (io == IO_DONE) {
		if (p->from->large && got == c->size)
			pump_pipe_open(p);
		p->from->large = got == c->size || (p->from->large && got > BUF_SMALL / 2);
		p->bytes += got;
		pump_hold(p, c, 0, (uint32_t)got);
		io = pump_write_held(p);
	}
	chunk_unref(c);
	return io;
}

/* ---- bulk ---- */

static enum io
pump_unpipe(struct pump *p)
{
	while (p->piped > 0) {
		ssize_t n;

		if (!p->to->may_write)
			return IO_MORE;
		n = splice(
		    p->pipe[0], NULL, p->to->fd, NULL, p->piped, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n <= 0) {
			p->to->may_write = false;
			if (n < 0 && errno == EAGAIN) {
				conn_watch_write(p->to);
				return IO_MORE;
			}
			p->to->error = n < 0 ? errno : EPIPE;
			return IO_FAILED;
		}
		p->to->active_at = p->to->loop->now;
		p->piped -= (uint32_t)n;
	}
	return IO_DONE;
}

static enum io
pump_splice(struct pump *p)
{
	ssize_t n = splice(
	    p->from->fd, NULL, p->pipe[1], NULL, PUMP_PIPE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n > 0) {
		p->piped += (uint32_t)n;
		p->bytes += (uint64_t)n;
		p->from->active_at = p->from->loop->now;
		p->trickles = n < PUMP_TRICKLE ? p->trickles + 1 : 0;
		return pump_unpipe(p);
	}
	if (n == 0) {
		p->from->eof = true;
		p->from->may_read = false;
		return IO_EOF;
	}
	if (errno == EAGAIN) { /* the socket is empty: the pipe was */
		p->from->may_read = p->from->hup;
		return IO_MORE;
	}
	p->from->error = errno;
	p->from->may_read = false;
	return IO_FAILED;
}

/* ---- */

static enum io
pump_end(struct pump *p)
{
	if (!p->ended)
		conn_finish(p->to);
	p->ended = true;
	pump_pipe_close(p);
	return IO_EOF;
}

static enum io
pump_step(struct pump *p, struct loop *l)
{
	enum io io = p->piped > 0 ? pump_unpipe(p) : pump_write_held(p);

	if (io != IO_DONE)
		return io;
	if (p->eof)
		return pump_end(p);
	if (p->pipe[0] >= 0 && p->trickles > PUMP_TRICKLES)
		pump_pipe_close(p);
	if (!p->from->may_read)
		return IO_MORE;
	io = p->pipe[0] >= 0 ? pump_splice(p) : pump_copy(p, l);
	if (io == IO_EOF) {
		p->eof = true;
		return IO_DONE;
	}
	return io;
}

enum io
pump_run(struct pump *p, struct loop *l)
{
	enum io io = IO_DONE;

	if (p->failed)
		return IO_FAILED;
	for (unsigned i = 0; i < PUMP_SHARE && io == IO_DONE && !p->ended; i++)
		io = pump_step(p, l);
	p->failed = io == IO_FAILED;
	return p->ended ? IO_EOF : io;
}
