/* h1_in - the reading half of the HTTP/1 codec. Three passes over the buffer: is it complete
 * (h1_head_size), is it well-formed (h1_parse), what does it mean (framing). A message that cannot
 * be told apart from the next one ends the conn; nothing behind it is looked at. */
#include "http/h1_parts.h"

enum {
	H1_FILLS = 4,       /* reads a turn, then others have theirs */
	H1_SPARE = 4096,    /* read behind what is buffered while this much room is left */
	H1_INTERIMS = 32,   /* 1xx answers to one request; an endpoint without end is refused */
	H1_EMPTY_LINES = 4, /* CRLFs skipped before a request line (RFC 9112 section 2.2: one) */
};

/* What a client that knows begins HTTP/2 with (RFC 9113 section 3.4). */
static const struct str h1_preface = STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

enum h1_step { H1_GO, /* look again */ H1_BYTES, /* more are needed */ H1_STOP };

static inline struct str
h1_buffered(const struct h1 *h)
{
	return h->in ? str_of(h->in->bytes + h->start, h->end - h->start) : STR_NONE;
}

static void
h1_in_done(struct h1 *h)
{
	h->at = H1_END;
	h->stream->in.at = AT_DONE;
	h->codec.quiet = true;
}

static void
h1_begin_body(struct h1 *h, struct message *in, const struct framing *framing)
{
	in->at = AT_BODY;
	in->kind = framing->kind;
	in->length = h->left = framing->length;
	in->keep_alive = framing->keep_alive;
	in->upgrade = framing->upgrade;
	switch (framing->kind) {
	case BODY_NONE:
		h1_in_done(h);
		break;
	case BODY_LENGTH:
		h->at = H1_LENGTH;
		break;
	case BODY_CHUNKED:
		h->at = H1_CHUNKS;
		h->chunked = (struct h1_chunked){0};
		break;
	case BODY_CLOSE:
		h->at = H1_CLOSE;
		break;
	}
}

/* The bytes of a head or of trailers: what is parsed from them is a copy in the arena, so that no
 * chunk is held while the exchange lives. */
static inline struct str
h1_take_head(struct h1 *h, size_t size)
{
	struct str bytes = str_of(h->in->bytes + h->start, size);

	h->start += (uint32_t)size;
	h->scanned = 0;
	h->codec.midway = false;
	return bytes;
}

/* A request that cannot be understood becomes a stream with a fault, so that it is answered and
 * logged like any other; the conn takes nothing more. */
static void
h1_request_bad(struct h1 *h, enum fault why)
{
	if (h->stream == NULL) {
		struct stream *s = h1_stream_new(h);

		arena_init(&s->own, s->first, STREAM_ARENA, STREAM_ARENA_MAX);
		s->arena = &s->own;
		s->started_at = h->head_at;
		h->codec.fresh = s;
	}
	h->stream->in.at = AT_DONE;
	h->at = H1_END;
	h->codec.unread = true;
	h1_end_with(h, why);
	h1_forget_input(h);
}

void
h1_fail(struct codec *c, enum fault why)
{
	struct h1 *h = h1_of(c);

	if (h->stream == NULL && c->midway && c->spec->side == SIDE_CLIENT)
		h1_request_bad(h, why);
	else
		h1_end_with(h, why);
	if (h->stream != NULL && h->stream->owner != NULL) { /* nothing more is to leave */
		wire_clear(&c->wire, c->conn->loop);
		h->stream->sent = true;
		stream_news(h->stream, c->conn->loop);
	}
	loop_ready(c->conn->loop, &c->conn->task);
}

