/* model_route - the listeners and routes of a model: what comes in and where it goes. */
#ifndef CONFIG_MODEL_ROUTE_H
#define CONFIG_MODEL_ROUTE_H

#include "base/error.h"
#include "config/model_policy.h"
#include "config/model_tls.h"
#include "config/origin.h"
#include "io/addr.h"

enum model_protocol { PROTOCOL_HTTP, PROTOCOL_TCP, PROTOCOL_TLS };
enum model_path { PATH_ANY, PATH_EXACT, PATH_PREFIX, PATH_PATTERN };
enum model_priority { MODEL_HIGH, MODEL_NORMAL, MODEL_LOW };
enum model_value { VALUE_PRESENT, VALUE_EXACT, VALUE_PATTERN };

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

struct model_sni {
	struct str host; /* lower case; "*.x": one label or more before .x */
	struct model_arms to;
	struct position at;
};

struct model_listener {
	const struct origin *origins; /* by row of schema_listener */
	struct str name;
	struct position at;
	struct addr address; /* `port: 80` is 0.0.0.0:80 */
	enum model_protocol protocol;
	struct model_arms to;  /* tcp; tls: the names that are not in sni */
	struct model_sni *sni; /* tls */
	size_t n_sni;
	bool proxy_protocol; /* expected from these sources, refused from others */
	struct model_cidrs proxy_from;
	bool redirect_https;
	struct model_tls tls;
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
	enum model_priority priority;
	struct model_retry retry;
	struct model_route_timeouts timeouts;
};

#endif
