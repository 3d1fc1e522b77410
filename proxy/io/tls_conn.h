/* tls_conn - TLS as a transport: what is read from the conn and written to it is plain text, what
 * crosses its descriptor is records. All records of one write leave in one send; what the kernel
 * does not take is counted in conn.held. An idle conn owns no buffer here either. The handshake is
 * a step of its own, before anything is read or written. */
#ifndef IO_TLS_CONN_H
#define IO_TLS_CONN_H

#include "io/conn.h"

/* Why a handshake failed: label of metrics, word of logs, sentence for humans. */
#define TLS_FAILURES(F)                                                                            \
	F(none, "nothing went wrong")                                                              \
	F(closed, "the peer left in the middle of the handshake")                                  \
	F(timeout, "the handshake took too long")                                                  \
	F(plain, "the peer does not speak TLS")                                                    \
	F(version, "no version of TLS in common")                                                  \
	F(cipher, "no cipher or signature in common")                                              \
	F(alpn, "no protocol in common (ALPN)")                                                    \
	F(unknown_host, "no certificate for the name that was asked for")                          \
	F(certificate, "the peer's certificate is not trusted, or missing")                        \
	F(alert, "the peer refused")                                                               \
	F(protocol, "malformed TLS")

enum tls_failure {
#define TLS_FAILURE_ENUM(word, sentence) TLS_##word,
	TLS_FAILURES(TLS_FAILURE_ENUM)
#undef TLS_FAILURE_ENUM
	    TLS_FAILURE_COUNT
};

struct tls_conn {
	struct ssl_st *ssl;        /* owned */
	struct tls_server *server; /* ref; this or the next one: who called */
	struct tls_client *client; /* ref */
	struct chunk *staged;      /* ref; records on their way out; NULL: none */
	uint32_t from, to;         /* bytes of it that the kernel has not taken */
	uint32_t burst;            /* bytes written since the last pause: small records at first */
	uint64_t wrote_at;
	uint8_t failure; /* enum tls_failure */
	uint8_t ended;   /* enum io: what the next read says; IO_DONE: nothing yet */
	char first;      /* the first byte that came: a letter is no TLS */
	bool ready;      /* the handshake is done */
	bool stuck;      /* reading waits until what is staged has left */
	const char *why; /* the peer's alert, or what is wrong with its certificate; NULL: no more
			    is known than `failure` says */
};

struct tls_server;
struct tls_client;

extern const struct transport transport_tls;

/* The conn's other end calls us: it will be answered with one of the server's certificates. */
void tls_accept(struct conn *c, struct tls_server *server);
/* We call: the other end has to show a certificate for this host, a name or an address. */
void tls_connect(struct conn *c, struct tls_client *client, struct str host);
/* Goes on with it. IO_DONE: plain text may be read and written, and conn_flush sends what the
 * handshake has left to say if nothing is written soon; IO_MORE: wait for news of the conn;
 * IO_FAILED: tls->failure says why. */
enum io tls_handshake(struct conn *c);
/* Gives up; the conn is a plain one again, its bytes those that nobody has read. */
void tls_leave(struct conn *c);

struct str tls_failure_word(enum tls_failure f);
const char *tls_failure_sentence(enum tls_failure f);

/* What was agreed on: the protocol (ALPN; empty: none), the name the client asked for (empty:
 * none), "1.2" or "1.3", and whether keys of an earlier handshake were used again. */
struct str tls_alpn(const struct conn *c);
struct str tls_sni(const struct conn *c);
struct str tls_version(const struct conn *c);
bool tls_resumed(const struct conn *c);

#endif