static enum fault
h1_parse_request_into(struct h1 *h, struct stream *s, size_t size)
{
	struct str bytes = h1_take_head(h, size);
	struct framing framing;
	enum fault why;

	s->in.head = arena_take(s->arena, sizeof(*s->in.head));
	if (s->in.head == NULL)
		return FAULT_header_too_large;
	why = h1_parse_request(bytes, s->arena, s->in.head);
	if (why != FAULT_none) {
		s->in.head = NULL;
		return why;
	}
	why = framing_request(s->in.head, &framing);
	if (why == FAULT_none)
		h1_begin_body(h, &s->in, &framing);
	return why;
}

/* Is it the preface, as far as it has come? */
static bool
h1_preface_begins(const struct h1 *h)
{
	struct str have = h1_buffered(h);
	size_t n = have.len < h1_preface.len ? have.len : h1_preface.len;

	return n > 0 && memcmp(have.p, h1_preface.p, n) == 0;
}

static enum h1_step
h1_request(struct h1 *h)
{
	struct stream *s;
	enum fault why = FAULT_none;
	size_t size;

	if (h->stream != NULL || h->codec.done)
		return H1_STOP;
	if (!h->codec.midway)
		h->head_at = h->codec.conn->loop->now;
	if (unlikely(!h->reused) && h->codec.spec->h2 && h1_preface_begins(h)) {
		h->codec.preface = h->end - h->start >= h1_preface.len;
		h->codec.midway = !h->codec.preface;
		return h->codec.preface ? H1_STOP : H1_BYTES;
	}
	while (h->end - h->start >= 2 && memcmp(h->in->bytes + h->start, "\r\n", 2) == 0 &&
	       h->scanned == 0 && h->empty_lines < H1_EMPTY_LINES) {
		h->start += 2;
		h->empty_lines++;
	}
	h->codec.midway = h->start < h->end;
	if (!h->codec.midway)
		return H1_BYTES;
	size = h1_head_size(h1_buffered(h), &h->scanned, &why);
	if (why == FAULT_none && size == 0) {
		h->codec.midway = true;
		return H1_BYTES;
	}
	if (why == FAULT_none) {
		s = h1_stream_new(h);
		arena_init(&s->own, s->first, STREAM_ARENA, STREAM_ARENA_MAX);
		s->arena = &s->own;
		s->started_at = h->head_at;
		h->empty_lines = 0;
		h->codec.fresh = s;
		why = h1_parse_request_into(h, s, size);
	}
	if (why == FAULT_none)
		return H1_GO;
	h1_request_bad(h, why);
	return H1_STOP;
}

static void
h1_response_head(struct h1 *h, size_t size)
{
	struct stream *s = h->stream;
	const struct head *asked = s->out.head;
	struct head *head = arena_take(s->arena, sizeof(*head));
	struct str bytes = h1_take_head(h, size);
	struct framing framing;
	enum fault why;

	if (head == NULL) {
		h1_end_with(h, FAULT_http_response_header_section_size);
		return;
	}
	why = h1_parse_response(bytes, s->arena, head);
	if (why == FAULT_none)
		why = framing_response(head, asked->method, s->out.upgrade, &framing);
	if (why == FAULT_none && framing.upgrade && !framing_upgrade_answers(asked, head))
		why = FAULT_http_upgrade_failed;
	if (why != FAULT_none) {
		h1_end_with(h, framing_answer_fault(why));
		return;
	}
	if (head->status < 200 && head->status != 101) {
		if (h->interims++ == H1_INTERIMS) {
			h1_end_with(h, FAULT_http_protocol_error);
			return;
		}
		s->in.interim = head;
	} else {
		s->in.head = head;
		h1_begin_body(h, &s->in, &framing);
	}
}

