/* h2_parts - what the files of the HTTP/2 codec share; nobody else includes it.
 *
 *	h2.c        the codec: opened, fed, flushed, closed
 *	h2_stream.c streams begin and end
 *	h2_in.c     what nghttp2 tells of arriving frames becomes messages
 *	h2_head.c   a decoded list of fields becomes a head
 *	h2_out.c    messages become frames
 *
 * nghttp2 numbers streams and keeps windows. Ours are the user data of its own; either may outlive
 * the other. */
#ifndef HTTP_H2_PARTS_H
#define HTTP_H2_PARTS_H

#include <nghttp2/nghttp2.h>
#include <sys/queue.h>

#include "http/codec_slabs.h"
#include "http/h2_calm.h"

enum {
	H2_STREAMS = 100,        /* at once; those that were reset and have not ended yet count */
	H2_LIST_MAX = 64 * 1024, /* bytes of a decoded list, by RFC 9113 section 6.5.2's count */
	H2_FIELDS_MAX = 128,     /* fields of a list; each crumb of a cookie is one */
	H2_WIRE_MAX = 64 * 1024, /* bytes on the wire above which no more are added */
};

enum h2_leaving { H2_STAYS, H2_NOTICED, H2_LEFT }; /* RFC 9113 section 6.8: in two steps */

struct h2_stream { /* in its stream's arena, or behind the stream: upstream */
	TAILQ_ENTRY(h2_stream) entry;
	struct stream *stream;
	struct chunk *tail; /* ref; where body goes after it came in too many pieces; or NULL */
	uint32_t tail_used;
	uint32_t owed;     /* bytes of body not taken yet, whose window is not given back */
	int32_t id;        /* 0: nghttp2 does not know it yet */
	struct head *head; /* that is being decoded; NULL: trailers, or nothing */
	struct str scheme;
	uint32_t list_bytes;    /* of the list that is being decoded */
	enum fault bad;         /* it cannot be understood */
	bool closed;            /* nghttp2 knows it no more */
	bool head_out, end_out; /* nghttp2 has the head; all of it is on the wire */
	bool deferred;          /* nghttp2 asks for body again when it is told to resume */
};

struct h2 {
	struct codec codec;
	nghttp2_session *ng;             /* owned */
	TAILQ_HEAD(, h2_stream) streams; /* the oldest first */
	struct stream **fresh_last;
	struct chunk *in;        /* ref; NULL: nothing is buffered */
	uint32_t start, end;     /* bytes of it that nghttp2 has not seen */
	uint32_t n, open;        /* streams; those of them that nghttp2 knows */
	uint32_t owed;           /* of all streams together */
	struct h2_credit credit; /* of the peer */
	struct timer timer;      /* until the second step of leaving */
	uint8_t leaving;         /* enum h2_leaving */
	bool echoed, went;    /* the peer has seen the first step; has left itself, after service */
	bool paused, stopped; /* something did not fit on the wire; reading waits for it */
};

#define h2_of(c) container_of(c, struct h2, codec)

struct h2_stream *h2_stream_new(struct h2 *h, int32_t id); /* a client's */
struct h2_stream *h2_find(struct h2 *h, int32_t id);       /* NULL: not ours any more */
void h2_stream_free(struct h2 *h, struct h2_stream *s);
/* Nothing more of it comes or leaves, and its owner learns why. */
void h2_stream_failed(struct h2 *h, struct h2_stream *s, enum fault why);
uint32_t h2_openable(const struct h2 *h); /* so many may leave that wait */
struct stream *h2_stream_open(struct codec *c, struct arena *arena, struct task *owner);
uint32_t h2_room(struct codec *c);
void h2_stream_end(struct stream **s, enum fault why);
void h2_in_callbacks(nghttp2_session_callbacks *callbacks);
void h2_out_callbacks(nghttp2_session_callbacks *callbacks);
/* One field of the list; and it is complete: a request, an answer, or s->bad. */
void h2_head_field(struct h2_stream *s, struct str name, struct str value);
void h2_head_request(struct h2_stream *s, bool no_body);
void h2_head_answer(struct h2_stream *s, bool no_body);
void h2_serialise(struct h2 *h); /* what messages hand over, as much as the wire takes */

#endif
