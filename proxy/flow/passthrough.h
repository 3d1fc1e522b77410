/* passthrough - the beginning of a connection on a tls listener: its hello is peeked at until it is
 * whole, the name in it chooses the arms, and a tunnel carries all of it, the hello included. The
 * handshake is the endpoint's; nothing is decrypted here. */
#ifndef FLOW_PASSTHROUGH_H
#define FLOW_PASSTHROUGH_H

#include "flow/client.h"

/* Waits for the hello, no longer than timeouts.tls. */
void passthrough_start(struct client *c);

#endif
