/* The rows of which endpoints of a backend are used. */
#include "config/schema_parts.h"

enum {
	STREAK_MAX = 10000,
	TIME_MIN_MS = 10,
	PERCENT_ALL = 100,
	DEVIATIONS_MAX = 1000, /* percent of one */
	LATENCY_MIN = 110,
	LATENCY_MAX = 10000,
	CURVE_MIN = 10,
	CURVE_MAX = 1000, /* percent */
};

static const char *const words_switch[] = {"off", "on", NULL};
static const char *const words_same_site[] = {
    [SAME_SITE_LAX] = "lax", [SAME_SITE_STRICT] = "strict", [SAME_SITE_NONE] = "none", NULL};

/* clang-format off */
#define STREAK(field, def, ex, text)                                                               \
	{.key = #field, .type = SCHEMA_NUMBER, FIELD(model_backend, outlier.field), .min = 1,       \
	 .max = STREAK_MAX, .zero = "off", .fallback = (def), .example = (ex), .since = FIRST,      \
	 .sentence = (text)}
static const struct schema_row rows_outlier[] = {
	{.key = "enabled", .type = SCHEMA_CHOICE, FIELD(model_backend, outlier.on),
	 .words = words_switch, .fallback = "on", .example = "off", .since = FIRST,
	 .sentence = "Whether outliers are looked for at all."},
	STREAK(consecutive_failures, "5", "10",
	    "So many failures in a row, of whatever kind, eject an endpoint: answers of 500 and above, calls of gRPC that end with UNKNOWN, INTERNAL, DEADLINE_EXCEEDED or UNAVAILABLE, and no answer."),
	STREAK(consecutive_gateway_errors, "off", "5",
	    "The same for 502, 503, 504, gRPC's DEADLINE_EXCEEDED and UNAVAILABLE, and no answer."),
	STREAK(consecutive_local_errors, "off", "3",
	    "The same for no answer: refused, reset, too late, malformed. Where this is set, the two others do not count these."),
	{.key = "interval", .type = SCHEMA_DURATION, FIELD(model_backend, outlier.interval),
	 .min = TIME_MIN_MS, .fallback = "10s", .example = "5s", .since = FIRST,
	 .sentence = "How often endpoints are compared with each other, and those that have been back are forgiven one of their ejections."},
	{.key = "ejection", .type = SCHEMA_DURATION, FIELD(model_backend, outlier.ejection),
	 .min = TIME_MIN_MS, .fallback = "30s", .example = "10s", .since = FIRST,
	 .sentence = "For how long an endpoint is left out: the first time as long as this, the second time twice as long, and so on. A check that passes ends it."},
	{.key = "max_ejection", .type = SCHEMA_DURATION, FIELD(model_backend, outlier.max_ejection),
	 .min = TIME_MIN_MS, .fallback = "5m", .example = "2m", .since = FIRST,
	 .sentence = "The longest it is left out."},
	{.key = "jitter", .type = SCHEMA_DURATION, FIELD(model_backend, outlier.jitter),
	 .zero = "off", .fallback = "off", .example = "1s", .since = FIRST,
	 .sentence = "Up to so much longer, at random, so that not all come back at once."},
	{.key = "max_ejected", .type = SCHEMA_PERCENT, FIELD(model_backend, outlier.max_ejected),
	 .min = 0, .max = PERCENT_ALL, .fallback = "10%", .example = "30%", .since = FIRST,
	 .sentence = "The share of the endpoints that may be left out at once. One always may, but never the last one that is usable."},
	{.key = "success_rate", .type = SCHEMA_PERCENT, FIELD(model_backend, outlier.success_rate),
	 .min = 1, .max = DEVIATIONS_MAX, .zero = "off", .fallback = "190%", .example = "300%", .since = FIRST,
	 .sentence = "An endpoint is ejected whose share of successes is so many standard deviations below the mean of all: 190% is 1.9 of them. Nearer than 5 percent to the mean none is."},
	{.key = "failure_percentage", .type = SCHEMA_PERCENT,
	 FIELD(model_backend, outlier.failure_percentage), .min = 1, .max = PERCENT_ALL,
	 .zero = "off", .fallback = "off", .example = "85%", .since = FIRST,
	 .sentence = "An endpoint is ejected of whose requests this share failed within an interval, however the others do."},
	{.key = "latency", .type = SCHEMA_PERCENT, FIELD(model_backend, outlier.latency),
	 .min = LATENCY_MIN, .max = LATENCY_MAX, .zero = "off", .fallback = "off", .example = "300%",
	 .since = FIRST,
	 .sentence = "An endpoint is ejected whose slow answers (1 of 20 takes longer) take this long, measured by the median of all endpoints. Faster than 10 ms none is slow."},
	{.key = "min_endpoints", .type = SCHEMA_NUMBER, FIELD(model_backend, outlier.min_endpoints),
	 .min = 1, .max = COUNT_MAX, .fallback = "5", .example = "3", .since = FIRST,
	 .sentence = "With fewer endpoints that have enough requests, none are compared."},
	{.key = "min_requests", .type = SCHEMA_NUMBER, FIELD(model_backend, outlier.min_requests),
	 .min = 1, .max = COUNT_MAX, .fallback = "100", .example = "50", .since = FIRST,
	 .sentence = "So many requests within an interval are enough."},
};

