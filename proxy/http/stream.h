/* stream - one request and its response on one codec: two messages, one each way. What has
 * arrived is in `in`, what is to leave is in `out`. Each only moves forward:
 *
 *	AT_HEAD --head--> AT_BODY --end of body, trailers--> AT_DONE
 *
 * Nine combinations come free; nobody enumerates them. Its codec owns it until stream_end. */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "http/framing.h"
#include "io/buf.h"
#include "io/loop.h"

enum {
	STREAM_ARENA = 3 * 1024,       /* first block of a request's arena */
	STREAM_ARENA_MAX = 256 * 1024, /* what it may grow by: heads, trailers, what filters add */
	STREAM_WINDOW = 128 * 1024,    /* bytes of body a message holds before it stops taking */
};

enum message_at { AT_HEAD, AT_BODY, AT_DONE };

struct message {
	enum message_at at;      /* in: what has arrived; out: what was handed over */
	enum body_kind kind;     /* how the body ends, as far as it was said beforehand */
	uint64_t length;         /* of a BODY_LENGTH */
	uint64_t bytes;          /* of body, so far */
	struct head *head;       /* set when at leaves AT_HEAD; in the exchange's arena */
	struct head *interim;    /* 1xx: set by one side, taken and cleared by the other */
	struct fields *trailers; /* may be set when at is AT_DONE; NULL: none */
	struct slices body;      /* arrived and not fetched, or waiting to leave */
	bool upgrade;            /* request: asks to switch protocols; response: switches */
	bool keep_alive;         /* in: the peer would keep the conn; a codec's own matter */
	bool splice;             /* in: nobody looks at the body, and where it goes takes pipes */
	bool full; /* somebody stopped for want of room here: the codec (in), the owner (out) */
};

struct stream {
	struct codec *codec;
	struct task *owner;  /* listed when there is news; NULL: fresh */
	struct stream *next; /* in codec.fresh */
	struct message in, out;
	enum fault fault;    /* why it ended early; FAULT_none */
	bool sent;           /* all of a complete out message has left */
	bool reused;         /* upstream: the conn has served others before */
	bool heard;          /* upstream: at least one byte of the response came */
	uint64_t started_at; /* first byte of the head */
	uint64_t active_at;  /* when it last moved; where a codec has one at a time, conn's is */
	void *part;          /* what its codec keeps of it */
	struct arena *arena; /* client side: its own; upstream: the exchange's */
	struct arena own;
	char first[] __attribute__((aligned(8))); /* STREAM_ARENA bytes; upstream: of the codec */
};

static inline size_t
message_room(const struct message *m)
{
	return m->body.bytes < STREAM_WINDOW && m->body.n < BUF_SLICES
		   ? STREAM_WINDOW - m->body.bytes
		   : 0;
}

/* The owner has taken bytes from an in message: a codec that had stopped reads on. */
static inline void
message_taken(struct message *in, struct loop *l, struct task *conn_task)
{
	if (in->full && message_room(in) > 0) {
		in->full = false;
		loop_again(l, conn_task);
	}
}

/* Tells the owner. */
static inline void
stream_news(struct stream *s, struct loop *l)
{
	if (s->owner != NULL)
		loop_ready(l, s->owner);
}

#endif
