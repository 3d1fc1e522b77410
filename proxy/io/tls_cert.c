#include "io/tls_cert_parts.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "io/addr.h"

enum {
	TLS_NAMES_MAX = 1000,          /* of one certificate */
	TLS_STAPLE_MAX = 64 * 1024,    /* bytes of an OCSP response */
	TLS_PEM_MAX = 4 * 1024 * 1024, /* bytes of a file with certificates */
};

#define WRONG(w, ...) (void)snprintf((w)->text, sizeof((w)->text), __VA_ARGS__)
#define HINT(w, ...)  (void)snprintf((w)->hint, sizeof((w)->hint), __VA_ARGS__)

/* ---- files ---- */

static const char *
tls_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The whole file, at most max bytes. */
static unsigned char *
tls_file(const char *path, const char *what, size_t max, size_t *len, struct tls_wrong *wrong)
{
	FILE *f = fopen(path, "re");
	unsigned char *bytes;

	if (f == NULL) {
		WRONG(wrong, "cannot read %s %s: %s", what, path, strerror(errno));
		return NULL;
	}
	bytes = xmalloc(max);
	*len = fread(bytes, 1, max, f);
	if (ferror(f))
		WRONG(wrong, "cannot read %s %s: %s", what, path, strerror(errno));
	else if (*len == max)
		WRONG(wrong, "%s %s is too large", what, path);
	fclose(f);
	if (wrong->text[0] == '\0')
		return bytes;
	free(bytes);
	return NULL;
}

/* A key with a pass phrase cannot be asked for it. */
static int
tls_no_phrase(char *buf, int size, int rw, void *arg)
{
	bool *asked = arg;

	(void)buf;
	(void)size;
	(void)rw;
	*asked = true;
	return -1;
}

static EVP_PKEY *
tls_read_key(const struct tls_cert_files *files, struct str pem, struct tls_wrong *wrong)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
	const char *path = files->key != NULL ? files->key : files->cert;
	bool asked = false;
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, tls_no_phrase, &asked);

	BIO_free(bio);
	ERR_clear_error();
	if (key != NULL)
		return key;
	if (asked) {
		WRONG(wrong, "the key in %s has a pass phrase", tls_base(path));
		HINT(wrong, "weir starts unattended: openssl pkey -in %s removes it",
		    tls_base(path));
	} else {
		WRONG(wrong, "%s has no private key", tls_base(path));
		if (files->key == NULL)
			HINT(wrong, "put it into the same file, or name it with \"key\"");
	}
	return NULL;
}

static bool
tls_read_chain(struct tls_cert *cert, struct str pem, struct tls_wrong *wrong)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
	X509 *next;

	cert->leaf = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
	cert->chain = sk_X509_new_null();
	while (cert->leaf != NULL && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		sk_X509_push(cert->chain, next);
	if (cert->leaf == NULL)
		WRONG(wrong, "%s has no certificate in PEM form", tls_base(cert->path));
	else if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		WRONG(wrong, "%s: certificate %d is malformed", tls_base(cert->path),
		    sk_X509_num(cert->chain) + 2);
	ERR_clear_error();
	BIO_free(bio);
	return wrong->text[0] == '\0';
}

