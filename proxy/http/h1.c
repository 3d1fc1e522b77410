/* h1 - the HTTP/1 codec, either side: one stream after the other on a conn.
 *
 * Here streams begin and end and messages leave; h1_in.c reads.
 *
 *	H1_HEAD --> H1_LENGTH | H1_CHUNKS --> H1_TRAILERS | H1_CLOSE --> H1_END --stream_end-->
 *H1_HEAD
 */
#include "http/h1_parts.h"
#include "http/h1_write.h"

#include <stdlib.h>

enum { H1_HEAD_USUAL = 2048 }; /* so much room is made for a head before it is measured */

static void
h1_flush_run(struct task *t)
{
	struct codec *c = container_of(t, struct codec, flush);

	(void)c->ops->flush(c); /* what went wrong is in the codec and its stream */
}

static struct codec *
h1_open(struct conn *conn, const struct codec_spec *spec)
{
	struct h1 *h = slab_take(&spec->slabs->h1);

	*h = (struct h1){
	    .codec = {
		.ops = &codec_h1, .spec = spec, .conn = conn, .flush = {.run = h1_flush_run}}};
	return &h->codec;
}

void
h1_forget_input(struct h1 *h)
{
	if (h->in != NULL)
		chunk_unref(h->in);
	h->in = NULL;
	h->start = h->end = 0;
	h->scanned = 0;
}

static void
h1_stream_free(struct h1 *h)
{
	struct stream *s = h->stream;

	if (s == NULL)
		return;
	slices_clear(&s->in.body);
	slices_clear(&s->out.body);
	if (s->arena == &s->own)
		arena_reset(&s->own);
	if (h->codec.fresh == s)
		h->codec.fresh = NULL;
	h->stream = NULL;
	slab_give(&h->codec.spec->slabs->streams, s);
}

void
h1_end_with(struct h1 *h, enum fault why)
{
	h->codec.done = true;
	if (h->codec.fault == FAULT_none)
		h->codec.fault = why;
	if (h->stream != NULL && h->stream->fault == FAULT_none) {
		h->stream->fault = why;
		stream_news(h->stream, h->codec.conn->loop);
	}
}

static void
h1_close(struct codec **cp)
{
	struct h1 *h = h1_of(*cp);

	*cp = NULL;
	task_unlist(h->codec.conn->loop, &h->codec.flush);
	h1_stream_free(h);
	h1_forget_input(h);
	wire_clear(&h->codec.wire, h->codec.conn->loop);
	slab_give(&h->codec.spec->slabs->h1, h);
}

void
codec_detach(struct codec **cp, struct slices *rest)
{
	struct h1 *h = h1_of(*cp);

	ASSERT(h->codec.ops == &codec_h1);
	if (h->start < h->end)
		ASSERT(slices_add(rest, h->in, h->start, h->end - h->start));
	h1_close(cp);
}

struct stream *
h1_stream_new(struct h1 *h)
{
	struct stream *s = slab_take(&h->codec.spec->slabs->streams);

	memset(s, 0, offsetof(struct stream, first));
	s->codec = &h->codec;
	s->reused = h->reused;
	h->stream = s;
	h->head_out = h->end_out = false;
	h->interims = 0;
	return s;
}

static struct stream *
h1_stream_open(struct codec *c, struct arena *arena, struct task *owner)
{
	struct h1 *h = h1_of(c);
	struct stream *s;

	if (h->stream != NULL || c->done)
		return NULL;
	s = h1_stream_new(h);
	s->arena = arena;
	s->owner = owner;
	return s;
}

static uint32_t
h1_room(struct codec *c)
{
	const struct h1 *h = h1_of(c);

	return h->stream == NULL && !c->done ? 1 : 0;
}

/* The conn may serve another message after this one. */
static bool
h1_may_go_on(const struct h1 *h, enum fault why)
{
	const struct stream *s = h->stream;

	/* An endpoint that was asked to switch and would not may think otherwise: not used again.
	 */
	return why == FAULT_none && s->fault == FAULT_none && h->at == H1_END && h->end_out &&
	       !h->codec.done && s->in.keep_alive && !s->out.upgrade && !h->last && !h->deaf;
}

