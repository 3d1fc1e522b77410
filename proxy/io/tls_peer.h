/* tls_peer - who the other end of a conn has proven to be: what its certificate says, as text that
 * may stand in headers and logs. Made once for a conn, not for a request. */
#ifndef IO_TLS_PEER_H
#define IO_TLS_PEER_H

#include "base/arena.h"
#include "io/tls_cert.h"

struct conn;

struct tls_peer_name {
	bool uri; /* else a host */
	struct str text;
};

struct tls_peer {
	struct str certificate;  /* DER in base64 */
	struct str subject;      /* as RFC 4514 writes it: visible ASCII and blanks */
	char digest[TLS_DIGEST]; /* of the certificate */
	struct tls_peer_name *names;
	size_t n_names; /* those that are visible ASCII without  " , ; \ */
};

/* False: it has shown none (one that cannot be trusted has ended the handshake), or the arena is
 * full. */
bool tls_peer_read(const struct conn *c, struct arena *arena, struct tls_peer *out);

#endif
