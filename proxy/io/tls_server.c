/* A *face* is a certificate, or one of each kind of key for the same name, as the library wants to
 * have it. Names lead to faces:
 *
 *	client hello --SNI--> exact name -> "*." and the rest of it -> the default
 *
 * The library picks between the kinds of keys by what the client can do, ECDSA first. A server with
 * one face that rejects nobody is never asked for a name. */
#include "io/tls_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/map.h"
#include "io/tls_cert_parts.h"
#include "io/tls_conn.h"

#define TLS_CIPHERS                                                                                \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                               \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                               \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define TLS_SUITES "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

enum {
	TLS_HOST_MAX = 255,        /* bytes of a name that is asked for */
	TLS_ALPN_MAX = 256,        /* bytes of all protocols */
	TLS_TICKET_LIFE_S = 86400, /* while its key still opens it */
};

enum tls_kind { TLS_ECDSA, TLS_RSA, TLS_KINDS };

struct tls_face {
	const struct tls_cert
	    *certs[TLS_KINDS]; /* borrowed from the server; NULL: not of this kind */
	SSL_CTX *library;      /* owned */
};

struct tls_server {
	_Atomic uint32_t refs;
	struct tls_cert **certs; /* owned array of refs */
	struct tls_face *faces;  /* owned; at most one for each name of a certificate */
	size_t n_certs, n_faces;
	struct tls_face *fallback;
	struct map names; /* name, or "*." and name -> face */
	unsigned char alpn[TLS_ALPN_MAX];
	unsigned alpn_len;
	bool reject_unknown;
	X509_STORE *client_ca; /* owned, both; NULL: none */
	STACK_OF(X509_NAME) * client_ca_names;
	uint64_t client_ca_content; /* as of a certificate */
};

/* ---- which certificate ---- */

/* A valid one before one that has ended or is not yet valid; then the one that ends last. */
static bool
tls_cert_better(const struct tls_cert *a, const struct tls_cert *b, int64_t now)
{
	bool a_valid = a->not_before <= now && now < a->not_after;
	bool b_valid = b->not_before <= now && now < b->not_after;

	return a_valid != b_valid ? a_valid : a->not_after > b->not_after;
}

/* The name as it is looked up; len 0: none. */
static struct str
tls_lower(const char *name, char out[TLS_HOST_MAX + 1])
{
	size_t n = name != NULL ? strlen(name) : 0;

	if (n > 0 && name[n - 1] == '.')
		n--;
	if (n > TLS_HOST_MAX)
		n = 0;
	for (size_t i = 0; i < n; i++)
		out[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i]);
	return str_of(out, n);
}

/* NULL: no certificate is for it. */
static struct tls_face *
tls_face_for(const struct tls_server *s, struct str host)
{
	struct tls_face *face = map_get(&s->names, host);
	size_t dot = str_find(host, '.', 0);
	char wild[TLS_HOST_MAX + 2];

	if (face != NULL || dot == 0 || dot == host.len)
		return face;
	wild[0] = '*';
	memcpy(wild + 1, host.p + dot, host.len - dot);
	return map_get(&s->names, str_of(wild, host.len - dot + 1));
}

size_t
tls_server_certs(const struct tls_server *s, struct str host, const struct tls_cert *out[2])
{
	const struct tls_face *face = tls_face_for(s, host);
	size_t n = 0;

	if (face == NULL && !s->reject_unknown)
		face = s->fallback;
	for (size_t i = 0; face != NULL && i < TLS_KINDS; i++)
		if (face->certs[i] != NULL)
			out[n++] = face->certs[i];
	return n;
}

size_t
tls_server_list(const struct tls_server *s, struct tls_cert *const **out)
{
	*out = s->certs;
	return s->n_certs;
}

struct tls_cert *
tls_server_find(const struct tls_server *s, const char *path)
{
	for (size_t i = 0; i < s->n_certs; i++)
		if (strcmp(s->certs[i]->path, path) == 0)
			return s->certs[i];
	return NULL;
}