static bool
tls_read_files(struct tls_cert *cert, const struct tls_cert_files *files, struct tls_wrong *wrong)
{
	size_t len, key_len = 0;
	unsigned char *pem = tls_file(files->cert, "certificate", TLS_PEM_MAX, &len, wrong);
	unsigned char *key_pem = NULL;
	bool ok = pem != NULL && tls_read_chain(cert, str_of((char *)pem, len), wrong);

	if (ok)
		cert->content = map_hash(str_of((char *)pem, len));
	if (ok && files->key != NULL)
		ok = (key_pem = tls_file(files->key, "key", TLS_PEM_MAX, &key_len, wrong)) != NULL;
	if (ok)
		cert->key = tls_read_key(files,
		    key_pem != NULL ? str_of((char *)key_pem, key_len) : str_of((char *)pem, len),
		    wrong);
	if (pem != NULL)
		OPENSSL_cleanse(pem, len); /* it may hold the key */
	if (key_pem != NULL)
		OPENSSL_cleanse(key_pem, key_len);
	free(pem);
	free(key_pem);
	if (!ok || cert->key == NULL)
		return false;
	if (files->staple != NULL)
		cert->staple = tls_file(
		    files->staple, "OCSP response", TLS_STAPLE_MAX, &cert->staple_len, wrong);
	if (cert->staple != NULL)
		cert->content ^= map_hash(str_of((char *)cert->staple, cert->staple_len));
	return files->staple == NULL || cert->staple != NULL;
}

/* ---- what it says ---- */

static void
tls_add_name(struct tls_cert *cert, const unsigned char *p, int len)
{
	char *name;

	/* A name with a NUL in it is made to be read two ways. */
	if (len <= 0 || memchr(p, '\0', (size_t)len) != NULL || cert->n_names >= TLS_NAMES_MAX)
		return;
	name = str_dup(str_of((const char *)p, (size_t)len));
	for (char *c = name; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c | 0x20);
	cert->names = xrealloc(cert->names, (cert->n_names + 1) * sizeof(*cert->names));
	cert->names[cert->n_names++] = str_of(name, (size_t)len);
}

static void
tls_add_address(struct tls_cert *cert, const ASN1_OCTET_STRING *ip)
{
	struct addr addr = {.sa = {.sa_family = AF_INET}};
	char text[ADDR_TEXT];
	struct str host;

	if (ip->length == 4)
		memcpy(&addr.in.sin_addr, ip->data, 4);
	else if (ip->length == 16)
		memcpy(&addr.in6.sin6_addr, ip->data, 16);
	else
		return;
	if (ip->length == 16)
		addr.sa.sa_family = AF_INET6;
	host = str_of(text, addr_text_ip(&addr, text));
	tls_add_name(cert, (const unsigned char *)host.p, (int)host.len);
}

/* The alternative names; the subject's common name only when there are none (RFC 6125 6.4.4). */
static void
tls_read_names(struct tls_cert *cert)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert->leaf, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(all, i);

		if (one->type == GEN_DNS)
			tls_add_name(cert, one->d.dNSName->data, one->d.dNSName->length);
		else if (one->type == GEN_IPADD)
			tls_add_address(cert, one->d.iPAddress);
	}
	if (all == NULL) {
		X509_NAME *subject = X509_get_subject_name(cert->leaf);
		int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
		ASN1_STRING *cn = NULL;

		if (at >= 0)
			cn = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
		if (cn != NULL)
			tls_add_name(cert, cn->data, cn->length);
	}
	GENERAL_NAMES_free(all);
}

static int64_t
tls_seconds(const ASN1_TIME *t)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	ASSERT(epoch != NULL);
	(void)ASN1_TIME_diff(&days, &seconds, epoch, t); /* a malformed time has long ended */
	ASN1_TIME_free(epoch);
	return (int64_t)days * 86400 + seconds;
}

char *
tls_name_text(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p, *text;
	long len;

	X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
	len = BIO_get_mem_data(bio, &p);
	text = str_dup(str_of(p, len > 0 ? (size_t)len : 0));
	BIO_free(bio);
	return text;
}

static void
tls_read_serial(struct tls_cert *cert)
{
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert->leaf), NULL);
	char *hex = n != NULL ? BN_bn2hex(n) : NULL;

	cert->serial = xstrdup(hex != NULL ? hex : "?");
	OPENSSL_free(hex);
	BN_free(n);
}

