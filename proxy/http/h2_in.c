/* h2_in - the reading half of the HTTP/2 codec: nghttp2 tells what arrived, and it becomes streams
 * and messages. Nothing here fails: whatever is wrong with one stream ends that stream, and what
 * nghttp2 cannot bear from a peer it ends itself. */
#include "http/h2_parts.h"

enum {
	H2_STATUS_FINAL = 200, /* below: interim */
	H2_FIRST = 1,          /* stream of a client */
};

/* Room for one more: those that were reset but still end at an endpoint count, or else a client
 * that resets as fast as it asks would have as many running as it likes. */
static int
h2_on_request(struct h2 *h, int32_t id)
{
	if (h->n >= H2_STREAMS)
		return nghttp2_submit_rst_stream(
		    h->ng, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
	(void)h2_stream_new(h, id);
	return 0;
}

/* Where the fields of the list go: a head, as long as there is none, or trailers. */
static void
h2_list_begin(struct h2_stream *s)
{
	struct message *in = &s->stream->in;
	struct arena *a = s->stream->arena;

	s->list_bytes = 0;
	s->head = NULL;
	if (in->at == AT_HEAD) {
		s->head = arena_take(a, sizeof(*s->head));
		if (s->head != NULL)
			*s->head = (struct head){.minor = 1};
	} else {
		in->trailers = arena_take(a, sizeof(*in->trailers));
		if (in->trailers != NULL)
			*in->trailers = (struct fields){.n = 0};
	}
	if (arena_full(a))
		s->bad = FAULT_header_too_large;
}

static int
h2_on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *owner)
{
	struct h2 *h = owner;
	int32_t id = frame->hd.stream_id;
	struct h2_stream *s;

	(void)ng;
	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST && h2_on_request(h, id) != 0)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	s = h2_find(h, id);
	if (s != NULL && s->stream->in.at != AT_DONE)
		h2_list_begin(s);
	return 0;
}

static int
h2_on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
    const uint8_t *value, size_t value_len, uint8_t flags, void *owner)
{
	struct h2_stream *s = h2_find(owner, frame->hd.stream_id);

	(void)ng;
	(void)flags;
	if (s != NULL)
		h2_head_field(s, str_of((const char *)name, name_len),
		    str_of((const char *)value, value_len));
	return 0;
}

/* nghttp2 would pass over such a field; but who comes after us might not. */
static int
h2_on_invalid_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
    size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *owner)
{
	struct h2_stream *s = h2_find(owner, frame->hd.stream_id);

	(void)ng;
	(void)name;
	(void)name_len;
	(void)value;
	(void)value_len;
	(void)flags;
	if (s != NULL && s->bad == FAULT_none)
		s->bad = FAULT_http_request_error;
	return 0;
}

/* The message is complete. */
static void
h2_in_done(struct h2 *h, struct h2_stream *s)
{
	struct message *in = &s->stream->in;

	in->at = AT_DONE;
	in->full = false;
	h->owed -= s->owed; /* it sends no more: no window is of use */
	s->owed = 0;
}

/* A list that cannot be understood. What follows of the message is not looked at; a request is
 * answered, for which its head is of use as far as it is there. */
static void
h2_in_bad(struct h2 *h, struct h2_stream *s)
{
	struct stream *stream = s->stream;

	if (h->codec.spec->side == SIDE_UPSTREAM) {
		h2_stream_failed(h, s, framing_answer_fault(s->bad));
		return;
	}
	if (s->head != NULL && s->head->method_text.p != NULL && s->head->target.p != NULL)
		stream->in.head = s->head;
	stream->fault = s->bad;
	h2_in_done(h, s);
}

static void
h2_request(struct h2 *h, struct h2_stream *s, bool ends)
{
	struct stream *stream = s->stream;

	h2_head_request(s, ends);
	if (s->bad == FAULT_none) {
		stream->in.head = s->head;
		stream->in.at = AT_BODY;
	}
	if (h->codec.fresh == NULL)
		h->fresh_last = &h->codec.fresh;
	*h->fresh_last = stream;
	h->fresh_last = &stream->next;
}

