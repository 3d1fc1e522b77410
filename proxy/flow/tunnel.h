/* tunnel - bytes both ways between a client and an endpoint: L4 listeners, and what an upgrade
 * (101) turns an exchange into. Same backends, balance, limits, record, log, metrics. Half-close
 * passes through; silence ends it after timeouts.tunnel; bulk is spliced without a copy. Once it
 * runs it needs no snapshot: a tunnel that lives for days does not keep old configurations alive.
 */
#ifndef FLOW_TUNNEL_H
#define FLOW_TUNNEL_H

#include "flow/exchange.h"
#include "io/client_hello.h"

/* A client whose bytes go to one of the arms (NULL: the configuration has none); hello: what it has
 * told of itself, copied, or NULL. */
void tunnel_start(struct client *c, const struct arms *arms, const struct client_hello *hello);
/* It gets no endpoint: a line in the log, and the end. */
void tunnel_refuse(struct client *c, const struct client_hello *hello, enum fault why);
/* Both sides have agreed to switch: takes the client, the upstream, the attempt and the record from
 * the exchange, which ends without closing them. */
void tunnel_upgrade(struct exchange *x);
/* Ends the tunnel of this client now; 1. */
uint32_t tunnel_cut(struct client *c, enum fault why);
size_t tunnel_size(void); /* of its struct, for the worker's slab */

#endif
