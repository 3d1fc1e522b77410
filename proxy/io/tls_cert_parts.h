/* tls_cert_parts - what tls_cert.c knows to say of any certificate; for tls_peer.c. */
#ifndef IO_TLS_CERT_PARTS_H
#define IO_TLS_CERT_PARTS_H

#include "io/tls_cert.h"

struct X509_name_st;

/* As RFC 4514 writes it; the caller frees. */
char *tls_name_text(const struct X509_name_st *name);
void tls_digest_text(const struct x509_st *x, char out[TLS_DIGEST]);

#endif
