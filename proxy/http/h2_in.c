/* h2_in - the reading half of the HTTP/2 codec: nghttp2 tells what arrived, and it becomes streams
 * and messages. Nothing here fails: whatever is wrong with one stream ends that stream, and what
 * nghttp2 cannot bear from a peer it ends itself. */
#include "http/h2_parts.h"

/* Room for one more: those that were reset but still end at an endpoint count, or else a client
 * that resets as fast as it asks would have as many running as it likes. */
static int
h2_on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *owner)
{
	struct h2 *h = owner;
	int32_t id = frame->hd.stream_id;
	struct h2_stream *s;

	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
		if (h->n == H2_STREAMS)
			return nghttp2_submit_rst_stream(
			    ng, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
		s = h2_stream_new(h, id);
		s->stream->in.head = arena_take(s->stream->arena, sizeof(struct head));
		*s->stream->in.head = (struct head){.minor = 1};
		return 0;
	}
	s = h2_find(h, id);
	if (s == NULL)
		return 0;
	s->trailers = true;
	s->list_bytes = 0;
	s->stream->in.trailers = arena_take(s->stream->arena, sizeof(struct fields));
	if (s->stream->in.trailers != NULL)
		*s->stream->in.trailers = (struct fields){.n = 0};
	else
		s->bad = FAULT_header_too_large;
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

/* The request is complete. */
static void
h2_in_done(struct h2 *h, struct h2_stream *s)
{
	struct message *in = &s->stream->in;

	in->at = AT_DONE;
	in->full = false;
	h->owed -= s->owed; /* it sends no more: no window is of use */
	s->owed = 0;
}

/* A request that cannot be understood is a stream with a fault, so that it is answered and logged
 * like any other; what follows of it is not looked at. */
static void
h2_in_bad(struct h2 *h, struct h2_stream *s)
{
	struct message *in = &s->stream->in;

	if (in->head->method_text.p == NULL || in->head->target.p == NULL)
		in->head = NULL; /* not even that much of it is here */
	s->stream->fault = s->bad;
	h2_in_done(h, s);
}

static void
h2_request(struct h2 *h, struct h2_stream *s, bool ends)
{
	h2_head_done(s, ends);
	if (s->bad != FAULT_none)
		h2_in_bad(h, s);
	else if (ends)
		h2_in_done(h, s);
	if (h->codec.fresh == NULL)
		h->fresh_last = &h->codec.fresh;
	*h->fresh_last = s->stream;
	h->fresh_last = &s->stream->next;
}

static int
h2_on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *owner)
{
	struct h2 *h = owner;
	struct h2_stream *s;

	(void)ng;
	if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
		h->echoed = true;
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	h->codec.midway = false;
	s = h2_find(h, frame->hd.stream_id);
	if (s == NULL || s->stream->in.at == AT_DONE)
		return 0;
	s->stream->active_at = h->codec.conn->loop->now;
	if (frame->hd.type == NGHTTP2_HEADERS && !s->trailers)
		h2_request(h, s, frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
	else if (s->bad != FAULT_none)
		h2_in_bad(h, s);
	else if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
		h2_in_done(h, s);
	stream_news(s->stream, h->codec.conn->loop);
	return 0;
}

/* A head that begins must end in time. */
static int
h2_on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *owner)
{
	struct h2 *h = owner;

	(void)ng;
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
	if (s == NULL || s->stream->in.at != AT_BODY) {
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
	struct h2_stream *s = h2_find(owner, frame->hd.stream_id);

	(void)ng;
	(void)error;
	if (s != NULL && s->bad == FAULT_none)
		s->bad = FAULT_http_request_error;
	return 0;
}

static int
h2_on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *owner)
{
	struct h2 *h = owner;
	struct h2_stream *s = h2_find(h, id);

	(void)ng;
	(void)code;
	if (s == NULL)
		return 0;
	s->closed = true;
	if (s->stream->owner == NULL)
		h2_stream_free(h, s); /* nobody has seen it yet, nobody will */
	else if (!s->end_out || s->stream->in.at != AT_DONE)
		h2_stream_failed(h, s, s->bad != FAULT_none ? s->bad : FAULT_client_gone);
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
