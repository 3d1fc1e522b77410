/* codec - one protocol on one conn, as streams of messages. The heart's lower half: everything
 * above sees only streams, nothing below knows that exchanges exist. It never calls up: it records
 * in the stream and lists the owner's task; streams that nobody owns yet wait in codec.fresh.
 * Back-pressure is room, and it is pulled: feed stops reading when nobody has room, and whoever
 * makes room lists the conn's task. */
#ifndef HTTP_CODEC_H
#define HTTP_CODEC_H

#include "http/stream.h"
#include "io/wire.h"

enum side { SIDE_CLIENT, SIDE_UPSTREAM }; /* who is at the other end of the conn */

struct codec_slabs;

struct codec_spec { /* of a worker and side: outlives its codecs */
	enum side side;
	struct codec_slabs *slabs;
	bool *draining; /* client side: no message after the current ones */
	bool h2;        /* client side: a preface of HTTP/2 is not HTTP/1's to answer */
};

struct codec {
	const struct codec_ops *ops;
	const struct codec_spec *spec; /* borrowed */
	struct conn *conn;             /* borrowed from the client or upstream that owns both */
	struct wire wire;              /* bytes on their way out */
	struct task flush;             /* lists itself for the end of the turn */
	struct stream *fresh;          /* client side: arrived, not owned yet; oldest first */
	enum fault fault;              /* why it cannot go on; FAULT_none */
	bool done;    /* no further stream will come or be taken; close when the wire is empty */
	bool midway;  /* part of a head has arrived, the rest has not */
	bool preface; /* the first bytes are those of HTTP/2: codec_switch */
	bool quiet;   /* nothing more is expected of the peer before it is answered */
	bool unread;  /* done, but the peer may still be sending: a close now would reset it */
	bool cut;     /* done, but what a FIN would end is not complete: only a reset says so */
};

struct codec_ops {
	size_t size;      /* of its struct */
	size_t part_size; /* of what it keeps behind a stream, upstream side */
	uint8_t major;    /* version of HTTP */
	bool many;        /* streams at once */
	struct codec *(*open)(struct conn *, const struct codec_spec *);
	void (*close)(struct codec **); /* takes; no stream of it may have an owner any more */
	/* Upstream side: a new stream whose head will live in this arena; NULL: full or done. */
	struct stream *(*stream_open)(struct codec *, struct arena *, struct task *owner);
	uint32_t (*room)(struct codec *); /* so many more it takes now */
	/* The owner is done with it. Both messages complete and sent: the conn may serve the next
	 * one. Otherwise it is reset, for the reason given. */
	void (*stream_end)(struct stream **, enum fault why);
	enum io (*feed)(struct codec *);  /* conn -> in messages */
	enum io (*flush)(struct codec *); /* out messages -> conn */
	/* It is over: every stream learns why, and HTTP/1 makes a stream of a head that is midway.
	 */
	void (*fail)(struct codec *, enum fault why);
};

extern const struct codec_ops codec_h1, codec_h2;

/* What the owner put into an out message leaves at the latest at the end of this turn. */
static inline void
codec_flush(struct codec *c)
{
	loop_flush(c->conn->loop, &c->flush);
}

/* Not all of what was put on the wire has reached the kernel. */
static inline bool
codec_waits(const struct codec *c)
{
	return wire_waits(&c->wire, c->conn);
}

/* That of HTTP/1 is closed (a tunnel begins): the conn stays open, what was read and not understood
 * moves to `rest`. The stream must have ended. Or, it has met the preface: HTTP/2 goes on. */
void codec_detach(struct codec **c, struct slices *rest);
void codec_switch(struct codec **c);

#endif