static void
h1_stream_end(struct stream **sp, enum fault why)
{
	struct h1 *h = h1_of((*sp)->codec);
	bool upstream = h->codec.spec->side == SIDE_UPSTREAM;

	*sp = NULL;
	h->codec.quiet = false;
	h->codec.unread = h->codec.unread || h->at != H1_END || h->start < h->end;
	h->codec.cut = h->head_out && !h->end_out && h->stream->out.kind == BODY_CLOSE;
	/* Bytes behind a response were sent before anything was asked: never to be believed. */
	if (!h1_may_go_on(h, why) || (upstream && (h->start < h->end || codec_waits(&h->codec))))
		h->codec.done = true;
	h1_stream_free(h);
	h->at = H1_HEAD;
	h->reused = true;
	if (h->codec.done)
		loop_ready(h->codec.conn->loop, &h->codec.conn->task); /* to be closed */
	else if (h->start < h->end || h->codec.conn->may_read)
		loop_again(h->codec.conn->loop, &h->codec.conn->task); /* pipelined requests */
}

/* ---- writing ---- */

static enum h1_connection
h1_connection(struct h1 *h)
{
	struct stream *s = h->stream;
	const struct head *asked = s->in.head;

	if (h->codec.spec->side == SIDE_UPSTREAM)
		return H1_CONNECTION_NONE;
	if (!s->in.keep_alive || *h->codec.spec->draining || h->codec.done ||
	    s->out.kind == BODY_CLOSE) {
		h->last = true;
		return H1_CONNECTION_CLOSE;
	}
	return asked->minor == 0 ? H1_CONNECTION_KEEP_ALIVE : H1_CONNECTION_NONE;
}

/* One that is larger than usual, so that its size has to be known. */
static COLD void
h1_wire_large_head(struct h1 *h, const struct head *head, const struct h1_frame *frame)
{
	struct wire *w = &h->codec.wire;
	struct loop *l = h->codec.conn->loop;
	size_t size = h1_write_size(head);
	char *p = size <= WIRE_TEXT_MAX ? wire_reserve(w, l, size) : xmalloc(size);
	char *end = h1_write_head(p, size, head, frame);

	ASSERT(end != NULL);
	if (size <= WIRE_TEXT_MAX) {
		wire_wrote(w, (size_t)(end - p));
		return;
	}
	wire_text(w, l, str_of(p, (size_t)(end - p)));
	free(p);
}

static void
h1_wire_head(
    struct h1 *h, const struct head *head, const struct message *m, enum h1_connection connection)
{
	struct h1_frame frame = {
	    .kind = m->kind,
	    .length = m->length,
	    .upgrade = m->upgrade && (head->status == 0 || head->status == 101),
	    .connection = connection,
	};
	char *p = wire_reserve(&h->codec.wire, h->codec.conn->loop, H1_HEAD_USUAL), *end;

	end = h1_write_head(p, H1_HEAD_USUAL, head, &frame);
	if (likely(end != NULL))
		wire_wrote(&h->codec.wire, (size_t)(end - p));
	else
		h1_wire_large_head(h, head, &frame);
}

static void
h1_wire_interim(struct h1 *h, struct message *out)
{
	static const struct message no_body = {.kind = BODY_NONE};

	h1_wire_head(h, out->interim, &no_body, H1_CONNECTION_NONE);
	out->interim = NULL;
	if (h->stream->owner != NULL) /* the next one, if there is one, in the next turn */
		loop_again(h->codec.conn->loop, h->stream->owner);
}

static void
h1_out_head(struct h1 *h)
{
	struct message *out = &h->stream->out;

	if (h->codec.spec->side == SIDE_CLIENT && h->stream->in.head != NULL &&
	    h->stream->in.head->minor == 0 && out->kind == BODY_CHUNKED)
		out->kind = BODY_CLOSE; /* RFC 9112 section 6.1: 1.0 knows no chunks */
	h1_wire_head(h, out->head, out, h1_connection(h));
	h->head_out = true;
}

