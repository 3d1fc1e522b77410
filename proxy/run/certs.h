/* certs - the certificates in use: what listeners show to clients, and weir itself to endpoints.
 * Those of listeners follow their files without a reload: what has changed is read again, and shown
 * to who comes from then on. Control thread. */
#ifndef RUN_CERTS_H
#define RUN_CERTS_H

#include "io/tls_cert.h"
#include "run/server.h"

struct cert_use {
	const struct tls_cert *cert;
	bool listener;   /* shows it; else a backend's endpoints are shown it */
	struct str name; /* of the listener or backend */
};

/* One by one; a certificate that serves twice comes twice. */
void certs_each(
    const struct server *s, void (*one)(void *arg, const struct cert_use *use), void *arg);

/* Another snapshot is in force: its listeners' files are followed from now on. */
void certs_follow(struct server *s);
void certs_stop(struct server *s); /* a no-op when nothing is followed */

#endif
