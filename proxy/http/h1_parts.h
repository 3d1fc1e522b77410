/* h1_parts - what h1.c (streams, writing) and h1_in.c (reading) share; nobody else includes it. */
#ifndef HTTP_H1_PARTS_H
#define HTTP_H1_PARTS_H

#include "http/codec_slabs.h"
#include "http/h1_parse.h"
#include "io/pipe.h"

enum h1_at { H1_HEAD, H1_LENGTH, H1_CHUNKS, H1_TRAILERS, H1_CLOSE, H1_END };

struct h1 {
	struct codec codec;
	struct stream *stream; /* owned; NULL: between messages */
	/* reading */
	struct chunk *in;    /* ref; NULL: nothing buffered */
	uint32_t start, end; /* bytes of it that are not understood yet */
	size_t scanned;
	uint64_t left;    /* of a BODY_LENGTH */
	uint64_t head_at; /* when the first byte of this head came */
	struct h1_chunked chunked;
	uint8_t at; /* enum h1_at */
	uint8_t empty_lines;
	uint8_t interims; /* to the current request */
	bool reused;      /* the conn has served a stream before */
	/* writing */
	bool head_out, end_out; /* of the stream's out message, into the wire */
	bool deaf;              /* the peer takes no more bytes: read on, it may have answered */
	bool last;              /* said "Connection: close" */
};

static inline struct h1 *
h1_of(struct codec *c)
{
	return container_of(c, struct h1, codec);
}

/* Gives the read buffer back; what was in it is gone. */
void h1_forget_input(struct h1 *h);
struct stream *h1_stream_new(struct h1 *h);
/* No further message on this conn; the current stream, if any, learns why. */
void h1_end_with(struct h1 *h, enum fault why);
enum io h1_feed(struct codec *c);
void h1_fail(struct codec *c, enum fault why);

#endif
