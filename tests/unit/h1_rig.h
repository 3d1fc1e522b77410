/* h1_rig - the HTTP/1 codec between a script and a plain owner, in memory: what the peer sends
 * comes in pieces of any size, what it is sent goes into a buffer, and each message that arrives
 * becomes a line of text. For the tests and the fuzzer of the codec; either side. */
#ifndef TESTS_UNIT_H1_RIG_H
#define TESTS_UNIT_H1_RIG_H

#include <stdio.h>
#include <stdlib.h>

#include "http/codec_slabs.h"

enum { RIG_ARENA = 256 * 1024, RIG_STILL = 6 };

struct rig_text { /* grows; ends in NUL */
	char *p;  /* owned */
	size_t len, room;
};

struct h1_rig {
	struct loop *loop;
	struct conn conn;
	struct task stop;
	struct codec_slabs slabs;
	struct codec_spec spec;
	struct codec *codec;
	bool draining;
	/* what the peer sends */
	struct str in;
	size_t in_at;
	size_t piece;            /* bytes a read gives at most; 0: all */
	uint32_t seed;           /* not 0: pieces by chance */
	bool in_ends, in_breaks; /* with an end, or a reset, after the last byte */
	/* what it is sent */
	struct rig_text out;
	size_t out_room; /* bytes it takes from now on; SIZE_MAX: all */
	bool out_breaks;
	/* the owner */
	struct task owner;
	struct stream *stream; /* lent; NULL: none */
	struct head *answer;   /* client side: what every request gets */
	struct head *ask;      /* upstream side: the request */
	struct arena arena;
	struct rig_text log, body;
	bool lazy; /* the owner takes no body */
	bool sent_once;
	unsigned streams_seen;
};

static inline void
rig_add(struct rig_text *t, const char *p, size_t len)
{
	if (t->len + len + 1 > t->room) {
		t->room = (t->len + len + 1) * 2;
		t->p = xrealloc(t->p, t->room);
	}
	if (len > 0)
		memcpy(t->p + t->len, p, len);
	t->len += len;
	t->p[t->len] = '\0';
}

static inline void
rig_say(struct rig_text *t, const char *text)
{
	rig_add(t, text, strlen(text));
}

static inline struct h1_rig *
rig_of(struct conn *c)
{
	return container_of(c, struct h1_rig, conn);
}

/* ---- the transport ---- */

static inline enum io
rig_read(struct conn *c, void *buf, size_t len, size_t *got)
{
	struct h1_rig *r = rig_of(c);
	size_t n = r->in.len - r->in_at, most = r->piece;

	if (r->seed != 0) {
		r->seed = r->seed * 1664525 + 1013904223;
		most = 1 + (r->seed >> 8) % 40;
	}
	if (most != 0 && n > most)
		n = most;
	if (n > len)
		n = len;
	*got = n;
	if (n > 0)
		memcpy(buf, r->in.p + r->in_at, n);
	r->in_at += n;
	if (n == len)
		return IO_DONE;
	c->may_read = false; /* the next piece is another event */
	if (n > 0)
		return IO_DONE;
	if (r->in_at < r->in.len || !(r->in_ends || r->in_breaks))
		return IO_MORE;
	c->eof = r->in_ends;
	return r->in_ends ? IO_EOF : IO_FAILED;
}

static inline enum io
rig_write(struct conn *c, const struct iovec *iov, int n, size_t *put)
{
	struct h1_rig *r = rig_of(c);

	*put = 0;
	if (r->out_breaks)
		return IO_FAILED;
	for (int i = 0; i < n; i++) {
		size_t len = iov[i].iov_len < r->out_room ? iov[i].iov_len : r->out_room;

		rig_add(&r->out, iov[i].iov_base, len);
		*put += len;
		r->out_room -= r->out_room == SIZE_MAX ? 0 : len;
		if (len < iov[i].iov_len) {
			c->may_write = false;
			return *put > 0 ? IO_DONE : IO_MORE;
		}
	}
	return IO_DONE;
}

static inline void
rig_end(struct conn *c)
{
	(void)c;
}

static const struct transport rig_transport = {"memory", rig_read, rig_write, rig_end, rig_end};

/* ---- the log ---- */

static inline void
rig_log_fields(struct h1_rig *r, const struct fields *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		rig_say(&r->log, " ");
		rig_add(&r->log, f->v[i].name, f->v[i].name_len);
		rig_say(&r->log, "=");
		rig_add(&r->log, f->v[i].value, f->v[i].value_len);
	}
}

static inline void
rig_log_head(struct h1_rig *r, const struct head *h)
{
	char status[16];

	if (h->status != 0) {
		(void)snprintf(status, sizeof(status), "%u", h->status);
		rig_say(&r->log, status);
	} else {
		rig_add(&r->log, h->method_text.p, h->method_text.len);
		rig_say(&r->log, " ");
		rig_add(&r->log, h->target.p, h->target.len);
	}
	rig_log_fields(r, &h->fields);
}

/* The body of a message that was cut is not told: how much of it came first is a matter of pieces.
 */
