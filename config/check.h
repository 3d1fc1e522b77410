/* check - what no single key can tell: names that lead nowhere, matches and addresses that stand
 * twice, keys that do not go together. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/read.h"

/* Also completes what depends on other keys: names of routes, sources of the PROXY protocol. */
void check_model(struct loader *l);

/* A list that is read while weir runs: addresses only, each once. */
void check_endpoint_file(struct loader *l, const struct model_backend *b);

/* check_route.c: matches that stand twice, listeners that routes ask for. */
void check_routes(struct loader *l);
/* The hint "first at line 10", with the file when it is another one, and the rest of it. */
void check_hint_first(struct error *error, const struct position *first, const char *rest);

#endif
