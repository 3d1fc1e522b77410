/* h2 - the HTTP/2 codec over nghttp2, either side: many streams at once on a conn (RFC 9113). Here
 * it is opened and closed, and bytes are read; what they mean is in h2_in.c, and how messages leave
 * in h2_out.c. The error of one stream ends that stream, never the conn. */
#include "http/h2_parts.h"

enum {
	H2_FILLS = 4,                 /* reads a turn, then others have theirs */
	H2_SPARE = 4096,              /* read behind what is pinned while this much is left */
	H2_CONN_WINDOW = 1024 * 1024, /* bytes of all streams together, given back at once */
	H2_ACKS_MAX = 100,            /* answers to SETTINGS and PING that wait to leave */
	H2_QUEUE_MAX = 1000,          /* frames that wait to leave before reading stops */
	H2_CONTINUATIONS_MAX = 8,     /* frames of one head */
	H2_LEAVE_US = 1000 * 1000,    /* between the two steps of leaving, at most */
};

static void
h2_flush_run(struct task *t)
{
	struct codec *c = container_of(t, struct codec, flush);

	(void)c->ops->flush(c); /* what went wrong is in the codec and its streams */
}

static void
h2_timer(struct timer *t)
{
	struct h2 *h = container_of(t, struct h2, timer);

	h->echoed = true; /* as good as */
	loop_ready(h->codec.conn->loop, &h->codec.conn->task);
}

/* What we ask of clients, and of endpoints. */
static const nghttp2_settings_entry h2_settings[][3] = {
    [SIDE_CLIENT] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS},
	{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, H2_LIST_MAX},
	{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}},
    [SIDE_UPSTREAM] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
	{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, H2_LIST_MAX},
	{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}},
};

static void
h2_begin(struct h2 *h)
{
	enum side side = h->codec.spec->side;
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *option;

	ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0);
	h2_in_callbacks(callbacks);
	h2_out_callbacks(callbacks);
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_option_set_no_closed_streams(option, 1);
	nghttp2_option_set_max_outbound_ack(option, H2_ACKS_MAX);
	nghttp2_option_set_max_continuations(option, H2_CONTINUATIONS_MAX);
	/* A table that the peer would have to keep saves few bytes and costs much time. */
	nghttp2_option_set_max_deflate_dynamic_table_size(option, 0);
	ASSERT((side == SIDE_CLIENT ? nghttp2_session_server_new2 : nghttp2_session_client_new2)(
		   &h->ng, callbacks, h, option) == 0);
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	ASSERT(nghttp2_submit_settings(
		   h->ng, NGHTTP2_FLAG_NONE, h2_settings[side], nelem(h2_settings[side])) == 0 &&
	       nghttp2_session_set_local_window_size(h->ng, NGHTTP2_FLAG_NONE, 0, H2_CONN_WINDOW) ==
		   0);
}

static struct codec *
h2_open(struct conn *conn, const struct codec_spec *spec)
{
	struct h2 *h = slab_take(&spec->slabs->h2);

	*h = (struct h2){
	    .codec = {.ops = &codec_h2, .spec = spec, .conn = conn, .flush = {.run = h2_flush_run}},
	    .timer = {.fire = h2_timer}};
	TAILQ_INIT(&h->streams);
	h2_begin(h);
	codec_flush(&h->codec);
	return &h->codec;
}

void
codec_switch(struct codec **c)
{
	struct conn *conn = (*c)->conn;
	const struct codec_spec *spec = (*c)->spec;
	struct slices rest = {.n = 0};
	struct h2 *h;

	codec_detach(c, &rest);
	*c = h2_open(conn, spec);
	h = h2_of(*c);
	h->in = slices_first(&rest)->chunk; /* with the reference of `rest` */
	h->start = slices_first(&rest)->off;
	h->end = h->start + slices_first(&rest)->len;
}

static void
h2_close(struct codec **cp)
{
	struct h2 *h = h2_of(*cp);
	struct loop *l = h->codec.conn->loop;

	*cp = NULL;
	task_unlist(l, &h->codec.flush);
	timer_clear(l, &h->timer);
	while (!TAILQ_EMPTY(&h->streams))
		h2_stream_free(h, TAILQ_FIRST(&h->streams));
	nghttp2_session_del(h->ng);
	if (h->in != NULL)
		chunk_unref(h->in);
	wire_clear(&h->codec.wire, l);
	slab_give(&h->codec.spec->slabs->h2, h);
}

