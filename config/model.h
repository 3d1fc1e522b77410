/* model - everything a configuration can say, typed, defaulted and checked, as plain structs in one
 * arena. Every reader (YAML now, Kubernetes manifests later) produces this; nothing past this file
 * knows which reader ran. Times are microseconds, sizes bytes. `at` is where it was written. */
#ifndef CONFIG_MODEL_H
#define CONFIG_MODEL_H

#include "base/log.h"
#include "config/model_backend.h"
#include "config/model_route.h"

enum model_access { ACCESS_OFF, ACCESS_STDOUT, ACCESS_FILE };

/* The maps that a file has once; their values lie in struct model itself, their rows are
 * schema_parts (schema.h). */
enum model_part {
	PART_TOP,
	PART_TIMEOUTS,
	PART_DEFAULTS,
	PART_LOG,
	PART_ADMIN,
	PART_METRICS,
	PART_OVERLOAD,
	PART_DNS,
	PART_COUNT
};

struct model_timeouts {
	uint64_t connect, tls, header, body, response, request, idle, upstream_idle, tunnel, drain;
};

struct model_overload { /* 0: not watched */
	uint64_t memory, loop_delay;
	uint32_t files; /* percent */
};

struct model_dns {
	struct addr *servers; /* none: those of the system */
	size_t n_servers;
	uint64_t min_ttl, max_ttl, timeout;
};

struct model {
	struct arena *arena;                      /* owned: everything here lives in it */
	const struct origin *origins[PART_COUNT]; /* by row of each part's schema */
	struct str zone;                          /* its own; len 0: none */
	uint32_t workers; /* 0: as many as CPUs allowed by affinity and cgroup */
	struct model_listener *listeners;
	struct model_route *routes;
	struct model_backend *backends;
	size_t n_listeners, n_routes, n_backends;
	struct model_timeouts timeouts;
	struct model_defaults defaults;
	struct model_cidrs trusted_proxies;
	enum model_access access;
	struct str access_file;
	enum log_format log_format;
	enum log_level log_level;
	struct str admin_socket;   /* p is NULL: the default path */
	struct addr admin_address; /* family 0: none */
	struct addr metrics_address;
	struct model_overload overload;
	struct model_dns dns;
};

#endif
