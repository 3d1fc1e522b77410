/* model_health - which endpoints of a backend are used, and how much. */
#ifndef CONFIG_MODEL_HEALTH_H
#define CONFIG_MODEL_HEALTH_H

#include "base/base.h"

struct model_outlier { /* 0: this detector is off */
	bool on;
	uint32_t consecutive_failures, consecutive_gateway_errors, consecutive_local_errors;
	uint64_t interval, ejection, max_ejection, jitter;
	uint32_t max_ejected;                               /* percent; also the next three */
	uint32_t success_rate, failure_percentage, latency; /* 0: off */
	uint32_t min_endpoints, min_requests;
};

struct model_slow_start {
	uint64_t span;            /* 0: there is none */
	uint32_t aggression, min; /* percent */
};

#endif
