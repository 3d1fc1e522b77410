/* model - everything a configuration can say, typed, defaulted and checked, as plain structs in one
 * arena. Every reader (YAML now, Kubernetes manifests later) produces this; nothing past this file
 * knows which reader ran. Times are microseconds, sizes bytes. `at` is where it was written. */
#ifndef CONFIG_MODEL_H
#define CONFIG_MODEL_H

#include "base/error.h"
#include "base/log.h"
#include "io/addr.h"
#include "io/proxy_protocol.h"

enum model_protocol { PROTOCOL_HTTP, PROTOCOL_TCP };
enum model_path { PATH_ANY, PATH_EXACT, PATH_PREFIX, PATH_PATTERN };
enum model_value { VALUE_PRESENT, VALUE_EXACT, VALUE_PATTERN };
enum model_balance { BALANCE_LEAST_REQUESTS, BALANCE_ROUND_ROBIN, BALANCE_RANDOM, BALANCE_HASH };
enum model_hash_key { HASH_CLIENT, HASH_PATH, HASH_HEADER, HASH_COOKIE };
enum model_hash_table { HASH_MAGLEV, HASH_RING };
enum model_access { ACCESS_OFF, ACCESS_STDOUT, ACCESS_FILE };

/* Where the value of one schema row was written; file NULL: nowhere, the default holds. */
struct origin {
	const char *file;
	uint32_t line; /* 0: it was wrong; never in a model that load gives out */
};

/* The maps that a file has once; their values lie in struct model itself. */
enum model_part { PART_TOP, PART_TIMEOUTS, PART_LOG, PART_ADMIN, PART_METRICS, PART_COUNT };

struct model_cidrs {
	struct cidr *v;
	size_t n;
};

struct model_arm { /* one target of a route or of a tcp listener */
	struct str backend;
	uint32_t weight; /* 1 when not given; 0: no traffic, still valid */
	struct position at;
};

struct model_arms {
	struct model_arm *v;
	size_t n;
};

struct model_listener {
	const struct origin *origins; /* by row of schema_listener */
	struct str name;
	struct position at;
	struct addr address; /* `port: 80` is 0.0.0.0:80 */
	enum model_protocol protocol;
	struct model_arms to; /* tcp only */
	bool proxy_protocol;  /* expected from these sources, refused from others */
	struct model_cidrs proxy_from;
	bool redirect_https;
	uint32_t max_connections; /* 0: no limit */
};

struct model_predicate { /* one header or query parameter a route asks for */
	struct str name;
	enum model_value kind;
	struct str value;
	struct position at;
};

struct model_route {
	const struct origin *origins; /* by row of schema_route */
	struct str name;              /* the match as written, when no name is given */
	struct position at;
	struct str *listeners; /* none: all http listeners */
	size_t n_listeners;
	struct str host; /* lower case; p is NULL: any; "*.x": one label or more before .x */
	enum model_path path_kind;
	struct str path; /* a PREFIX is stored without its slash and star */
	struct str *methods;
	size_t n_methods;
	struct model_predicate *headers, *queries;
	size_t n_headers, n_queries;
	struct model_arms to;
};

struct model_endpoint {
	struct str text; /* as written: the endpoint's name in logs and metrics */
	struct position at;
	struct str host;     /* set when it is a name to be resolved; else p is NULL */
	struct addr address; /* with host: only its port holds */
	uint32_t weight;     /* 1-1000 */
	struct str zone;
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
	enum proxy_protocol proxy_protocol;
};

struct model_timeouts {
	uint64_t connect, tls, header, body, response, request, idle, upstream_idle, tunnel, drain;
};

struct model {
	struct arena *arena; /* owned: everything here lives in it */
	const struct origin *origins[PART_COUNT];
	uint32_t workers; /* 0: as many as CPUs allowed by affinity and cgroup */
	struct model_listener *listeners;
	struct model_route *routes;
	struct model_backend *backends;
	size_t n_listeners, n_routes, n_backends;
	struct model_timeouts timeouts;
	struct model_cidrs trusted_proxies;
	enum model_access access;
	struct str access_file;
	enum log_format log_format;
	enum log_level log_level;
	struct str admin_socket;   /* p is NULL: the default path */
	struct addr admin_address; /* family 0: none */
	struct addr metrics_address;
};

#endif