/* What became of a stream that was not complete when the conn ended. */
static enum fault
h2_lost(const struct h2 *h, const struct h2_stream *s)
{
	if (s->id == 0)
		return FAULT_connection_goaway; /* nothing of it was sent */
	if (h->codec.fault != FAULT_none)
		return h->codec.fault;
	return s->stream->heard ? FAULT_http_response_incomplete : FAULT_connection_terminated;
}

/* No further frame goes either way. */
static void
h2_over(struct h2 *h, enum fault why)
{
	struct h2_stream *s, *next;

	h->codec.done = h->codec.unread = true;
	if (h->codec.fault == FAULT_none)
		h->codec.fault = why;
	for (s = TAILQ_FIRST(&h->streams); s != NULL; s = next) {
		next = TAILQ_NEXT(s, entry);
		if (s->stream->owner == NULL) /* nobody has seen it yet */
			h2_stream_free(h, s);
		else if (!s->closed)
			h2_stream_failed(h, s, h2_lost(h, s));
	}
	loop_ready(h->codec.conn->loop, &h->codec.conn->task);
}

/* The peer has closed, or the conn broke. */
static void
h2_gone(struct h2 *h)
{
	h2_over(h, h->codec.spec->side == SIDE_CLIENT ? FAULT_client_gone : FAULT_none);
}

/* The peer does not keep to the protocol. */
static enum fault
h2_fault(const struct h2 *h)
{
	return h->codec.spec->side == SIDE_CLIENT ? FAULT_http_request_error
						  : FAULT_http_protocol_error;
}

/* nghttp2 finds a flood itself where its own queue or memory is in danger. */
static enum fault
h2_abuse(const struct h2 *h)
{
	if (h->codec.spec->side == SIDE_UPSTREAM)
		return FAULT_http_protocol_error;
	return h->credit.abuse != FAULT_none ? h->credit.abuse : FAULT_frame_flood;
}

/* nghttp2 knows when all is said: after a GOAWAY and the last stream, or an error of the conn. */
static void
h2_review(struct h2 *h)
{
	if (!h->codec.done && !nghttp2_session_want_read(h->ng) &&
	    !nghttp2_session_want_write(h->ng))
		h2_over(h, h->open > 0 ? h2_fault(h) : FAULT_none);
}

static bool
h2_is_behind(const struct h2 *h)
{
	return h->codec.wire.bytes >= H2_WIRE_MAX ||
	       nghttp2_session_get_outbound_queue_size(h->ng) >= H2_QUEUE_MAX;
}

static enum io
h2_flush(struct codec *c)
{
	struct h2 *h = h2_of(c);
	enum io io;

	do {
		h2_serialise(h);
		io = wire_send(&c->wire, c->conn);
	} while (io == IO_DONE && h->paused);
	if (io == IO_FAILED && !c->done)
		h2_gone(h);
	h2_review(h);
	if (h->stopped && !h2_is_behind(h)) {
		h->stopped = false;
		loop_again(c->conn->loop, &c->conn->task);
	}
	return io;
}

static void
h2_end_with(struct h2 *h, enum fault why, uint32_t code)
{
	if (h->codec.done)
		return;
	h->codec.fault = why;
	(void)nghttp2_session_terminate_session(h->ng, code);
	(void)h2_flush(&h->codec); /* it says so before anything closes */
	if (!h->codec.done)
		h2_over(h, why);
}

static void
h2_fail(struct codec *c, enum fault why)
{
	h2_end_with(h2_of(c), why, NGHTTP2_NO_ERROR);
}

/* ---- leaving ---- */

/* The listener drains: the peer is told to send no more, then, when it cannot have missed that,
 * which of what it sent is served (RFC 9113 section 6.8). One that is idle is told both at once. */