bool
tls_server_same(const struct tls_server *a, const struct tls_server *b)
{
	if (a->n_certs != b->n_certs || a->client_ca_content != b->client_ca_content)
		return false;
	for (size_t i = 0; i < a->n_certs; i++)
		if (a->certs[i]->content != b->certs[i]->content)
			return false;
	return true;
}

/* The library's question in the middle of a client hello. */
static int
tls_on_name(SSL *ssl, int *alert, void *arg)
{
	const struct tls_server *s = arg;
	struct conn *c = SSL_get_app_data(ssl);
	char lower[TLS_HOST_MAX + 1];
	struct str host = tls_lower(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name), lower);
	const struct tls_face *face = host.len > 0 ? tls_face_for(s, host) : NULL;

	if (face == NULL && s->reject_unknown) {
		c->tls->failure = TLS_unknown_host;
		*alert = SSL_AD_UNRECOGNIZED_NAME;
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	if (face != NULL && face != s->fallback)
		SSL_set_SSL_CTX(ssl, face->library);
	return SSL_TLSEXT_ERR_OK;
}

/* Ours is the order of preference (RFC 7301 section 3.2). */
static int
tls_on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
    unsigned in_len, void *arg)
{
	const struct tls_server *s = arg;
	unsigned char *chosen;

	(void)ssl;
	if (SSL_select_next_proto(&chosen, out_len, s->alpn, s->alpn_len, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* The staple that belongs to the certificate which the library chose. */
static int
tls_on_status(SSL *ssl, void *arg)
{
	const struct tls_face *face = arg;
	const X509 *shown = SSL_get_certificate(ssl);

	for (size_t i = 0; i < TLS_KINDS; i++) {
		const struct tls_cert *cert = face->certs[i];
		unsigned char *copy;

		if (cert == NULL || cert->leaf != shown || cert->staple == NULL)
			continue;
		copy = OPENSSL_memdup(cert->staple, cert->staple_len); /* the library frees it */
		if (copy == NULL)
			break;
		SSL_set_tlsext_status_ocsp_resp(ssl, copy, (int)cert->staple_len);
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

/* ---- building ---- */

#define WRONG(w, ...) (void)snprintf((w)->text, sizeof((w)->text), __VA_ARGS__)

/* The newest error of the library in words, and its queue is empty. */
static bool
tls_wrong_by_library(struct tls_wrong *wrong, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	WRONG(wrong, "%s: %s", what, reason != NULL ? reason : "refused by OpenSSL");
	ERR_clear_error();
	return false;
}

/* Suites of 1.3 and ciphers of 1.2 stand in one list, as people write them. */
static bool
tls_face_ciphers(SSL_CTX *library, const char *words, struct tls_wrong *wrong)
{
	struct str rest = str_from(words), word;
	char *lists[2] = {xcalloc(1, rest.len + 1), xcalloc(1, rest.len + 1)};
	bool ok = true;

	while (str_cut(&rest, ':', &word)) {
		char *list = lists[str_starts(word, STR("TLS_"))];
		size_t n = strlen(list);

		(void)snprintf(list + n, str_from(words).len + 1 - n, "%s%.*s", n > 0 ? ":" : "",
		    STR_FMT(word));
	}
	if (lists[0][0] != '\0')
		ok = SSL_CTX_set_cipher_list(library, lists[0]) == 1;
	if (ok && lists[1][0] != '\0')
		ok = SSL_CTX_set_ciphersuites(library, lists[1]) == 1;
	free(lists[0]);
	free(lists[1]);
	return ok || tls_wrong_by_library(wrong, "ciphers");
}

static void
tls_face_client_auth(struct tls_server *s, SSL_CTX *library, enum tls_client_auth auth)
{
	int mode = SSL_VERIFY_PEER;

	if (auth == TLS_AUTH_REQUIRE)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(library, mode, NULL);
	SSL_CTX_set_client_CA_list(library, SSL_dup_CA_list(s->client_ca_names));
	SSL_CTX_set1_cert_store(library, s->client_ca);
}

/* A ticket serves only where it was given under the same rules: else one from a listener that asks
 * nobody for a certificate would open one that does, and one by an authority that is not trusted
 * any more would be as good as before. */
static void
tls_face_policy(const struct tls_server *s, SSL_CTX *library, const struct tls_server_spec *spec)
{
	uint64_t id[2] = {spec->client_auth, s->client_ca_content};

	ASSERT(SSL_CTX_set_session_id_context(library, (unsigned char *)id, sizeof(id)) == 1);
}

static void
tls_face_tickets(SSL_CTX *library, const struct tls_server_spec *spec)
{
	SSL_CTX_set_session_cache_mode(library, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(library, TLS_TICKET_LIFE_S);
	if (spec->tickets == NULL) {
		SSL_CTX_set_options(library, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(library, 0);
		return;
	}
	SSL_CTX_set_num_tickets(library, 1);
	tls_tickets_serve(spec->tickets, library);
}

static bool
tls_face_certs(struct tls_face *face, struct tls_wrong *wrong)
{
	for (size_t i = 0; i < TLS_KINDS; i++) {
		const struct tls_cert *cert = face->certs[i];

		if (cert != NULL && SSL_CTX_use_cert_and_key(
					face->library, cert->leaf, cert->key, cert->chain, 1) != 1)
			return tls_wrong_by_library(wrong, cert->path);
	}
	return true;
}

static SSL_CTX *
tls_face_library(const struct tls_server_spec *spec)
{
	SSL_CTX *library = SSL_CTX_new(TLS_server_method());

	ASSERT(library != NULL); /* memory */
	SSL_CTX_set_min_proto_version(library, spec->only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_options(library, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(library, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(library, 1);
	ASSERT(SSL_CTX_set_cipher_list(library, TLS_CIPHERS) == 1);
	ASSERT(SSL_CTX_set_ciphersuites(library, TLS_SUITES) == 1);
	return library;
}

static bool
tls_face_build(struct tls_server *s, struct tls_face *face, const struct tls_server_spec *spec,
    struct tls_wrong *wrong)
{
	SSL_CTX *library = face->library = tls_face_library(spec);

	tls_face_tickets(library, spec);
	tls_face_policy(s, library, spec);
	if (s->alpn_len > 0)
		SSL_CTX_set_alpn_select_cb(library, tls_on_alpn, s);
	SSL_CTX_set_tlsext_status_cb(library, tls_on_status);
	SSL_CTX_set_tlsext_status_arg(library, face);
	if (spec->client_auth != TLS_AUTH_OFF)
		tls_face_client_auth(s, library, spec->client_auth);
	return tls_face_certs(face, wrong) &&
	       (spec->ciphers == NULL || tls_face_ciphers(library, spec->ciphers, wrong));
}

/* The best certificate of each kind for each name. */
static void
tls_server_name(struct tls_server *s)
{
	int64_t now = (int64_t)time(NULL);

	for (size_t i = 0; i < s->n_certs; i++) {
		struct tls_cert *cert = s->certs[i];
		size_t kind = cert->rsa ? TLS_RSA : TLS_ECDSA;

		for (size_t j = 0; j < cert->n_names; j++) {
			struct tls_face *face = map_get(&s->names, cert->names[j]);

			if (face == NULL) {
				face = &s->faces[s->n_faces++];
				map_put(&s->names, cert->names[j], face);
			}
			if (face->certs[kind] == NULL ||
			    tls_cert_better(cert, face->certs[kind], now))
				face->certs[kind] = cert;
		}
	}
	if (s->certs[0]->n_names > 0) {
		s->fallback = map_get(&s->names, s->certs[0]->names[0]);
	} else { /* reached as the default only */
		s->fallback = &s->faces[s->n_faces++];
		s->fallback->certs[s->certs[0]->rsa ? TLS_RSA : TLS_ECDSA] = s->certs[0];
	}
}

static struct str
tls_face_key(const struct tls_face *face)
{
	return str_of((const char *)face->certs, sizeof(face->certs));
}

/* Names with the same certificates share a face; the library builds each once. */
static bool
tls_server_build(struct tls_server *s, const struct tls_server_spec *spec, struct tls_wrong *wrong)
{
	struct map seen;
	bool ok = tls_face_build(s, s->fallback, spec, wrong);

	map_init(&seen);
	map_put(&seen, tls_face_key(s->fallback), s->fallback);
	MAP_EACH(&s->names, slot) {
		struct tls_face *face = slot->value, *same = map_get(&seen, tls_face_key(face));

		if (same == NULL) {
			ok = ok && tls_face_build(s, face, spec, wrong);
			map_put(&seen, tls_face_key(face), face);
			same = face;
		}
		slot->value = same;
	}
	if (ok && (seen.n > 1 || s->reject_unknown)) {
		SSL_CTX_set_tlsext_servername_callback(s->fallback->library, tls_on_name);
		SSL_CTX_set_tlsext_servername_arg(s->fallback->library, s);
	}
	map_free(&seen);
	return ok;
}

static uint64_t
tls_store_content(const X509_STORE *store)
{
	const STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(store);
	uint64_t content = 0;

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		const X509 *x = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
		char digest[TLS_DIGEST];

		if (x == NULL)
			continue;
		tls_digest_text(x, digest);
		content ^= map_hash(str_from(digest));
	}
	return content;
}

static bool
tls_server_client_ca(struct tls_server *s, const char *path, struct tls_wrong *wrong)
{
	if (path == NULL)
		return true;
	s->client_ca = X509_STORE_new();
	s->client_ca_names = SSL_load_client_CA_file(path);
	if (s->client_ca_names != NULL && X509_STORE_load_file(s->client_ca, path) == 1) {
		s->client_ca_content = tls_store_content(s->client_ca);
		ERR_clear_error();
		return true;
	}
	return tls_wrong_by_library(wrong, path);
}

static void
tls_server_alpn(struct tls_server *s, const struct tls_server_spec *spec)
{
	for (size_t i = 0; i < spec->n_alpn; i++) {
		size_t n = strlen(spec->alpn[i]);

		ASSERT(s->alpn_len + n + 1 <= sizeof(s->alpn)); /* words of a short list */
		s->alpn[s->alpn_len] = (unsigned char)n;
		memcpy(s->alpn + s->alpn_len + 1, spec->alpn[i], n);
		s->alpn_len += (unsigned)n + 1;
	}
}

struct tls_server *
tls_server_new(const struct tls_server_spec *spec, struct tls_wrong *wrong)
{
	struct tls_server *s = xcalloc(1, sizeof(*s));
	size_t names = 1; /* one face more, for a default without a name */

	atomic_init(&s->refs, 1);
	map_init(&s->names);
	wrong->text[0] = wrong->hint[0] = '\0';
	s->reject_unknown = spec->reject_unknown;
	s->certs = xcalloc(spec->n_certs, sizeof(struct tls_cert *));
	for (; s->n_certs < spec->n_certs; s->n_certs++) {
		s->certs[s->n_certs] = tls_cert_ref(spec->certs[s->n_certs]);
		names += s->certs[s->n_certs]->n_names;
	}
	s->faces = xcalloc(names, sizeof(*s->faces));
	tls_server_alpn(s, spec);
	tls_server_name(s);
	if (!tls_server_client_ca(s, spec->client_ca, wrong) || !tls_server_build(s, spec, wrong))
		tls_server_unref(&s);
	return s;
}

struct tls_server *
tls_server_ref(struct tls_server *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void
tls_server_unref(struct tls_server **sp)
{
	struct tls_server *s = *sp;

	*sp = NULL;
	if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < s->n_faces; i++)
		SSL_CTX_free(s->faces[i].library);
	for (size_t i = 0; i < s->n_certs; i++)
		tls_cert_unref(&s->certs[i]);
	X509_STORE_free(s->client_ca);
	sk_X509_NAME_pop_free(s->client_ca_names, X509_NAME_free);
	map_free(&s->names);
	free(s->faces);
	free(s->certs);
	free(s);
}

SSL *
tls_server_accept(const struct tls_server *s)
{
	SSL *ssl = SSL_new(s->fallback->library);

	ASSERT(ssl != NULL); /* memory */
	SSL_set_accept_state(ssl);
	return ssl;
}
