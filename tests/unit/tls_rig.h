/* tls_rig - certificates made on the spot, a server of ours behind a conn, and a client that is the
 * library's own, in one thread, for the tests of TLS. */
#ifndef TESTS_UNIT_TLS_RIG_H
#define TESTS_UNIT_TLS_RIG_H

#include "pair.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "io/tls_conn.h"
#include "io/tls_server.h"

/* A pair in one file, for these names (as an extension is written), ending in so many seconds. */
static inline void
tls_write_pair(const char *path, const char *names, bool rsa, long lasts)
{
	EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	FILE *f = fopen(path, "w");

	assert_true(key != NULL && x != NULL && san != NULL && f != NULL);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), lasts);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "O", MBSTRING_ASC,
	    (const unsigned char *)"weir test", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	X509_add_ext(x, san, -1);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(PEM_write_X509(f, x), 1);
	assert_int_equal(fclose(f), 0);
	X509_EXTENSION_free(san);
	X509_free(x);
	EVP_PKEY_free(key);
}

static inline struct tls_cert *
tls_make_cert(const char *names, bool rsa)
{
	char path[] = "/tmp/weir-tls-XXXXXX";
	struct tls_wrong wrong;
	int fd = mkstemp(path);
	struct tls_cert *cert;

	assert_true(fd >= 0);
	close(fd);
	tls_write_pair(path, names, rsa, 86400);
	cert = tls_cert_load(&(struct tls_cert_files){.cert = path}, &wrong);
	assert_non_null(cert);
	unlink(path);
	return cert;
}

struct tls_rig {
	struct loop *loop;
	struct conn conn; /* ours */
	SSL_CTX *library;
	SSL *client; /* theirs */
	unsigned runs;
};

static inline void
tls_rig_run(struct task *t)
{
	container_of(t, struct tls_rig, conn.task)->runs++;
}

static inline void
tls_rig_open(struct tls_rig *r, struct tls_server *server, void (*make)(int fds[2]))
{
	int fds[2];

	*r = (struct tls_rig){.loop = loop_new(NULL), .library = SSL_CTX_new(TLS_client_method())};
	make(fds);
	conn_open(&r->conn, r->loop, fds[1], tls_rig_run);
	conn_watch(&r->conn);
	tls_accept(&r->conn, server);
	r->client = SSL_new(r->library);
	SSL_set_fd(r->client, fds[0]);
	SSL_set_connect_state(r->client);
}

static inline void
tls_rig_close(struct tls_rig *r)
{
	int fd = SSL_get_fd(r->client);

	conn_close(&r->conn);
	SSL_free(r->client);
	close(fd);
	SSL_CTX_free(r->library);
	ERR_clear_error();
	loop_free(&r->loop);
}

/* Both go on until ours is done or has failed. */
static inline enum io
tls_rig_shake(struct tls_rig *r)
{
	enum io io = IO_MORE;

	for (unsigned turns = 0; io == IO_MORE; turns++) {
		assert_true(turns < PAIR_TURNS);
		(void)SSL_do_handshake(r->client);
		ERR_clear_error();
		pair_turn(r->loop);
		io = tls_handshake(&r->conn);
	}
	return io;
}

#endif