static const struct schema_row rows_slow_start[] = {
	{.key = "for", .type = SCHEMA_DURATION, FIELD(model_backend, slow_start.span),
	 .zero = "off", .fallback = "off", .example = "30s", .since = FIRST,
	 .sentence = "How long it takes until all of its weight counts. The first second counts as over."},
	{.key = "aggression", .type = SCHEMA_PERCENT, FIELD(model_backend, slow_start.aggression),
	 .min = CURVE_MIN, .max = CURVE_MAX, .fallback = "100%", .example = "200%", .since = FIRST,
	 .sentence = "100% rises evenly; more rises faster at first, less slower."},
	{.key = "min", .type = SCHEMA_PERCENT, FIELD(model_backend, slow_start.min), .min = 1,
	 .max = PERCENT_ALL, .fallback = "10%", .example = "5%", .since = FIRST,
	 .sentence = "The part of its weight that counts from the start."},
};

static const struct schema_row rows_sticky[] = {
	{.key = "cookie", .type = SCHEMA_TOKEN, .required = true, FIELD(model_backend, sticky.cookie),
	 .example = "SEAT", .since = FIRST,
	 .sentence = "The cookie's name. Its value tells nobody anything, and nobody can make one who does not know the secret."},
	{.key = "strict", .type = SCHEMA_CHOICE, FIELD(model_backend, sticky.strict),
	 .words = words_switch, .fallback = "off", .example = "on", .since = FIRST,
	 .sentence = "With on, nobody else answers while the client's endpoint is there and cannot be chosen: 503."},
	{.key = "ttl", .type = SCHEMA_DURATION, FIELD(model_backend, sticky.ttl),
	 .zero = "off", .fallback = "off", .example = "8h", .since = FIRST,
	 .sentence = "How long the client keeps the cookie; off: until the browser ends."},
	{.key = "secret", .type = SCHEMA_LINE, FIELD(model_backend, sticky.secret),
	 .told = "one of this process, made at its start", .example = "sticky.secret", .since = FIRST,
	 .sentence = "A file with at least 16 bytes that nobody guesses; the line's end is not part of them. With the same one, a weir that was started again knows the cookies, and other weirs do."},
	{.key = "same_site", .type = SCHEMA_CHOICE, FIELD(model_backend, sticky.same_site),
	 .words = words_same_site, .fallback = "lax", .example = "none", .since = FIRST,
	 .sentence = "Whether browsers send the cookie with what pages of other sites ask for: with links that are followed, never, or always (then only over TLS). It is also for TLS alone where it was set over TLS, and never shown to scripts."},
};

const struct schema_object schema_slow_start = {
	OBJECT("slow_start", "in slow_start", model_backend, rows_slow_start), .short_key = "for"};
const struct schema_object schema_sticky = {
	OBJECT("sticky", "in sticky", model_backend, rows_sticky), .short_key = "cookie"};
const struct schema_object schema_outlier = {
	OBJECT("outlier", "in outlier", model_backend, rows_outlier), .short_key = "enabled"};
/* clang-format on */
