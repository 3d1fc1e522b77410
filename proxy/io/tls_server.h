/* tls_server - what a listener shows to clients that speak TLS: certificates chosen by the name the
 * client asks for (SNI), versions, ciphers, protocols, and whether clients have to show one of
 * their own. Immutable, counted, shared by all workers; a change of files makes a new one, and
 * conns keep the one they began with. */
#ifndef IO_TLS_SERVER_H
#define IO_TLS_SERVER_H

#include "io/tls_cert.h"
#include "io/tls_tickets.h"

struct ssl_st;
struct tls_server;

enum tls_client_auth { TLS_AUTH_OFF, TLS_AUTH_OPTIONAL, TLS_AUTH_REQUIRE };

struct tls_server_spec {               /* all borrowed for the call */
	struct tls_cert *const *certs; /* at least one; the first is the default */
	size_t n_certs;
	const char *const *alpn; /* in order of preference */
	size_t n_alpn;
	const char *ciphers;   /* the library's words; NULL: the default */
	const char *client_ca; /* a PEM file; NULL: none */
	enum tls_client_auth client_auth;
	bool only_tls13;
	bool reject_unknown;         /* a name that no certificate is for ends the handshake */
	struct tls_tickets *tickets; /* lives longer; NULL: no tickets */
};

/* NULL: the spec cannot be served. Slow: for the control thread. */
struct tls_server *tls_server_new(const struct tls_server_spec *spec, struct tls_wrong *wrong);
struct tls_server *tls_server_ref(struct tls_server *s);
void tls_server_unref(struct tls_server **s); /* any thread; a no-op on NULL */

/* All of its certificates, in the order of the file. */
size_t tls_server_list(const struct tls_server *s, struct tls_cert *const **out);
/* The one that was read from this file; NULL: none. */
struct tls_cert *tls_server_find(const struct tls_server *s, const char *path);
/* Do both show the same and trust the same? What else the spec says is not compared. */
bool tls_server_same(const struct tls_server *a, const struct tls_server *b);
/* The certificates that would be offered for this name, best kind first; at most two. Without a
 * fitting one: those of the default, or none. */
size_t tls_server_certs(const struct tls_server *s, struct str host, const struct tls_cert *out[2]);

/* For tls_handshake.c: a conn as the library sees it. */
struct ssl_st *tls_server_accept(const struct tls_server *s);

#endif
