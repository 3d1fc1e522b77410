/* handshake - the step of a client between its connection and its protocol, where the listener
 * speaks TLS. What fails is counted and told; a client that speaks plain HTTP is told in plain. */
#ifndef FLOW_HANDSHAKE_H
#define FLOW_HANDSHAKE_H

#include "flow/client.h"
#include "observe/record.h"

/* Goes on with client_secured when it is done. */
void handshake_start(struct client *c);
/* What a record says of a client whose handshake is done. */
void handshake_tell(const struct client *c, struct record *r);

#endif
