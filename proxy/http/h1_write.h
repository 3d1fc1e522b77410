/* h1_write - heads as HTTP/1.1 text. Framing fields are written from the message alone (one, or
 * none), whatever the head says; so is Connection. Pure functions over memory. */
#ifndef HTTP_H1_WRITE_H
#define HTTP_H1_WRITE_H

#include "http/stream.h"

enum h1_connection { H1_CONNECTION_NONE, H1_CONNECTION_CLOSE, H1_CONNECTION_KEEP_ALIVE };

struct h1_frame { /* how the body is framed, and what is said of the connection */
	enum body_kind kind;
	uint64_t length;
	bool upgrade;
	enum h1_connection connection;
};

/* An upper bound of what h1_write_head writes. */
size_t h1_write_size(const struct head *h);
/* Writes a request or response (status != 0) head into so much room. Returns the end of what was
 * written; NULL: it does not fit. */
char *h1_write_head(char *p, size_t room, const struct head *h, const struct h1_frame *frame);
size_t h1_fields_size(const struct fields *fields);
char *h1_write_fields(char *p, const struct fields *fields);

enum { H1_CHUNK_LINE = 20 }; /* longest chunk-size line weir writes, with CRLF */
char *h1_write_chunk_line(char *p, uint64_t size);

#endif
