/* h2_out - the writing half of the HTTP/2 codec: what messages hand over is submitted to nghttp2
 * and taken from it as frames, in the same flush.
 *
 * A list of fields is lent to nghttp2, not copied, and lives in its stream's arena; so each one is
 * serialised at once, before its stream can end. That fits, since none is submitted unless the
 * wire has room; the frames of DATA, which come last, wait for room one by one. */
#include "http/h2_parts.h"
#include "http/h2_write.h"

enum { H2_FRAME_HEAD = 9 }; /* RFC 9113 section 4.1 */

static bool
h2_has_room(const struct h2 *h)
{
	return h->codec.wire.bytes < H2_WIRE_MAX && wire_has_room(&h->codec.wire);
}

/* All frames that nghttp2 has ready. */
static void
h2_pull(struct h2 *h)
{
	const uint8_t *bytes;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(h->ng, &bytes)) > 0)
		wire_text(
		    &h->codec.wire, h->codec.conn->loop, str_of((const char *)bytes, (size_t)n));
	ASSERT(n == 0); /* no memory, or a callback of ours that failed */
}

/* ---- bodies ---- */

/* The last of the body; trailers follow, or the end is said with it. */
static ssize_t
h2_data_last(struct h2 *h, struct h2_stream *s, size_t n, uint32_t *flags)
{
	struct message *out = &s->stream->out;
	struct h2_list list = {.arena = s->stream->arena};

	if (out->kind == BODY_LENGTH && out->bytes + n != out->length) {
		h2_stream_failed(h, s, FAULT_http_response_incomplete);
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (out->trailers != NULL && h2_write_fields(&list, out->trailers)) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		ASSERT(nghttp2_submit_trailer(h->ng, s->id, list.v, list.n) == 0);
	}
	return (ssize_t)n;
}

static ssize_t
h2_data_read(nghttp2_session *ng, int32_t id, uint8_t *buf, size_t length, uint32_t *flags,
    nghttp2_data_source *source, void *owner)
{
	struct h2 *h = owner;
	struct h2_stream *s = h2_find(h, id);
	struct message *out;

	(void)ng;
	(void)buf;
	(void)source; /* what it points to may be gone */
	if (s == NULL)
		return NGHTTP2_ERR_DEFERRED; /* its RST_STREAM is on the way */
	out = &s->stream->out;
	s->deferred = out->body.bytes == 0 && out->at != AT_DONE;
	if (s->deferred)
		return NGHTTP2_ERR_DEFERRED;
	if (!h2_has_room(h)) {
		h->paused = true;
		return NGHTTP2_ERR_PAUSE;
	}
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (out->at == AT_DONE && out->body.bytes <= length)
		return h2_data_last(h, s, out->body.bytes, flags);
	return (ssize_t)(out->body.bytes < length ? out->body.bytes : length);
}

static int
h2_on_send_data(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *head, size_t length,
    nghttp2_data_source *source, void *owner)
{
	struct h2 *h = owner;
	struct h2_stream *s = h2_find(h, frame->hd.stream_id);
	struct message *out = &s->stream->out;
	struct wire *w = &h->codec.wire;
	struct loop *l = h->codec.conn->loop;

	(void)ng;
	(void)source;
	out->bytes += length;
	wire_text(w, l, str_of((const char *)head, H2_FRAME_HEAD));
	while (length > 0) /* a message has few slices: they fit */
		length -= wire_slices(w, l, &out->body, length);
	if (out->full && message_room(out) > 0) {
		out->full = false;
		stream_news(s->stream, l);
	}
	return 0;
}

static int
h2_on_sent(nghttp2_session *ng, const nghttp2_frame *frame, void *owner)
{
	struct h2 *h = owner;
	struct h2_stream *s;

	(void)ng;
	h2_credit_sent(&h->credit, frame, h->codec.conn->loop->now);
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	s = h2_find(h, frame->hd.stream_id);
	if (s == NULL)
		return 0;
	s->stream->active_at = h->codec.conn->loop->now;
	if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
		return 0;
	s->end_out = s->stream->sent = true;
	stream_news(s->stream, h->codec.conn->loop);
	return 0;
}