/* An interim answer, or the final one. */
static void
h2_answer(struct h2_stream *s, bool ends)
{
	struct message *in = &s->stream->in;

	h2_head_answer(s, ends);
	if (s->bad != FAULT_none)
		return;
	if (s->head->status < H2_STATUS_FINAL) {
		if (in->interim == NULL) /* one at a time; they are hints */
			in->interim = s->head;
		return;
	}
	in->head = s->head;
	in->at = AT_BODY;
}

static void
h2_list_done(struct h2 *h, struct h2_stream *s, bool ends)
{
	if (s->stream->in.at != AT_HEAD)
		return; /* trailers */
	if (h->codec.spec->side == SIDE_CLIENT)
		h2_request(h, s, ends);
	else if (s->bad == FAULT_none)
		h2_answer(s, ends);
}

/* Why the peer has not looked at a request: it takes leave of this connection, after it has served
 * others on it; or it does not want to serve. */
static enum fault
h2_unseen(const struct h2 *h)
{
	return h->went ? FAULT_connection_goaway : FAULT_stream_refused;
}

/* The oldest learn it first, so that they come first elsewhere. */
static void
h2_on_goaway(struct h2 *h, int32_t last)
{
	struct h2_stream *s;

	if (h->codec.spec->side == SIDE_CLIENT)
		return; /* it speaks of what we opened: nothing */
	h->went = last > 0 && nghttp2_session_get_next_stream_id(h->ng) > H2_FIRST;
	TAILQ_FOREACH(s, &h->streams, entry)
		if ((s->id == 0 || s->id > last) && s->stream->in.at != AT_DONE && !s->closed)
			h2_stream_failed(h, s, h2_unseen(h));
}

static void
h2_on_message(struct h2 *h, const nghttp2_frame *frame)
{
	struct h2_stream *s = h2_find(h, frame->hd.stream_id);
	bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

	h->codec.midway = false;
	if (s == NULL || s->stream->in.at == AT_DONE || s->stream->fault != FAULT_none)
		return;
	s->stream->active_at = h->codec.conn->loop->now;
	s->stream->heard = true;
	if (frame->hd.type == NGHTTP2_HEADERS)
		h2_list_done(h, s, ends);
	if (s->bad != FAULT_none)
		h2_in_bad(h, s);
	else if (ends)
		h2_in_done(h, s);
	stream_news(s->stream, h->codec.conn->loop);
}

static int
h2_on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *owner)
{
	struct h2 *h = owner;

	(void)ng;
	switch ((nghttp2_frame_type)frame->hd.type) {
	case NGHTTP2_HEADERS:
	case NGHTTP2_DATA:
		h2_on_message(h, frame);
		break;
	case NGHTTP2_PING:
		h->echoed = h->echoed || (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
		break;
	case NGHTTP2_GOAWAY:
		h2_on_goaway(h, frame->goaway.last_stream_id);
		break;
	default:
		break;
	}
	return 0;
}

/* A head that begins must end in time. */
static int
h2_on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *owner)
{
	struct h2 *h = owner;

	(void)ng;
	h2_credit_received(&h->credit, hd, h->codec.conn->loop->now);
	h->codec.midway = hd->type == NGHTTP2_HEADERS || hd->type == NGHTTP2_CONTINUATION;
	return 0;
}

/* ---- bodies ---- */

/* All of it in one piece, with room behind for what comes next. */
static void
h2_body_merge(struct h2 *h, struct h2_stream *s)
{
	struct slices *body = &s->stream->in.body;

	if (s->tail != NULL)
		chunk_unref(s->tail);
	s->tail = chunk_take(&h->codec.conn->loop->chunks.large);
	s->tail_used = 0;
	while (body->bytes > 0) {
		struct slice *first = slices_first(body);

		memcpy(s->tail->bytes + s->tail_used, first->chunk->bytes + first->off, first->len);
		s->tail_used += first->len;
		slices_drop(body, first->len);
	}
	ASSERT(slices_add(body, s->tail, 0, s->tail_used));
}

