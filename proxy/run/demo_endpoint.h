/* demo_endpoint - a tiny HTTP server in a thread of its own, for `weir demo`: it answers with its
 * name and with the request as it arrived. Loopback only. */
#ifndef RUN_DEMO_ENDPOINT_H
#define RUN_DEMO_ENDPOINT_H

#include "io/addr.h"

struct demo_endpoint;

/* On a free port; NULL with errno. The name outlives it. */
struct demo_endpoint *demo_endpoint_start(const char *name);
void demo_endpoint_stop(struct demo_endpoint **e);
const struct addr *demo_endpoint_addr(const struct demo_endpoint *e);

#endif
