#include "flow/policy.h"

const struct policy policy_plain = {.retries = 1};

/* Anything, so that requests which failed together do not come back together. */
uint64_t
policy_pause(const struct policy *p, uint32_t n, uint64_t random)
{
	uint64_t most = p->backoff_us;

	while (n-- > 0 && most < p->backoff_max_us)
		most *= 2;
	if (most > p->backoff_max_us)
		most = p->backoff_max_us;
	return random % (most + 1);
}
