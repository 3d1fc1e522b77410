/* tls_client - how endpoints of a backend are spoken to in TLS: whom to trust, which name their
 * certificate has to bear, what to show them. Immutable, counted, shared by all workers. */
#ifndef IO_TLS_CLIENT_H
#define IO_TLS_CLIENT_H

#include "io/tls_cert.h"

struct ssl_st;
struct tls_client;

struct tls_client_spec {         /* all borrowed for the call */
	bool verify;             /* the certificate, and that it is for the host */
	const char *ca;          /* a PEM file; NULL: the system's authorities */
	const char *name;        /* what the certificate has to be for; NULL: the endpoint's host */
	const char *sni;         /* what is asked for; NULL: the same name; "": nothing */
	struct tls_cert *own;    /* shown when asked for; NULL: none */
	const char *const *alpn; /* in order of preference */
	size_t n_alpn;
};

/* NULL: the spec cannot be used. Slow: for the control thread. */
struct tls_client *tls_client_new(const struct tls_client_spec *spec, struct tls_wrong *wrong);
struct tls_client *tls_client_ref(struct tls_client *t);
void tls_client_unref(struct tls_client **t); /* any thread; a no-op on NULL */
/* Would either have spoken to the same peers, and in the same way? NULL: plain. */
bool tls_client_same(const struct tls_client *a, const struct tls_client *b);

/* What endpoints that ask for a certificate are shown; NULL: nothing. */
const struct tls_cert *tls_client_own(const struct tls_client *t);

/* For tls_handshake.c: a conn to this host as the library sees it. */
struct ssl_st *tls_client_call(const struct tls_client *t, struct str host);

#endif
