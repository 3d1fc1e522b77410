/* The step before plain text: it succeeds, or says why not in words that a metric, a log line and a
 * human can use. */
#include "io/tls_conn_parts.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

void
tls_accept(struct conn *c, struct tls_server *server)
{
	tls_begin(c, tls_server_accept(server));
	c->tls->server = tls_server_ref(server);
}

void
tls_connect(struct conn *c, struct tls_client *client, struct str host)
{
	tls_begin(c, tls_client_call(client, host));
	c->tls->client = tls_client_ref(client);
}

static enum tls_failure
tls_failure_of(int reason)
{
	switch (reason) {
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_VERSION_TOO_LOW:
	case SSL_R_VERSION_TOO_HIGH:
	case SSL_R_NO_PROTOCOLS_AVAILABLE:
		return TLS_version;
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
	case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
	case SSL_R_NO_SUITABLE_KEY_SHARE:
	case SSL_R_NO_SHARED_GROUPS:
		return TLS_cipher;
	case SSL_R_NO_APPLICATION_PROTOCOL:
	case SSL_R_BAD_EXTENSION:
		return TLS_alpn;
	case SSL_R_CERTIFICATE_VERIFY_FAILED:
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
		return TLS_certificate;
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
	case SSL_R_HTTPS_PROXY_REQUEST:
		return TLS_plain;
	case SSL_R_UNEXPECTED_EOF_WHILE_READING:
		return TLS_closed;
	default:
		return reason > SSL_AD_REASON_OFFSET ? TLS_alert : TLS_protocol;
	}
}

/* Files the failure, and lets the peer know why with the library's alert. */
static enum io
tls_handshake_failed(struct conn *c, int error)
{
	struct tls_conn *t = c->tls;
	unsigned long queued = ERR_peek_error();

	if (t->failure != TLS_none) { /* said by who looks at names */
	} else if ((t->first | 0x20) >= 'a' && (t->first | 0x20) <= 'z') {
		t->failure = TLS_plain;
	} else if (error == SSL_ERROR_SYSCALL || c->error != 0 || c->eof) {
		t->failure = TLS_closed;
	} else {
		t->failure = (uint8_t)tls_failure_of(ERR_GET_REASON(queued));
	}
	if (t->failure == TLS_certificate && SSL_get_verify_result(t->ssl) != X509_V_OK)
		t->why = X509_verify_cert_error_string(SSL_get_verify_result(t->ssl));
	else if (t->failure == TLS_alert || t->failure == TLS_protocol)
		t->why = ERR_reason_error_string(queued);
	ERR_clear_error();
	if (t->failure != TLS_plain && c->error == 0)
		(void)tls_send(c); /* the peer may be gone */
	if (c->error == 0)
		c->error = EPROTO;
	return IO_FAILED;
}

/* In 1.3 our last word may leave with the first text, if that comes at once: our request, or the
 * answer to one that is here. A client that waits for us to acknowledge its last word before it
 * sends more (Nagle) would else lose 40 ms. */
static bool
tls_text_follows(const struct tls_conn *t)
{
	return SSL_version(t->ssl) >= TLS1_3_VERSION &&
	       (!SSL_is_server(t->ssl) || SSL_has_pending(t->ssl) != 0);
}

enum io
tls_handshake(struct conn *c)
{
	struct tls_conn *t = c->tls;
	int returned, error;

	if (c->held > 0 && tls_send(c) == IO_FAILED)
		return tls_handshake_failed(c, SSL_ERROR_SYSCALL);
	do {
		returned = SSL_do_handshake(t->ssl);
		error = returned == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, returned);
		if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ &&
		    error != SSL_ERROR_WANT_WRITE)
			return tls_handshake_failed(c, error);
		ERR_clear_error(); /* what was tried and did not matter */
		t->ready = error == SSL_ERROR_NONE;
		if (t->ready && tls_text_follows(t))
			break;
		if (tls_send(c) == IO_FAILED)
			return tls_handshake_failed(c, SSL_ERROR_SYSCALL);
	} while (error == SSL_ERROR_WANT_WRITE && c->held == 0);
	if (!t->ready)
		return IO_MORE;
	c->may_read = c->may_read || SSL_has_pending(t->ssl) != 0;
	return IO_DONE;
}

/* ---- what came of it ---- */

static const struct tls_failure_row {
	struct str word;
	const char *sentence;
} tls_failures[] = {
#define TLS_FAILURE_ROW(word, sentence) {STR_INIT(#word), (sentence)},
    TLS_FAILURES(TLS_FAILURE_ROW)
#undef TLS_FAILURE_ROW
};

struct str
tls_failure_word(enum tls_failure f)
{
	return tls_failures[f].word;
}

const char *
tls_failure_sentence(enum tls_failure f)
{
	return tls_failures[f].sentence;
}

struct str
tls_alpn(const struct conn *c)
{
	const unsigned char *p;
	unsigned len;

	SSL_get0_alpn_selected(c->tls->ssl, &p, &len);
	return str_of((const char *)p, len);
}

struct str
tls_sni(const struct conn *c)
{
	return str_from(SSL_get_servername(c->tls->ssl, TLSEXT_NAMETYPE_host_name));
}

struct str
tls_version(const struct conn *c)
{
	return SSL_version(c->tls->ssl) == TLS1_3_VERSION ? STR("1.3") : STR("1.2");
}

bool
tls_resumed(const struct conn *c)
{
	return SSL_session_reused(c->tls->ssl) != 0;
}
