#include "io/tls_client.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/addr.h"

enum { TLS_HOST_MAX = 255, TLS_PROTOCOLS_MAX = 64 };

struct tls_client {
	_Atomic uint32_t refs;
	SSL_CTX *library;     /* owned */
	char *name, *sni;     /* owned; NULL: the endpoint's host */
	struct tls_cert *own; /* ref */
	bool verify;
	unsigned char digest[EVP_MAX_MD_SIZE]; /* of all that it was made of */
};

static bool
tls_client_wrong(struct tls_wrong *wrong, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	(void)snprintf(wrong->text, sizeof(wrong->text), "%s: %s", what,
	    reason != NULL ? reason : "refused by OpenSSL");
	ERR_clear_error();
	return false;
}

static bool
tls_client_trust(struct tls_client *t, const struct tls_client_spec *spec, struct tls_wrong *wrong)
{
	if (!spec->verify)
		return true;
	SSL_CTX_set_verify(t->library, SSL_VERIFY_PEER, NULL);
	if (spec->ca == NULL)
		return SSL_CTX_set_default_verify_paths(t->library) == 1 ||
		       tls_client_wrong(wrong, "the system's authorities");
	return SSL_CTX_load_verify_file(t->library, spec->ca) == 1 ||
	       tls_client_wrong(wrong, spec->ca);
}

static void
tls_client_protocols(struct tls_client *t, const struct tls_client_spec *spec)
{
	unsigned char list[TLS_PROTOCOLS_MAX];
	unsigned n = 0;

	for (size_t i = 0; i < spec->n_alpn; i++) {
		size_t len = strlen(spec->alpn[i]);

		ASSERT(n + len + 1 <= sizeof(list)); /* words of a short list */
		list[n] = (unsigned char)len;
		memcpy(list + n + 1, spec->alpn[i], len);
		n += (unsigned)len + 1;
	}
	ASSERT(n == 0 || SSL_CTX_set_alpn_protos(t->library, list, n) == 0);
}

static void
tls_client_digest_text(EVP_MD_CTX *md, const char *text)
{
	const char *known = text != NULL ? text : "\377"; /* no host's first byte */

	ASSERT(EVP_DigestUpdate(md, known, strlen(known) + 1) == 1);
}

static void
tls_client_digest_trust(EVP_MD_CTX *md, SSL_CTX *library)
{
	STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(library));

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		const X509 *x = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
		unsigned char digest[EVP_MAX_MD_SIZE];
		unsigned n = 0;

		if (x != NULL && X509_digest(x, EVP_sha256(), digest, &n) == 1)
			ASSERT(EVP_DigestUpdate(md, digest, n) == 1);
	}
}

static void
tls_client_digest(struct tls_client *t, const struct tls_client_spec *spec)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	ASSERT(md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1);
	tls_client_digest_text(md, spec->verify ? "verifies" : "trusts");
	tls_client_digest_text(md, spec->name);
	tls_client_digest_text(md, spec->sni);
	tls_client_digest_text(md, spec->own != NULL ? spec->own->digest : NULL);
	for (size_t i = 0; i < spec->n_alpn; i++)
		tls_client_digest_text(md, spec->alpn[i]);
	tls_client_digest_trust(md, t->library);
	ASSERT(EVP_DigestFinal_ex(md, t->digest, NULL) == 1);
	EVP_MD_CTX_free(md);
}

bool
tls_client_same(const struct tls_client *a, const struct tls_client *b)
{
	return a == b ||
	       (a != NULL && b != NULL && memcmp(a->digest, b->digest, sizeof(a->digest)) == 0);
}

struct tls_client *
tls_client_new(const struct tls_client_spec *spec, struct tls_wrong *wrong)
{
	struct tls_client *t = xcalloc(1, sizeof(*t));
	const struct tls_cert *own = spec->own;
	bool ok;

	wrong->text[0] = wrong->hint[0] = '\0';
	atomic_init(&t->refs, 1);
	t->library = SSL_CTX_new(TLS_client_method());
	ASSERT(t->library != NULL); /* memory */
	t->verify = spec->verify;
	t->own = own != NULL ? tls_cert_ref(spec->own) : NULL;
	t->name = spec->name != NULL ? xstrdup(spec->name) : NULL;
	t->sni = spec->sni != NULL ? xstrdup(spec->sni) : NULL;
	SSL_CTX_set_min_proto_version(t->library, TLS1_2_VERSION);
	SSL_CTX_set_options(t->library, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(t->library, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(t->library, 1);
	SSL_CTX_set_session_cache_mode(t->library, SSL_SESS_CACHE_OFF);
	tls_client_protocols(t, spec);
	ok = tls_client_trust(t, spec, wrong);
	if (ok && own != NULL &&
	    SSL_CTX_use_cert_and_key(t->library, own->leaf, own->key, own->chain, 1) != 1)
		ok = tls_client_wrong(wrong, own->path);
	if (ok)
		tls_client_digest(t, spec);
	else
		tls_client_unref(&t);
	return t;
}

struct tls_client *
tls_client_ref(struct tls_client *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void
tls_client_unref(struct tls_client **tp)
{
	struct tls_client *t = *tp;

	*tp = NULL;
	if (t == NULL || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) > 1)
		return;
	SSL_CTX_free(t->library);
	tls_cert_unref(&t->own);
	free(t->name);
	free(t->sni);
	free(t);
}

const struct tls_cert *
tls_client_own(const struct tls_client *t)
{
	return t->own;
}

/* Who is meant has to be in the certificate, an address as an address. */
static void
tls_client_expect(SSL *ssl, const char *host)
{
	struct addr addr;

	if (addr_parse_ip(str_from(host), &addr)) {
		ASSERT(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1);
		return;
	}
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	ASSERT(SSL_set1_host(ssl, host) == 1);
}

SSL *
tls_client_call(const struct tls_client *t, struct str host)
{
	SSL *ssl = SSL_new(t->library);
	char text[TLS_HOST_MAX + 1];
	const char *name = t->name != NULL ? t->name : text;
	const char *sni = t->sni != NULL ? t->sni : name;
	struct addr addr;

	ASSERT(ssl != NULL); /* memory */
	(void)snprintf(text, sizeof(text), "%.*s", STR_FMT(host));
	if (t->verify)
		tls_client_expect(ssl, name);
	/* RFC 6066 section 3: an address is no name. */
	if (sni[0] != '\0' && !addr_parse_ip(str_from(sni), &addr))
		SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
		    (void *)(uintptr_t)sni);
	SSL_set_connect_state(ssl);
	return ssl;
}
