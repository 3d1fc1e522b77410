/* proxy_protocol - the line or block that tells the client's real address (PROXY protocol v1 and
 * v2). Strict: anything malformed is refused, nothing is guessed. No I/O. */
#ifndef IO_PROXY_PROTOCOL_H
#define IO_PROXY_PROTOCOL_H

#include "io/addr.h"

enum proxy_protocol { PROXY_PROTOCOL_OFF, PROXY_PROTOCOL_V1, PROXY_PROTOCOL_V2 };
enum { PROXY_PROTOCOL_MAX = 536 }; /* v1: 107; v2: what we accept: 16 + 520, TLVs included */

enum proxy_parse { PROXY_PARSE_DONE, PROXY_PARSE_MORE, PROXY_PARSE_BAD };

struct proxy_info {
	bool local; /* v2 LOCAL or UNKNOWN/UNSPEC: addresses of the connection itself hold */
	struct addr source, destination;
};

/* Reads the header at the start of bytes; *used is its size when DONE. */
enum proxy_parse proxy_protocol_parse(struct str bytes, struct proxy_info *out, size_t *used);
/* Writes a header of this version; the number of bytes. */
size_t proxy_protocol_write(enum proxy_protocol version, const struct addr *source,
    const struct addr *destination, char out[PROXY_PROTOCOL_MAX]);

#endif
