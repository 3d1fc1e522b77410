/* client_hello - the first message of a TLS client, for who routes by it and takes no part: the
 * name it asks for (SNI) and the protocols it offers (ALPN). Strict about form, blind to everything
 * else. No I/O, and no memory of its own. */
#ifndef IO_CLIENT_HELLO_H
#define IO_CLIENT_HELLO_H

#include "base/str.h"

enum { CLIENT_HELLO_MAX = 15 * 1024 }; /* bytes as sent, the headers of records included */

enum client_hello_parse { CLIENT_HELLO_DONE, CLIENT_HELLO_MORE, CLIENT_HELLO_BAD };

struct client_hello {
	struct str name; /* lower case; p is NULL: it asks for none */
	struct str alpn; /* "h2,http/1.1"; p is NULL: it offers none */
};

/* Reads the hello at the start of the bytes, which are moved together where records divide it; so
 * these are a copy of what came. out borrows from them. */
enum client_hello_parse client_hello_parse(
    char *bytes, size_t n, struct client_hello *out) NODISCARD;

#endif
