/* explain_policy - how a request would be tried: how often, after what, and for how long. */
#ifndef RUN_EXPLAIN_POLICY_H
#define RUN_EXPLAIN_POLICY_H

#include <jansson.h>

#include "config/model.h"
#include "flow/policy.h"
#include "http/names.h"

/* Puts "retry" and "timeouts" into the answer about a request with this method. The policy is what
 * was made of the route. */
void explain_policy(json_t *answer, const struct model *m, const struct model_route *route,
    const struct policy *p, enum method method);
void explain_print_policy(const json_t *answer, FILE *out);

#endif