static enum h1_step
h1_response(struct h1 *h)
{
	struct stream *s = h->stream;
	enum fault why = FAULT_none;
	size_t size;

	if (h->start == h->end)
		return s != NULL && s->in.interim != NULL ? H1_STOP : H1_BYTES;
	if (s == NULL || !h->head_out) { /* it answers what was never asked */
		h1_end_with(h, FAULT_http_protocol_error);
		return H1_STOP;
	}
	s->heard = true;
	if (s->in.interim != NULL)
		return H1_STOP;
	size = h1_head_size(h1_buffered(h), &h->scanned, &why);
	if (why != FAULT_none) {
		h1_end_with(h, framing_answer_fault(why));
		return H1_STOP;
	}
	if (size == 0)
		return H1_BYTES;
	h1_response_head(h, size);
	stream_news(s, h->codec.conn->loop);
	return h->codec.done ? H1_STOP : H1_GO;
}

static enum h1_step
h1_body(struct h1 *h)
{
	struct message *in = &h->stream->in;
	size_t room = message_room(in), have = h->end - h->start;
	struct h1_chunk_out out = {.used = 0};
	enum fault why = FAULT_none;

	if (have == 0)
		return H1_BYTES;
	if (room == 0) {
		in->full = true;
		return H1_STOP;
	}
	if (have > room)
		have = room;
	if (h->at == H1_CHUNKS) {
		why = h1_chunked_feed(&h->chunked, h->in->bytes + h->start, have, &out);
	} else {
		if (h->at == H1_LENGTH && have > h->left)
			have = h->left;
		out = (struct h1_chunk_out){.used = have, .payload = have};
	}
	if (why != FAULT_none) {
		h1_end_with(
		    h, h->codec.spec->side == SIDE_UPSTREAM ? framing_answer_fault(why) : why);
		return H1_STOP;
	}
	ASSERT(slices_add(&in->body, h->in, h->start, (uint32_t)out.payload));
	h->start += (uint32_t)out.used;
	in->bytes += out.payload;
	if (h->at == H1_LENGTH && (h->left -= out.payload) == 0)
		h1_in_done(h);
	else if (out.done)
		h->at = H1_TRAILERS;
	stream_news(h->stream, h->codec.conn->loop);
	return h->at == H1_END                             ? H1_STOP
	       : h->start < h->end || h->at == H1_TRAILERS ? H1_GO
							   : H1_BYTES;
}

static enum h1_step
h1_trailers(struct h1 *h)
{
	struct stream *s = h->stream;
	bool upstream = h->codec.spec->side == SIDE_UPSTREAM;
	enum fault why = FAULT_none;
	size_t size = 0;

	if (h->start < h->end)
		size = h1_trailer_size(h1_buffered(h), &h->scanned, &why);
	if (why == FAULT_none && size == 0)
		return H1_BYTES;
	if (why == FAULT_none && size > 2) { /* more than the blank line */
		struct str bytes = h1_take_head(h, size);

		s->in.trailers = arena_take(s->arena, sizeof(*s->in.trailers));
		why = s->in.trailers != NULL ? h1_parse_trailers(bytes, s->arena, s->in.trailers)
					     : FAULT_header_too_large;
	} else if (why == FAULT_none) {
		h->start += (uint32_t)size;
		h->scanned = 0;
	}
	if (why != FAULT_none)
		h1_end_with(h, upstream ? framing_answer_fault(why) : why);
	else
		h1_in_done(h);
	stream_news(s, h->codec.conn->loop);
	return H1_STOP;
}

/* One step over what is buffered. */
static enum h1_step
h1_understand(struct h1 *h)
{
	switch ((enum h1_at)h->at) {
	case H1_HEAD:
		return h->codec.spec->side == SIDE_CLIENT ? h1_request(h) : h1_response(h);
	case H1_LENGTH:
	case H1_CHUNKS:
	case H1_CLOSE:
		return h1_body(h);
	case H1_TRAILERS:
		return h1_trailers(h);
	case H1_END:
		return H1_STOP;
	}
	return H1_STOP;
}

/* ---- reading: bytes ---- */

