/* model_backend - the backends of a model: named sets of endpoints. */
#ifndef CONFIG_MODEL_BACKEND_H
#define CONFIG_MODEL_BACKEND_H

#include "base/error.h"
#include "config/model_check.h"
#include "config/model_health.h"
#include "config/model_tls.h"
#include "config/origin.h"
#include "io/addr.h"
#include "io/proxy_protocol.h"

enum model_balance { BALANCE_LEAST_REQUESTS, BALANCE_ROUND_ROBIN, BALANCE_RANDOM, BALANCE_HASH };
enum model_zones { ZONES_AS_OFF, ZONES_AS_PROPORTIONAL, ZONES_AS_PREFER, ZONES_AS_STRICT };
enum model_hash_key { HASH_CLIENT, HASH_PATH, HASH_HEADER, HASH_COOKIE };
enum model_upstream { UPSTREAM_HTTP, UPSTREAM_H2 };
enum model_hash_table { HASH_MAGLEV, HASH_RING };

struct model_endpoint {
	struct str text; /* as written: the endpoint's name in logs and metrics */
	struct position at;
	struct str host;     /* set when it is a name to be resolved; else p is NULL */
	bool service;        /* the text is a name of SRV records */
	bool file;           /* it is the path of a file of endpoints, as written */
	struct addr address; /* with host: only its port holds */
	uint32_t weight;     /* 1-1000 */
	uint32_t priority;   /* 0-100 */
	struct str zone;
};

struct model_endpoint_limits { /* 0: no limit */
	uint32_t max_connections, max_requests;
};

struct model_queue {
	uint64_t timeout; /* 0: nobody waits */
	uint32_t size;
};

struct model_breaker {
	uint32_t errors; /* percent; 0: there is none */
	uint32_t volume, probes;
	uint64_t window, open;
};

struct model_concurrency {
	uint32_t max; /* 0: not measured */
	uint32_t min, tolerance;
};

struct model_backend {
	const struct origin *origins; /* by row of schema_backend */
	struct str name;
	struct position at;
	struct model_endpoint *endpoints;
	size_t n_endpoints;
	enum model_balance balance;
	enum model_hash_key hash_key;
	struct str hash_name; /* header or cookie */
	enum model_hash_table hash_table;
	uint32_t hash_bound; /* percent of the average load, 100-1000; 0: unbounded */
	uint32_t max_connections, max_requests; /* 0: no limit */
	uint32_t retry_budget;                  /* percent; 0: no limit */
	enum model_upstream protocol;
	enum proxy_protocol proxy_protocol;
	struct model_upstream_tls tls;
	struct model_endpoint_limits endpoint_limits;
	struct model_queue queue;
	struct model_breaker breaker;
	struct model_concurrency concurrency;
	struct model_outlier outlier;
	enum model_zones zones;
	uint32_t panic; /* percent; 0: never */
	struct model_slow_start slow_start;
	struct model_check check;
	struct model_sticky sticky;
};

#endif
