/* reply - answers made here: errors by fault (JSON, HTML or text by Accept, with the fault's word
 * and the request id; to calls of gRPC a status), redirects. Fixed words, nothing of the request is
 * reflected unescaped. */
#ifndef FLOW_REPLY_H
#define FLOW_REPLY_H

#include "flow/exchange.h"

/* Puts a whole response into the client stream's out message. */
void reply_fault(struct exchange *x, enum fault why);
void reply_redirect_https(struct exchange *x);
/* Ends an answer that was begun by an endpoint with what it is cut short by, where the protocol has
 * a place for that: the trailers of a call. False: it has none. */
bool reply_rest(struct exchange *x, enum fault why);

#endif
