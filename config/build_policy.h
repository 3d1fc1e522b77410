/* build_policy - how a route's requests are tried, from model to snapshot. */
#ifndef CONFIG_BUILD_POLICY_H
#define CONFIG_BUILD_POLICY_H

#include "base/map.h"
#include "config/model_route.h"
#include "flow/policy.h"

/* Routes that agree share one, which stays warm however many they are: the map owns it. */
const struct policy *build_policy(struct map *policies, const struct model_route *route);

#endif
