/* h1_parse - HTTP/1.x syntax (RFC 9112), strict: CRLF only, no obs-fold, no NUL, no bare CR or LF,
 * no space before the colon, token names, at least one digit everywhere digits are due. Pure
 * functions over bytes: no I/O, no framing decisions, nothing repaired. */
#ifndef HTTP_H1_PARSE_H
#define HTTP_H1_PARSE_H

#include "base/fault.h"
#include "http/head.h"

enum {
	H1_HEAD_MAX = 64 * 1024,   /* bytes of a whole head, start line included: 431 beyond */
	H1_TARGET_MAX = 16 * 1024, /* bytes of a request target: 414 beyond */
	H1_FIELDS_MAX = 128,       /* fields of a head or trailer section: 431 beyond */
	H1_TRAILER_MAX = 8 * 1024, /* bytes of a trailer section */
	H1_CHUNK_LINE_MAX = 256,   /* bytes of a chunk-size line with its extensions */
};

/* How many bytes the head at the start of `bytes` has, blank line included; 0: not all here yet.
 * *scanned (0 at first) remembers how far was looked, so that a slow sender costs no rescans.
 * *fault is set for what no further byte can heal: bare LF, over H1_HEAD_MAX. One empty line before
 * a request line is skipped by the caller (RFC 9112 section 2.2). */
size_t h1_head_size(struct str bytes, size_t *scanned, enum fault *fault);

/* `bytes` is exactly one head as measured above, of which the arena gets a copy that the head's
 * strings borrow from, and the field array. Request: 400, 414, 431, 505 faults; sets method,
 * target, authority, host, path, query (target and Host are checked against each other). Response:
 * FAULT_http_protocol_error or FAULT_http_response_header_section_size. */
enum fault h1_parse_request(struct str bytes, struct arena *a, struct head *out) NODISCARD;
enum fault h1_parse_response(struct str bytes, struct arena *a, struct head *out) NODISCARD;

/* Chunked bodies, decoded in place: payload bytes are moved together at the front of the run. */
struct h1_chunked {
	uint64_t left; /* payload bytes of this chunk still to come */
	uint8_t state; /* private; 0 at the start */
	uint16_t line; /* bytes of the current size line or trailer section so far */
};

struct h1_chunk_out {
	size_t used;    /* bytes of the input that are done with */
	size_t payload; /* bytes of body now at the front of the input */
	bool done;      /* the last chunk's line was read: the trailer section follows */
};

/* Takes what it can from `bytes`. A fault says http_request_error; an upstream codec maps it. */
enum fault h1_chunked_feed(
    struct h1_chunked *c, char *bytes, size_t len, struct h1_chunk_out *out) NODISCARD;

/* The trailer section after the last chunk, to its blank line: size as in h1_head_size (a lone
 * CRLF is a section of 2 bytes), then parsed like fields of a head. */
size_t h1_trailer_size(struct str bytes, size_t *scanned, enum fault *fault);
enum fault h1_parse_trailers(struct str bytes, struct arena *a, struct fields *out) NODISCARD;

#endif
