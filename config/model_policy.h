/* model_policy - how a route's requests are tried: what routes have of their own, and what all of
 * them begin with. */
#ifndef CONFIG_MODEL_POLICY_H
#define CONFIG_MODEL_POLICY_H

#include "config/model_check.h"

enum model_retry_when { /* a bit each */
	RETRY_WHEN_GATEWAY_ERROR,
	RETRY_WHEN_5XX,
	RETRY_WHEN_RESET,
	RETRY_WHEN_TIMEOUT,
};

enum { MODEL_STATUS_MIN = 400, MODEL_STATUS_MAX = 599 };

struct model_retry {
	uint32_t attempts; /* after the first one */
	uint32_t when;     /* bits of model_retry_when */
	struct statuses statuses;
	uint64_t per_try_timeout; /* 0: none */
	uint64_t backoff, max_backoff;
	uint64_t body; /* bytes */
	bool non_idempotent;
};

struct model_route_timeouts {
	uint64_t request, response, body; /* 0: none */
};

struct model_defaults { /* what every route, and every backend, begins with */
	struct model_retry retry;
	struct model_check check;
};

#endif
