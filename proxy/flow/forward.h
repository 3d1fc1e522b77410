/* forward - what a message becomes on its way through: hop-by-hop fields stop here, who asked is
 * told (X-Forwarded-*, Forwarded, X-Request-Id), one unambiguous head goes on. */
#ifndef FLOW_FORWARD_H
#define FLOW_FORWARD_H

#include "flow/exchange.h"

/* Who the client is, by trusted_proxies (default: trust nobody), and the request's id. Sets source,
 * id and the record's fields. */
void forward_identify(struct exchange *x);
/* The heads for the other side, in the exchange's arena; NULL: the arena is full, or *why. */
struct head *forward_request(struct exchange *x, enum fault *why);
struct head *forward_response(struct exchange *x, struct head *h, enum fault *why);
struct fields *forward_trailers(struct exchange *x, const struct fields *trailers);

#endif
