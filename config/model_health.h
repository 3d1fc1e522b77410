/* model_health - which endpoints of a backend are used, and how much. */
#ifndef CONFIG_MODEL_HEALTH_H
#define CONFIG_MODEL_HEALTH_H

#include "base/str.h"

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

enum model_same_site { SAME_SITE_LAX, SAME_SITE_STRICT, SAME_SITE_NONE };

struct model_sticky {
	struct str cookie; /* p is NULL: off */
	struct str secret; /* a path as written, from the folder of its file; p is NULL: none */
	bool strict;
	enum model_same_site same_site;
	uint64_t ttl; /* 0: as long as the browser runs */
};

#endif