static inline void
rig_log_stream(struct h1_rig *r, const struct stream *s)
{
	if (s->in.head != NULL)
		rig_log_head(r, s->in.head);
	if (s->fault != FAULT_none) {
		rig_say(&r->log, s->in.head ? " !" : "!");
		rig_say(&r->log, fault_row(s->fault)->word.p);
	} else {
		if (r->body.len > 0) {
			rig_say(&r->log, " [");
			rig_add(&r->log, r->body.p, r->body.len);
			rig_say(&r->log, "]");
		}
		if (s->in.trailers != NULL) {
			rig_say(&r->log, " /");
			rig_log_fields(r, s->in.trailers);
		}
		if (!s->in.keep_alive)
			rig_say(&r->log, " (close)");
	}
	rig_say(&r->log, "\n");
	r->body.len = 0;
	r->streams_seen++;
}

/* ---- the owner ---- */

static inline void
rig_take_body(struct h1_rig *r)
{
	struct message *in = &r->stream->in;

	while (in->body.bytes > 0) {
		struct slice *s = slices_first(&in->body);

		rig_add(&r->body, s->chunk->bytes + s->off, s->len);
		slices_drop(&in->body, s->len);
	}
	message_taken(in, r->loop, &r->conn.task);
}

static inline void
rig_owner_run(struct task *t)
{
	struct h1_rig *r = container_of(t, struct h1_rig, owner);
	struct stream *s = r->stream;

	if (s == NULL || r->lazy)
		return;
	rig_take_body(r);
	if (s->in.interim != NULL) {
		rig_log_head(r, s->in.interim);
		rig_say(&r->log, "\n");
		s->in.interim = NULL;
		loop_ready(r->loop, &r->conn.task);
	}
	if (s->fault != FAULT_none && s->in.at != AT_DONE) {
		rig_log_stream(r, s);
		s->codec->ops->stream_end(&r->stream, s->fault);
		return;
	}
	if (s->in.at != AT_DONE)
		return;
	if (!r->sent_once) {
		rig_log_stream(r, s);
		r->sent_once = true;
		if (r->answer != NULL) {
			s->out.head = r->answer;
			s->out.at = AT_DONE;
			codec_flush(s->codec);
		}
	}
	if (s->sent || s->fault != FAULT_none)
		s->codec->ops->stream_end(&r->stream, s->fault);
}

static inline void
rig_conn_run(struct task *t)
{
	struct h1_rig *r = container_of(t, struct h1_rig, conn.task);

	(void)r->codec->ops->feed(r->codec);
	if (r->codec->fresh != NULL) {
		ASSERT(r->stream == NULL);
		r->stream = r->codec->fresh;
		r->codec->fresh = r->stream->next;
		r->stream->owner = &r->owner;
		r->sent_once = false;
		loop_ready(r->loop, &r->owner);
	}
	if (r->codec->wire.bytes > 0 && r->conn.may_write)
		(void)r->codec->ops->flush(r->codec);
}

static inline void
rig_stop_run(struct task *t)
{
	loop_stop(container_of(t, struct h1_rig, stop)->loop);
}

static inline void
rig_turn(struct h1_rig *r)
{
	r->loop->stop = false;
	loop_again(r->loop, &r->stop);
	loop_run(r->loop);
}

/* Events and turns until nothing changes any more. */
static inline void
rig_run(struct h1_rig *r)
{
	size_t seen = SIZE_MAX;

	for (unsigned still = 0; still < RIG_STILL; still++) {
		size_t now = r->in_at + r->log.len + r->out.len + r->body.len +
			     (r->stream != NULL) + r->codec->done;

		if (now != seen)
			still = 0;
		seen = now;
		r->conn.may_read = true;
		loop_ready(r->loop, &r->conn.task);
		rig_turn(r);
	}
}

/* ---- */

static inline void
rig_open(struct h1_rig *r, enum side side, struct str in)
{
	*r = (struct h1_rig){.in = in, .out_room = SIZE_MAX, .loop = loop_new(NULL)};
	codec_slabs_init(&r->slabs, side, 0);
	r->spec = (struct codec_spec){.side = side, .slabs = &r->slabs, .draining = &r->draining};
	conn_open(&r->conn, r->loop, -1, rig_conn_run);
	r->conn.transport = &rig_transport;
	r->codec = codec_h1.open(&r->conn, &r->spec);
	r->owner.run = rig_owner_run;
	r->stop.run = rig_stop_run;
	arena_init(&r->arena, NULL, 0, RIG_ARENA);
	rig_say(&r->log, "");
	rig_say(&r->out, "");
	rig_say(&r->body, "");
}

/* Upstream side: sends a request without a body, which awaits its answer. */
static inline struct stream *
rig_ask(struct h1_rig *r, struct head *head, bool upgrade)
{
	struct stream *s = r->codec->ops->stream_open(r->codec, &r->arena, &r->owner);

	if (s == NULL)
		return NULL;
	r->stream = s;
	r->sent_once = false;
	s->out.head = head;
	s->out.upgrade = upgrade;
	s->out.at = AT_DONE;
	codec_flush(r->codec);
	rig_turn(r);
	return s;
}

static inline void
rig_close(struct h1_rig *r)
{
	if (r->stream != NULL)
		r->codec->ops->stream_end(&r->stream, FAULT_client_gone);
	if (r->codec != NULL)
		r->codec->ops->close(&r->codec);
	task_unlist(r->loop, &r->conn.task);
	task_unlist(r->loop, &r->owner);
	codec_slabs_fini(&r->slabs);
	arena_reset(&r->arena);
	loop_free(&r->loop); /* asserts that no chunk is in use */
	free(r->log.p);
	free(r->out.p);
	free(r->body.p);
}

#endif
