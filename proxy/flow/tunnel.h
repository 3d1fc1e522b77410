/* tunnel - bytes both ways between a client and an endpoint: L4 listeners, and what an upgrade
 * (101) turns an exchange into. Same backends, balance, limits, record, log, metrics. Half-close
 * passes through; silence ends it after timeouts.tunnel; bulk is spliced without a copy. Once it
 * runs it needs no snapshot: a tunnel that lives for days does not keep old configurations alive.
 */
#ifndef FLOW_TUNNEL_H
#define FLOW_TUNNEL_H

#include "flow/exchange.h"

/* An accepted client of a tcp listener. */
void tunnel_start(struct client *c);
/* Both sides have agreed to switch: takes the client, the upstream, the attempt and the record from
 * the exchange, which ends without closing them. */
void tunnel_upgrade(struct exchange *x);
/* Ends the tunnel of this client now; 1. */
uint32_t tunnel_cut(struct client *c, enum fault why);
size_t tunnel_size(void); /* of its struct, for the worker's slab */

#endif
