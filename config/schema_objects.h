/* schema_objects - the maps a file consists of, each with its rows (schema.h), by name. */
#ifndef CONFIG_SCHEMA_OBJECTS_H
#define CONFIG_SCHEMA_OBJECTS_H

#include "config/model.h"

struct schema_object;

extern const struct schema_object schema_top, schema_listener, schema_route, schema_match,
    schema_backend, schema_balance, schema_endpoint, schema_arm, schema_timeouts, schema_log,
    schema_admin, schema_metrics, schema_overload, schema_dns, schema_endpoint_limits, schema_queue,
    schema_breaker, schema_concurrency, schema_tls, schema_upstream_tls, schema_cert,
    schema_defaults, schema_retry, schema_route_timeouts, schema_check;
extern const struct schema_object schema_outlier, schema_slow_start, schema_sticky,
    schema_endpoint_file;

extern const struct schema_object *const schema_parts[PART_COUNT]; /* by enum model_part */

#endif