static void
h1_out_body(struct h1 *h)
{
	struct message *out = &h->stream->out;
	struct wire *w = &h->codec.wire;
	struct loop *l = h->codec.conn->loop;

	while (out->body.bytes > 0 && wire_has_room(w) && w->bytes < STREAM_WINDOW) {
		if (out->kind == BODY_CHUNKED) {
			size_t n = slices_first(&out->body)->len;
			char *p = wire_reserve(w, l, H1_CHUNK_LINE);

			wire_wrote(w, (size_t)(h1_write_chunk_line(p, n) - p));
			out->bytes += wire_slices(w, l, &out->body, n);
			wire_text(w, l, STR("\r\n"));
		} else {
			out->bytes += wire_slices(w, l, &out->body, out->body.bytes);
		}
	}
}

static void
h1_wire_fields(struct wire *w, struct loop *l, const struct fields *fields)
{
	size_t size = h1_fields_size(fields);
	char *p = xmalloc(size);

	wire_text(w, l, str_of(p, (size_t)(h1_write_fields(p, fields) - p)));
	free(p);
}

static void
h1_out_end(struct h1 *h)
{
	struct message *out = &h->stream->out;
	struct wire *w = &h->codec.wire;
	struct loop *l = h->codec.conn->loop;

	h->end_out = true;
	if (out->kind == BODY_CHUNKED) {
		wire_text(w, l, STR("0\r\n"));
		if (out->trailers != NULL)
			h1_wire_fields(w, l, out->trailers);
		wire_text(w, l, STR("\r\n"));
	} else if (out->kind == BODY_CLOSE) {
		h->codec.done = true;
	}
	/* Less than was promised: only a cut connection says so to the peer. */
	if (out->kind == BODY_LENGTH && out->bytes != out->length)
		h1_end_with(h, FAULT_http_response_incomplete);
}

/* What the messages hand over goes to the wire, in order. */
static void
h1_serialise(struct h1 *h)
{
	struct message *out = &h->stream->out;

	if (out->interim != NULL && !h->head_out) {
		if (!wire_has_room(&h->codec.wire))
			return; /* nor may anything overtake it */
		h1_wire_interim(h, out);
	}
	if (!h->head_out && out->at != AT_HEAD)
		h1_out_head(h);
	if (h->head_out && !h->end_out) {
		h1_out_body(h);
		if (out->at == AT_DONE && out->body.bytes == 0)
			h1_out_end(h);
	}
}

static void
h1_peer_deaf(struct h1 *h)
{
	h->deaf = true;
	h->codec.conn->may_read = true; /* it may have answered before it closed */
	if (h->codec.spec->side == SIDE_UPSTREAM) {
		loop_again(h->codec.conn->loop, &h->codec.conn->task);
		return;
	}
	h1_end_with(h, FAULT_client_gone);
	if (h->stream != NULL) { /* nothing more can leave */
		h->stream->sent = true;
		stream_news(h->stream, h->codec.conn->loop);
	}
}

static enum io
h1_flush(struct codec *c)
{
	struct h1 *h = h1_of(c);
	struct stream *s = h->stream;
	enum io io;

	if (h->deaf) { /* swallow, so that the owner goes on to read */
		if (s != NULL) {
			slices_clear(&s->out.body);
			s->out.full = false;
			stream_news(s, c->conn->loop);
		}
		return IO_FAILED;
	}
	do {
		if (s != NULL)
			h1_serialise(h);
		io = wire_send(&c->wire, c->conn);
	} while (io == IO_DONE && s != NULL &&
		 (s->out.body.bytes > 0 || (s->out.interim != NULL && !h->head_out)));
	if (io == IO_FAILED)
		h1_peer_deaf(h);
	if (s == NULL)
		return io;
	if (s->out.full && message_room(&s->out) > 0) {
		s->out.full = false;
		stream_news(s, c->conn->loop);
	}
	if (h->end_out && io == IO_DONE && !s->sent) {
		s->sent = true;
		if (c->spec->side == SIDE_CLIENT) /* that a request has left moves nothing */
			stream_news(s, c->conn->loop);
	}
	return io;
}

const struct codec_ops codec_h1 = {
    .size = sizeof(struct h1),
    .major = 1,
    .open = h1_open,
    .close = h1_close,
    .stream_open = h1_stream_open,
    .room = h1_room,
    .stream_end = h1_stream_end,
    .feed = h1_feed,
    .flush = h1_flush,
    .fail = h1_fail,
};
