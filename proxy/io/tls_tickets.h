/* tls_tickets - the keys that seal tickets: a client hands its ticket back and the handshake is a
 * short one, whichever worker it meets and however often the file was read anew. Nothing is kept
 * for it here. The current key seals, it and the two before it open; a ticket opened by an old key
 * is renewed. One for the process; workers read it without a lock. */
#ifndef IO_TLS_TICKETS_H
#define IO_TLS_TICKETS_H

#include "base/base.h"

enum {
	TLS_TICKET_KEYS = 3,         /* that open: the current one and those before it */
	TLS_TICKET_ROTATE_S = 43200, /* how long a key seals */
};

struct tls_tickets;
struct ssl_ctx_st;

struct tls_tickets *tls_tickets_new(void);
void tls_tickets_free(struct tls_tickets **t); /* after every server that uses it */
/* A new key seals from now on, the oldest opens no more. Control thread. */
void tls_tickets_rotate(struct tls_tickets *t);
/* For tls.c: what the library shows clients of this kind are sealed with these keys. */
void tls_tickets_serve(struct tls_tickets *t, struct ssl_ctx_st *library);

#endif