/* Makes room behind h->end. What is not understood yet (part of a head) moves along. */
static void
h1_make_room(struct h1 *h)
{
	struct chunks *pools = &h->codec.conn->loop->chunks;
	uint32_t have = h->end - h->start;
	struct chunk *c;

	if (h->in != NULL && h->in->size - h->end >= H1_SPARE)
		return;
	c = chunk_take(have > BUF_SMALL / 2 || (h->codec.conn->large && h->at != H1_HEAD) ||
			       (h->codec.conn->large && h->codec.spec->side == SIDE_UPSTREAM)
			   ? &pools->large
			   : &pools->small);
	if (h->in != NULL) {
		memcpy(c->bytes, h->in->bytes + h->start, have);
		chunk_unref(h->in);
	}
	h->in = c;
	h->start = 0;
	h->end = have;
}

/* The peer will send no more, or the conn broke. */
static void
h1_over(struct h1 *h, bool broken)
{
	struct stream *s = h->stream;
	bool upstream = h->codec.spec->side == SIDE_UPSTREAM;

	if (!broken && h->at == H1_CLOSE) {
		h->codec.done = true;
		h1_in_done(h);
		stream_news(s, h->codec.conn->loop);
		return;
	}
	if (h->at == H1_END) { /* all of it has come: only reuse is off */
		h->codec.done = true;
		return;
	}
	if (!upstream)
		h1_end_with(h, FAULT_client_gone);
	else if (s != NULL && (s->heard || s->in.at != AT_HEAD))
		h1_end_with(h, FAULT_http_response_incomplete);
	else
		h1_end_with(h, FAULT_connection_terminated);
}

/* Is what comes next nothing but a lot of body that nobody looks at? */
static bool
h1_is_bulk(const struct h1 *h)
{
	return h->at == H1_LENGTH && h->start == h->end && h->left >= PIPE_WORTH &&
	       h->codec.conn->large && h->stream->in.splice && message_room(&h->stream->in) > 0;
}

/* The body goes on into a pipe, unseen. */
static enum io
h1_fill_pipe(struct h1 *h, struct chunk *pipe)
{
	struct message *in = &h->stream->in;
	size_t got;
	enum io io =
	    pipe_fill(pipe, h->codec.conn, h->left < PIPE_SIZE ? (size_t)h->left : PIPE_SIZE, &got);

	if (io == IO_DONE) {
		ASSERT(slices_add(&in->body, pipe, 0, (uint32_t)got));
		in->bytes += got;
		h->left -= got;
		if (h->left == 0)
			h1_in_done(h);
		stream_news(h->stream, h->codec.conn->loop);
	} else if (io != IO_MORE) {
		h1_over(h, io == IO_FAILED);
	}
	chunk_unref(pipe);
	return io;
}

static enum io
h1_fill(struct h1 *h)
{
	struct conn *conn = h->codec.conn;
	size_t room, got;
	struct chunk *pipe = h1_is_bulk(h) ? pipe_take(conn->loop) : NULL;
	enum io io;

	if (pipe != NULL)
		return h1_fill_pipe(h, pipe);
	h1_make_room(h);
	room = h->in->size - h->end;
	io = conn_read(conn, h->in->bytes + h->end, room, &got);
	h->end += (uint32_t)got;
	if (got == room)
		conn->large = true;
	else if (got < BUF_SMALL / 2)
		conn->large = false;
	if (io == IO_EOF || io == IO_FAILED)
		h1_over(h, io == IO_FAILED);
	return io;
}

enum io
h1_feed(struct codec *c)
{
	struct h1 *h = h1_of(c);
	enum io io = IO_DONE;

	for (unsigned fills = 0; io == IO_DONE && c->fault == FAULT_none;) {
		enum h1_step step = h1_understand(h);

		if (step == H1_GO)
			continue;
		if (step == H1_STOP || c->done || !c->conn->may_read)
			break;
		if (fills++ == H1_FILLS) {
			loop_again(c->conn->loop, &c->conn->task);
			break;
		}
		io = h1_fill(h);
	}
	if (h->start == h->end)
		h1_forget_input(h);
	return io;
}