void
tls_digest_text(const X509 *x, char out[TLS_DIGEST])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	(void)X509_digest(x, EVP_sha256(), digest, &n); /* zero bytes when there is no memory */
	for (unsigned i = 0; i < n; i++) {
		out[2 * i] = hex[digest[i] >> 4];
		out[2 * i + 1] = hex[digest[i] & 15];
	}
	out[2 * (size_t)n] = '\0';
}

static bool
tls_is_root(X509 *x)
{
	return X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
}

/* Each certificate has to be followed by its issuer, up to one that a client may know itself. */
static const char *
tls_chain_lacks(const struct tls_cert *cert)
{
	X509 *last = cert->leaf;

	for (int i = 0; i < sk_X509_num(cert->chain); i++) {
		X509 *next = sk_X509_value(cert->chain, i);

		if (X509_check_issued(next, last) != X509_V_OK)
			return "the chain is out of order: each certificate has to be followed by "
			       "its issuer";
		last = next;
	}
	return last == cert->leaf && !tls_is_root(last) ? "the chain has no intermediate" : NULL;
}

static void
tls_read_facts(struct tls_cert *cert)
{
	int kind = EVP_PKEY_get_base_id(cert->key);

	tls_read_names(cert);
	tls_read_serial(cert);
	tls_digest_text(cert->leaf, cert->digest);
	cert->not_before = tls_seconds(X509_get0_notBefore(cert->leaf));
	cert->not_after = tls_seconds(X509_get0_notAfter(cert->leaf));
	cert->issuer = tls_name_text(X509_get_issuer_name(cert->leaf));
	cert->rsa = kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS;
	cert->kind = cert->rsa ? "RSA" : kind == EVP_PKEY_EC ? "ECDSA" : OBJ_nid2sn(kind);
	cert->lacks = tls_chain_lacks(cert);
	ERR_clear_error();
}

/* ---- its life ---- */

struct tls_cert *
tls_cert_load(const struct tls_cert_files *files, struct tls_wrong *wrong)
{
	struct tls_cert *cert = xcalloc(1, sizeof(*cert));

	atomic_init(&cert->refs, 1);
	cert->path = xstrdup(files->cert);
	wrong->text[0] = wrong->hint[0] = '\0';
	if (!tls_read_files(cert, files, wrong)) {
		tls_cert_unref(&cert);
		return NULL;
	}
	if (X509_check_private_key(cert->leaf, cert->key) != 1) {
		ERR_clear_error();
		WRONG(wrong, "the key in %s does not match the certificate in %s",
		    tls_base(files->key != NULL ? files->key : files->cert), tls_base(files->cert));
		tls_cert_unref(&cert);
		return NULL;
	}
	tls_read_facts(cert);
	return cert;
}

struct tls_cert *
tls_cert_ref(struct tls_cert *cert)
{
	atomic_fetch_add_explicit(&cert->refs, 1, memory_order_relaxed);
	return cert;
}

void
tls_cert_unref(struct tls_cert **cp)
{
	struct tls_cert *cert = *cp;

	*cp = NULL;
	if (cert == NULL || atomic_fetch_sub_explicit(&cert->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < cert->n_names; i++)
		free((char *)(uintptr_t)cert->names[i].p);
	X509_free(cert->leaf);
	EVP_PKEY_free(cert->key);
	sk_X509_pop_free(cert->chain, X509_free);
	free(cert->names);
	free(cert->path);
	free(cert->issuer);
	free(cert->serial);
	free(cert->staple);
	free(cert);
}

bool
tls_cert_fits(const struct tls_cert *cert, struct str host)
{
	size_t dot = str_find(host, '.', 0);
	struct str rest = str_of(host.p + dot, host.len - dot); /* ".example.com" */

	for (size_t i = 0; i < cert->n_names; i++) {
		struct str name = cert->names[i];

		if (str_eq(name, host))
			return true;
		if (rest.len > 1 && str_starts(name, STR("*.")) &&
		    str_eq(str_of(name.p + 1, name.len - 1), rest))
			return true;
	}
	return false;
}