static void
h2_leave(struct h2 *h)
{
	struct loop *l = h->codec.conn->loop;

	if (h->leaving == H2_LEFT || !*h->codec.spec->draining ||
	    h->codec.spec->side == SIDE_UPSTREAM)
		return;
	if (h->n > 0 && h->leaving == H2_STAYS) {
		h->leaving = H2_NOTICED;
		(void)nghttp2_submit_shutdown_notice(h->ng);
		(void)nghttp2_submit_ping(h->ng, NGHTTP2_FLAG_NONE, NULL);
		timer_set(l, &h->timer, l->now + H2_LEAVE_US);
	} else if (h->n == 0 || h->echoed) {
		h->leaving = H2_LEFT;
		timer_clear(l, &h->timer);
		(void)nghttp2_submit_goaway(h->ng, NGHTTP2_FLAG_NONE,
		    nghttp2_session_get_last_proc_stream_id(h->ng), NGHTTP2_NO_ERROR, NULL, 0);
	}
}

/* ---- reading ---- */

/* What owners have taken, peers may send again. */
static void
h2_give_back(struct h2 *h)
{
	struct h2_stream *s;

	if (h->owed == 0)
		return;
	TAILQ_FOREACH(s, &h->streams, entry) {
		struct message *in = &s->stream->in;
		uint32_t taken = s->owed - (uint32_t)in->body.bytes;

		if (taken == 0)
			continue;
		(void)nghttp2_session_consume_stream(h->ng, s->id, taken);
		s->owed -= taken;
		h->owed -= taken;
		in->full = s->owed > 0; /* whoever takes more tells */
	}
}

/* The buffer goes when nobody refers to it; else the next bytes go behind. */
static void
h2_forget_input(struct h2 *h)
{
	if (h->in == NULL || h->in->refs > 1)
		return;
	chunk_unref(h->in);
	h->in = NULL;
}

static enum io
h2_fill(struct h2 *h)
{
	struct conn *conn = h->codec.conn;
	size_t got;
	enum io io;

	if (h->in != NULL && h->in->refs == 1)
		h->start = h->end = 0;
	if (h->in != NULL && h->in->size - h->end < H2_SPARE) {
		chunk_unref(h->in);
		h->in = NULL;
	}
	if (h->in == NULL) {
		h->in = chunk_take(&conn->loop->chunks.small);
		h->start = h->end = 0;
	}
	io = conn_read(conn, h->in->bytes + h->end, h->in->size - h->end, &got);
	h->end += (uint32_t)got;
	if (io == IO_EOF || io == IO_FAILED)
		h2_gone(h);
	return io;
}

/* All that is buffered; nghttp2 keeps what is half a frame. */
static void
h2_understand(struct h2 *h)
{
	ssize_t n = 0;

	if (h->start < h->end)
		n = nghttp2_session_mem_recv(
		    h->ng, (uint8_t *)h->in->bytes + h->start, h->end - h->start);
	h->start = h->end;
	if (n == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
		h2_end_with(h, h2_fault(h), NGHTTP2_PROTOCOL_ERROR);
	else if (n < 0 || h->credit.abuse != FAULT_none)
		h2_end_with(h, h2_abuse(h), NGHTTP2_ENHANCE_YOUR_CALM);
}

static enum io
h2_feed(struct codec *c)
{
	struct h2 *h = h2_of(c);
	enum io io = IO_DONE;

	h2_give_back(h);
	for (unsigned fills = 0; io == IO_DONE && !c->done; fills++) {
		h2_understand(h);
		h->stopped = h2_is_behind(h);
		if (c->done || !c->conn->may_read || h->stopped)
			break;
		if (fills == H2_FILLS) {
			loop_again(c->conn->loop, &c->conn->task);
			break;
		}
		io = h2_fill(h);
	}
	h2_forget_input(h);
	if (c->done)
		return io;
	h2_leave(h);
	if (nghttp2_session_want_write(h->ng) || (h->n > h->open && h2_openable(h) > 0))
		codec_flush(c);
	else
		h2_review(h);
	return io;
}

const struct codec_ops codec_h2 = {
    .size = sizeof(struct h2),
    .part_size = sizeof(struct h2_stream),
    .major = 2,
    .many = true,
    .open = h2_open,
    .close = h2_close,
    .stream_open = h2_stream_open,
    .room = h2_room,
    .stream_end = h2_stream_end,
    .feed = h2_feed,
    .flush = h2_flush,
    .fail = h2_fail,
};
