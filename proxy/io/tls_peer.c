#include "io/tls_peer.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "io/conn.h"
#include "io/tls_cert_parts.h"
#include "io/tls_conn.h"

static struct str
peer_base64(X509 *x, struct arena *arena)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);
	char *text = len > 0 ? arena_take(arena, ((size_t)len + 2) / 3 * 4 + 1) : NULL;
	struct str out = STR_NONE;

	if (text != NULL)
		out = str_of(text, (size_t)EVP_EncodeBlock((unsigned char *)text, der, len));
	OPENSSL_free(der);
	return out;
}

static struct str
peer_subject(X509 *x, struct arena *arena)
{
	char *text = tls_name_text(X509_get_subject_name(x));
	struct str out = arena_copy(arena, str_from(text));

	free(text);
	return out;
}

/* A name is whatever the authority has signed, line ends included. */
static bool
peer_name_is_sane(const ASN1_STRING *name)
{
	for (int i = 0; i < name->length; i++) {
		unsigned char c = name->data[i];

		if (c <= ' ' || c > '~' || strchr("\",;\\", c) != NULL)
			return false;
	}
	return name->length > 0;
}

static bool
peer_names(X509 *x, struct arena *arena, struct tls_peer *out)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	int n = sk_GENERAL_NAME_num(all); /* -1: none */

	out->names = arena_take(arena, (n > 0 ? (size_t)n : 0) * sizeof(*out->names));
	for (int i = 0; out->names != NULL && i < n; i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(all, i);
		const ASN1_STRING *name = one->d.ia5;

		if ((one->type != GEN_URI && one->type != GEN_DNS) || !peer_name_is_sane(name))
			continue;
		out->names[out->n_names++] = (struct tls_peer_name){one->type == GEN_URI,
		    arena_copy(arena, str_of((const char *)name->data, (size_t)name->length))};
	}
	GENERAL_NAMES_free(all);
	return !arena_full(arena);
}

bool
tls_peer_read(const struct conn *c, struct arena *arena, struct tls_peer *out)
{
	X509 *x = SSL_get0_peer_certificate(c->tls->ssl);

	if (x == NULL)
		return false;
	*out = (struct tls_peer){
	    .certificate = peer_base64(x, arena), .subject = peer_subject(x, arena)};
	tls_digest_text(x, out->digest);
	return peer_names(x, arena, out);
}
