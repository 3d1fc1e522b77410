#include "config/build_policy.h"

enum { SERVER_ERROR = 500, BAD_GATEWAY = 502, GATEWAY_TIMEOUT = 504 };

static bool
retry_has(const struct model_retry *m, enum model_retry_when when)
{
	return (m->when >> when & 1) != 0;
}

static void
build_retry(const struct model_retry *m, struct policy *p)
{
	p->retries = m->attempts;
	p->try_us = m->per_try_timeout;
	p->backoff_us = m->backoff;
	p->backoff_max_us = m->max_backoff;
	p->replay = m->body;
	p->non_idempotent = m->non_idempotent;
	if (retry_has(m, RETRY_WHEN_RESET))
		p->asks |= POLICY_RESET;
	if (retry_has(m, RETRY_WHEN_TIMEOUT) || m->per_try_timeout != 0)
		p->asks |= POLICY_TIMEOUT;
	p->statuses = m->statuses;
	if (retry_has(m, RETRY_WHEN_5XX))
		statuses_add(&p->statuses, SERVER_ERROR, MODEL_STATUS_MAX);
	if (retry_has(m, RETRY_WHEN_GATEWAY_ERROR))
		statuses_add(&p->statuses, BAD_GATEWAY, GATEWAY_TIMEOUT);
}

static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return b != 0 && b < a ? b : a; /* 0: no limit */
}

const struct policy *
build_policy(struct map *policies, const struct model_route *route)
{
	struct policy policy, *found;
	struct str bytes = str_of((const char *)&policy, sizeof(policy));

	memset(&policy, 0, sizeof(policy)); /* its gaps are compared too */
	policy.request_us = route->timeouts.request;
	policy.response_us = route->timeouts.response;
	policy.body_us = route->timeouts.body;
	policy.look_us = sooner(sooner(policy.body_us, policy.response_us), policy.request_us);
	build_retry(&route->retry, &policy);
	found = map_get(policies, bytes);
	if (found != NULL)
		return found;
	found = xmalloc(sizeof(*found));
	memcpy(found, &policy, sizeof(policy));
	map_put(policies, str_of((const char *)found, sizeof(*found)), found);
	return found;
}
