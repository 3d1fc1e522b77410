/* tls_cert - a certificate chain and its key, read from PEM files and judged: does the key match,
 * is the chain complete, when does it end, which names does it stand for? Immutable, counted;
 * shared by all servers that present it. */
#ifndef IO_TLS_CERT_H
#define IO_TLS_CERT_H

#include <stdatomic.h>

#include "base/str.h"

struct x509_st;
struct evp_pkey_st;
struct stack_st_X509;

enum {
	TLS_TEXT = 256,      /* bytes of a sentence about a file */
	TLS_DIGEST = 64 + 1, /* a SHA-256 in hex */
};

struct tls_wrong { /* what is wrong with a file, and what would be right; may be empty */
	char text[TLS_TEXT], hint[TLS_TEXT];
};

struct tls_cert {
	_Atomic uint32_t refs;
	char *path;           /* owned; of the certificate, as it is told to humans */
	struct x509_st *leaf; /* owned, all three */
	struct evp_pkey_st *key;
	struct stack_st_X509 *chain; /* without the leaf */
	struct str *names;           /* owned; lower case, wildcards as "*.NAME" */
	size_t n_names;
	int64_t not_before, not_after; /* seconds, wall clock */
	char *issuer, *serial;         /* owned */
	char digest[TLS_DIGEST];       /* of the leaf */
	const char *kind;              /* "ECDSA", "RSA" or another word of the library */
	bool rsa;
	const char *lacks;     /* what the chain lacks, in words; NULL: nothing */
	unsigned char *staple; /* owned; an OCSP response to be sent along; NULL: none */
	size_t staple_len;
	uint64_t content; /* tells it from one that was read from other bytes */
};

struct tls_cert_files {
	const char *cert;
	const char *key;    /* NULL: in the same file */
	const char *staple; /* NULL: none */
};

/* NULL: cannot be used. Slow: for the control thread. */
struct tls_cert *tls_cert_load(const struct tls_cert_files *files, struct tls_wrong *wrong);
struct tls_cert *tls_cert_ref(struct tls_cert *cert);
void tls_cert_unref(struct tls_cert **cert);

/* Is it meant for this host (lower case)? One label may stand for the star. */
bool tls_cert_fits(const struct tls_cert *cert, struct str host);

/* What it is called among humans: its first name, or else its file. */
static inline struct str
tls_cert_host(const struct tls_cert *cert)
{
	return cert->n_names > 0 ? cert->names[0] : str_from(cert->path);
}

#endif
