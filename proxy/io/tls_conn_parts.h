/* tls_conn_parts - what tls_conn.c (the transport) and tls_handshake.c share; nobody else includes
 * it. */
#ifndef IO_TLS_CONN_PARTS_H
#define IO_TLS_CONN_PARTS_H

#include "io/tls_client.h"
#include "io/tls_conn.h"
#include "io/tls_server.h"

/* The conn speaks TLS from now on; takes ssl. */
void tls_begin(struct conn *c, struct ssl_st *ssl);
/* Sends what is staged. IO_DONE: the kernel has all of it. */
enum io tls_send(struct conn *c);

#endif
