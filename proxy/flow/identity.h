/* identity - who a client has proven to be with a certificate, as the fields that all its requests
 * gain on their way to an endpoint. Made once for a connection; most have none. The same fields
 * that come from a client are always dropped (forward.c), whether its listener asks for
 * certificates or not. */
#ifndef FLOW_IDENTITY_H
#define FLOW_IDENTITY_H

#include "http/head.h"
#include "io/conn.h"

enum { IDENTITY_FIELDS = 2 };

struct identity {
	struct field fields[IDENTITY_FIELDS]; /* complete lines */
	char *text;                           /* owned */
	char *subject;                        /* owned; for the log */
};

/* The conn's handshake is done. NULL: it has shown no certificate. */
struct identity *identity_new(const struct conn *c);
void identity_free(struct identity **id); /* a no-op on NULL */

#endif
