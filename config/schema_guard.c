/* The rows of what keeps a backend from more than it can take. */
#include "config/schema_parts.h"

enum { ERRORS_MAX = 100, PROBES_MAX = 100, TOLERANCE_MIN = 105, TOLERANCE_MAX = 500 };

/* clang-format off */
static const struct schema_row rows_endpoint_limits[] = {
	{.key = "max_connections", .type = SCHEMA_NUMBER,
	 FIELD(model_backend, endpoint_limits.max_connections), .min = 1, .max = COUNT_MAX,
	 .zero = "off", .fallback = "off", .example = "100", .since = FIRST,
	 .sentence = "How many connections to one endpoint may be open at once."},
	{.key = "max_requests", .type = SCHEMA_NUMBER,
	 FIELD(model_backend, endpoint_limits.max_requests), .min = 1, .max = COUNT_MAX,
	 .zero = "off", .fallback = "off", .example = "50", .since = FIRST,
	 .sentence = "How many requests may be under way to one endpoint at once."},
};

static const struct schema_row rows_queue[] = {
	{.key = "timeout", .type = SCHEMA_DURATION, FIELD(model_backend, queue.timeout),
	 .zero = "off", .fallback = "off", .example = "2s", .since = FIRST,
	 .sentence = "How long a request waits at most; then it is answered 503."},
	{.key = "size", .type = SCHEMA_NUMBER, FIELD(model_backend, queue.size), .min = 1,
	 .max = COUNT_MAX, .fallback = "1024", .example = "500", .since = FIRST,
	 .sentence = "How many may wait at once, over all workers; one more is answered 503 at once."},
};

static const struct schema_row rows_breaker[] = {
	{.key = "errors", .type = SCHEMA_PERCENT, FIELD(model_backend, breaker.errors), .min = 1,
	 .max = ERRORS_MAX, .zero = "off", .fallback = "off", .example = "50%", .since = FIRST,
	 .sentence = "The share of answers of 500 and above and of failed tries that opens it."},
	{.key = "volume", .type = SCHEMA_NUMBER, FIELD(model_backend, breaker.volume), .min = 1,
	 .max = COUNT_MAX, .fallback = "20", .example = "100", .since = FIRST,
	 .sentence = "Fewer results than this within the window open nothing."},
	{.key = "window", .type = SCHEMA_DURATION, FIELD(model_backend, breaker.window),
	 .fallback = "10s", .example = "30s", .since = FIRST,
	 .sentence = "How far back results count."},
	{.key = "open", .type = SCHEMA_DURATION, FIELD(model_backend, breaker.open),
	 .fallback = "5s", .example = "10s", .since = FIRST,
	 .sentence = "How long the backend is left alone before a few requests are let through."},
	{.key = "probes", .type = SCHEMA_NUMBER, FIELD(model_backend, breaker.probes), .min = 1,
	 .max = PROBES_MAX, .fallback = "3", .example = "5", .since = FIRST,
	 .sentence = "How many those are. All of them have to succeed; one that fails opens it again."},
};

static const struct schema_row rows_concurrency[] = {
	{.key = "max", .type = SCHEMA_NUMBER, FIELD(model_backend, concurrency.max), .min = 1,
	 .max = COUNT_MAX, .zero = "off", .fallback = "off", .example = "500", .since = FIRST,
	 .sentence = "The most requests at a time that may be found to be good."},
	{.key = "min", .type = SCHEMA_NUMBER, FIELD(model_backend, concurrency.min), .min = 1,
	 .max = COUNT_MAX, .fallback = "5", .example = "10", .since = FIRST,
	 .sentence = "The fewest."},
	{.key = "tolerance", .type = SCHEMA_PERCENT, FIELD(model_backend, concurrency.tolerance),
	 .min = TOLERANCE_MIN, .max = TOLERANCE_MAX, .fallback = "150%", .example = "200%",
	 .since = FIRST,
	 .sentence = "How long answers may take, measured by what they take without waiting."},
};

const struct schema_object schema_endpoint_limits = {
	OBJECT("endpoint_limits", "in endpoint_limits", model_backend, rows_endpoint_limits)};
const struct schema_object schema_queue = {
	OBJECT("queue", "in queue", model_backend, rows_queue), .short_key = "timeout"};
const struct schema_object schema_breaker = {
	OBJECT("breaker", "in breaker", model_backend, rows_breaker), .short_key = "errors"};
const struct schema_object schema_concurrency = {
	OBJECT("concurrency", "in concurrency", model_backend, rows_concurrency),
	.short_key = "max"};
/* clang-format on */
