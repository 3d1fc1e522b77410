/* uri - the request target (RFC 9112 section 3.2, RFC 3986): split and refused, never repaired.
 * Routing and forwarding use the same bytes. Refused: controls, space, '#', bytes >= 0x80, bad or
 * NUL percent-escapes, '\' in a path, dot segments (also as %2e, and beside %2F, %5C or ';'), user
 * info, bad host or port. %2F stays what it is: data, not a separator. */
#ifndef HTTP_URI_H
#define HTTP_URI_H

#include "base/fault.h"
#include "http/head.h"

enum { URI_HOST_MAX = 255 }; /* bytes of a host: as long as names of DNS can be */

struct uri {
	struct str authority; /* host[:port]; p is NULL in origin and asterisk form */
	struct str host;      /* without port */
	struct str path;      /* "/" at least, or "*" */
	struct str query;     /* p is NULL: no '?' */
};

/* Splits the target by the form the method allows: origin, absolute (http and https only),
 * authority (CONNECT), asterisk (OPTIONS). Returns FAULT_none or FAULT_http_request_error. */
enum fault uri_parse(enum method m, struct str target, struct uri *out) NODISCARD;

/* host[:port] as in Host and :authority: a name of letters, digits and -._~ without empty labels,
 * IPv4 or [IPv6]; port 0-65535, empty or absent (then *port is 0). An empty authority is refused.
 * host borrows from it. False: malformed. */
bool uri_authority(struct str authority, struct str *host, uint16_t *port) NODISCARD;

/* Whether two authorities name the same host and port: case-blind, 80 and 443 as if unwritten. */
bool uri_authority_same(struct str a, struct str b);

#endif
