/* h2_stream - streams of HTTP/2 as the codec keeps them: they begin when the peer opens one or the
 * owner asks for one, and end when the owner is done with it, whatever has become of the stream
 * that nghttp2 knows. */
#include "http/h2_parts.h"

enum { H2_STREAMS_OUT = 100 }; /* at once, also of a peer that allows more */

struct h2_stream *
h2_find(struct h2 *h, int32_t id)
{
	return nghttp2_session_get_stream_user_data(h->ng, id);
}

static struct h2_stream *
h2_stream_add(struct h2 *h, struct stream *stream, struct h2_stream *s)
{
	stream->codec = &h->codec;
	stream->part = s;
	stream->active_at = h->codec.conn->loop->now;
	*s = (struct h2_stream){.stream = stream};
	TAILQ_INSERT_TAIL(&h->streams, s, entry);
	h->n++;
	return s;
}

struct h2_stream *
h2_stream_new(struct h2 *h, int32_t id)
{
	struct stream *stream = slab_take(&h->codec.spec->slabs->streams);
	struct h2_stream *s;

	memset(stream, 0, offsetof(struct stream, first));
	arena_init(&stream->own, stream->first, STREAM_ARENA, STREAM_ARENA_MAX);
	stream->arena = &stream->own;
	s = h2_stream_add(h, stream, arena_take(stream->arena, sizeof(*s)));
	stream->started_at = stream->active_at;
	s->id = id;
	(void)nghttp2_session_set_stream_user_data(h->ng, id, s); /* it is there */
	h->open++;
	return s;
}

/* How many nghttp2 may open now. */
uint32_t
h2_openable(const struct h2 *h)
{
	uint32_t most =
	    nghttp2_session_get_remote_settings(h->ng, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

	if (h->codec.done || h->went || !nghttp2_session_check_request_allowed(h->ng))
		return 0;
	if (most > H2_STREAMS_OUT)
		most = H2_STREAMS_OUT;
	return most > h->open ? most - h->open : 0;
}

uint32_t
h2_room(struct codec *c)
{
	struct h2 *h = h2_of(c);
	uint32_t openable = h2_openable(h), waiting = h->n - h->open;

	return openable > waiting ? openable - waiting : 0;
}

struct stream *
h2_stream_open(struct codec *c, struct arena *arena, struct task *owner)
{
	struct h2 *h = h2_of(c);
	struct stream *stream;

	if (h2_room(c) == 0)
		return NULL;
	stream = slab_take(&c->spec->slabs->streams);
	memset(stream, 0, offsetof(struct stream, first));
	stream->arena = arena;
	stream->owner = owner;
	(void)h2_stream_add(h, stream, (struct h2_stream *)stream->first);
	return stream;
}

static void
h2_unlist_fresh(struct h2 *h, const struct stream *stream)
{
	struct stream **at = &h->codec.fresh;

	while (*at != NULL && *at != stream)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	*at = stream->next;
	if (*at == NULL)
		h->fresh_last = at;
}

void
h2_stream_free(struct h2 *h, struct h2_stream *s)
{
	struct stream *stream = s->stream;

	if (s->id != 0 && !s->closed) {
		(void)nghttp2_session_set_stream_user_data(h->ng, s->id, NULL);
		h->open--;
	}
	if (stream->owner == NULL)
		h2_unlist_fresh(h, stream);
	TAILQ_REMOVE(&h->streams, s, entry);
	h->n--;
	h->owed -= s->owed;
	slices_clear(&stream->in.body);
	slices_clear(&stream->out.body);
	if (s->tail != NULL)
		chunk_unref(s->tail);
	if (stream->arena == &stream->own)
		arena_reset(&stream->own); /* and s is gone */
	slab_give(&h->codec.spec->slabs->streams, stream);
}

void
h2_stream_failed(struct h2 *h, struct h2_stream *s, enum fault why)
{
	if (s->stream->fault == FAULT_none)
		s->stream->fault = why;
	s->stream->sent = true; /* nothing more of it leaves */
	stream_news(s->stream, h->codec.conn->loop);
}

/* How the peer is told. A client that has had its whole answer has lost nothing (RFC 9113 section
 * 8.1); an endpoint is asked for no more. */
static uint32_t
h2_reset_code(const struct h2 *h, const struct h2_stream *s, enum fault why)
{
	if (h->codec.spec->side == SIDE_UPSTREAM)
		return NGHTTP2_CANCEL;
	if (s->end_out)
		return NGHTTP2_NO_ERROR;
	return fault_row(why)->whose == WHOSE_CLIENT ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR;
}

void
h2_stream_end(struct stream **sp, enum fault why)
{
	struct h2 *h = h2_of((*sp)->codec);
	struct h2_stream *s = (*sp)->part;

	*sp = NULL;
	if (s->id != 0 && !s->closed) {
		(void)nghttp2_submit_rst_stream(
		    h->ng, NGHTTP2_FLAG_NONE, s->id, h2_reset_code(h, s, why));
		codec_flush(&h->codec);
	}
	h2_stream_free(h, s);
	if (h->codec.done)
		loop_ready(h->codec.conn->loop, &h->codec.conn->task); /* to be closed */
}
