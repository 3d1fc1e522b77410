/* uri - the request target (RFC 9112 section 3.2, RFC 3986): split and refused, never repaired.
 * Routing and forwarding use the same bytes. Refused: controls, space, '#', bytes >= 0x80, bad or
 * NUL percent-escapes, dot segments (also as %2e), user info, bad host or port. %2F stays what it
 * is: data, not a separator. */
#ifndef HTTP_URI_H
#define HTTP_URI_H

#include "base/fault.h"
#include "http/head.h"

struct uri {
	struct str authority; /* host[:port]; p is NULL in origin and asterisk form */
	struct str host;      /* without port */
	struct str path;      /* "/" at least, or "*" */
	struct str query;     /* p is NULL: no '?' */
};

/* Splits the target by the form the method allows: origin, absolute (http and https only),
 * authority (CONNECT), asterisk (OPTIONS). Returns FAULT_none or FAULT_http_request_error. */
enum fault uri_parse(enum method m, struct str target, struct uri *out) NODISCARD;

/* host[:port] as in Host and :authority: reg-name, IPv4 or [IPv6]; port 0-65535 or empty. An empty
 * authority is refused. host borrows from it. False: malformed. */
bool uri_authority(struct str authority, struct str *host, uint16_t *port) NODISCARD;

/* Whether two authorities name the same host and port: case-blind, default port elided. */
bool uri_authority_same(struct str a, struct str b);

#endif