/* Pieces refer to what was read; when there are too many of them, all are copied together. The
 * window is smaller than what fits then. */
static void
h2_body_add(struct h2 *h, struct h2_stream *s, const uint8_t *data, uint32_t len)
{
	struct slices *body = &s->stream->in.body;
	uint32_t off = (uint32_t)((const char *)data - h->in->bytes);

	if (s->tail != NULL && body->bytes == 0) {
		chunk_unref(s->tail);
		s->tail = NULL;
	}
	if (s->tail == NULL && slices_add(body, h->in, off, len))
		return;
	if (s->tail == NULL || s->tail->size - s->tail_used < len)
		h2_body_merge(h, s);
	memcpy(s->tail->bytes + s->tail_used, data, len);
	ASSERT(slices_add(body, s->tail, s->tail_used, len));
	s->tail_used += len;
}

static int
h2_on_data(
    nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *owner)
{
	struct h2 *h = owner;
	struct h2_stream *s = h2_find(h, id);

	(void)flags;
	/* The conn's window is given back at once: no stream may hold up the others. */
	(void)nghttp2_session_consume_connection(ng, len);
	if (s == NULL || s->stream->in.at != AT_BODY || s->stream->fault != FAULT_none) {
		(void)nghttp2_session_consume_stream(ng, id, len);
		return 0;
	}
	h2_body_add(h, s, data, (uint32_t)len);
	s->stream->in.bytes += len;
	s->stream->in.full = true; /* whoever takes it tells */
	s->owed += (uint32_t)len;
	h->owed += (uint32_t)len;
	s->stream->active_at = h->codec.conn->loop->now;
	stream_news(s->stream, h->codec.conn->loop);
	return 0;
}

/* ---- ends ---- */

/* nghttp2 resets a stream that it finds malformed. */
static int
h2_on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *frame, int error, void *owner)
{
	struct h2 *h = owner;
	struct h2_stream *s = h2_find(h, frame->hd.stream_id);

	(void)ng;
	(void)error;
	h->codec.midway = false;
	if (s != NULL && s->bad == FAULT_none)
		s->bad = FAULT_http_request_error;
	return 0;
}

/* Why a stream ended that was not complete. */
static enum fault
h2_closed_fault(const struct h2 *h, const struct h2_stream *s, uint32_t code)
{
	bool client = h->codec.spec->side == SIDE_CLIENT;

	if (s->bad != FAULT_none)
		return client ? s->bad : framing_answer_fault(s->bad);
	if (client)
		return FAULT_client_gone;
	if (code == NGHTTP2_REFUSED_STREAM)
		return h2_unseen(h);
	return FAULT_http_response_incomplete;
}

static int
h2_on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *owner)
{
	struct h2 *h = owner;
	struct h2_stream *s = h2_find(h, id);
	const struct message *in;

	(void)ng;
	if (s == NULL)
		return 0;
	in = &s->stream->in;
	s->closed = true;
	h->open--;
	/* An endpoint that has answered may reset what is left of the request. */
	if (s->stream->owner == NULL)
		h2_stream_free(h, s); /* nobody has seen it yet, nobody will */
	else if (in->at != AT_DONE || (!s->end_out && h->codec.spec->side == SIDE_CLIENT))
		h2_stream_failed(h, s, h2_closed_fault(h, s, code));
	return 0;
}

void
h2_in_callbacks(nghttp2_session_callbacks *callbacks)
{
	nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, h2_on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, h2_on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, h2_on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, h2_on_invalid_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, h2_on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, h2_on_data);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
	    callbacks, h2_on_invalid_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, h2_on_stream_close);
}