/* ---- heads ---- */

static void
h2_out_failed(struct h2 *h, struct h2_stream *s)
{
	if (s->id != 0)
		(void)nghttp2_submit_rst_stream(
		    h->ng, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_INTERNAL_ERROR);
	h2_stream_failed(h, s, FAULT_proxy_internal_error);
}

static void
h2_out_interim(struct h2 *h, struct h2_stream *s)
{
	struct message *out = &s->stream->out;
	struct h2_list list = {.arena = s->stream->arena};

	if (!h2_write_head(&list, out->interim, BODY_NONE, 0, STR_NONE) ||
	    nghttp2_submit_headers(h->ng, NGHTTP2_FLAG_NONE, s->id, NULL, list.v, list.n, NULL) !=
		0)
		h2_out_failed(h, s);
	out->interim = NULL;
	h2_pull(h);
	if (s->stream->owner != NULL) /* the next one, if there is one, in the next turn */
		loop_again(h->codec.conn->loop, s->stream->owner);
}

/* False: nghttp2 would not have it. */
static bool
h2_submit(struct h2 *h, struct h2_stream *s, const struct h2_list *list, bool bare)
{
	static const nghttp2_data_provider provider = {.read_callback = h2_data_read};
	const nghttp2_data_provider *body = bare ? NULL : &provider;

	if (h->codec.spec->side == SIDE_CLIENT)
		return nghttp2_submit_response(h->ng, s->id, list->v, list->n, body) == 0;
	s->id = nghttp2_submit_request(h->ng, NULL, list->v, list->n, body, s);
	if (s->id < 0)
		s->id = 0;
	h->open += s->id != 0;
	return s->id != 0;
}

static void
h2_out_head(struct h2 *h, struct h2_stream *s)
{
	const struct message *out = &s->stream->out;
	bool bare = out->at == AT_DONE && out->body.bytes == 0 && out->trailers == NULL &&
		    (out->kind != BODY_LENGTH || out->length == 0);
	struct h2_list list = {.arena = s->stream->arena};

	s->head_out = true;
	if (!h2_write_head(&list, out->head, out->kind, out->length,
		h->codec.conn->tls != NULL ? STR("https") : STR("http")) ||
	    !h2_submit(h, s, &list, bare))
		h2_out_failed(h, s);
	h2_pull(h);
}

/* May its head leave now? A request waits until the peer takes another stream. */
static bool
h2_may_open(const struct h2 *h, const struct h2_stream *s)
{
	return s->id != 0 || h2_openable(h) > 0;
}

/* False: it has a list to send, and the wire has no room. */
static bool
h2_out(struct h2 *h, struct h2_stream *s)
{
	struct message *out = &s->stream->out;

	if (s->closed || s->end_out)
		return true;
	if (s->head_out) {
		if (s->deferred && (out->body.bytes > 0 || out->at == AT_DONE)) {
			s->deferred = false;
			(void)nghttp2_session_resume_data(h->ng, s->id);
		}
		return true;
	}
	if (out->interim != NULL && h2_has_room(h))
		h2_out_interim(h, s);
	if (out->interim == NULL && out->at != AT_HEAD && h2_may_open(h, s) && h2_has_room(h))
		h2_out_head(h, s);
	return out->interim == NULL && (s->head_out || out->at == AT_HEAD || !h2_may_open(h, s));
}

void
h2_serialise(struct h2 *h)
{
	struct h2_stream *s;

	h->paused = !h2_has_room(h);
	TAILQ_FOREACH(s, &h->streams, entry)
		if (h->paused || !h2_out(h, s)) {
			h->paused = true;
			return;
		}
	h2_pull(h);
}

void
h2_out_callbacks(nghttp2_session_callbacks *callbacks)
{
	nghttp2_session_callbacks_set_send_data_callback(callbacks, h2_on_send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, h2_on_sent);
}
