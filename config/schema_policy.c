/* The rows of how a route's requests are tried, and of what all routes begin with. */
#include "config/schema_parts.h"

enum { ATTEMPTS_MAX = 10 };

static const char *const words_when[] = {[RETRY_WHEN_GATEWAY_ERROR] = "gateway-error",
    [RETRY_WHEN_5XX] = "5xx",
    [RETRY_WHEN_RESET] = "reset",
    [RETRY_WHEN_TIMEOUT] = "timeout",
    NULL};
static const char *const words_off_on[] = {"off", "on", NULL};

/* clang-format off */
static const struct schema_row rows_retry[] = {
	{.key = "attempts", .type = SCHEMA_NUMBER, FIELD(model_retry, attempts), .max = ATTEMPTS_MAX,
	 .zero = "off", .fallback = "1", .example = "2", .since = FIRST,
	 .sentence = "How often a request is tried again at most, each time at an endpoint that was not tried yet, if there is one."},
	{.key = "when", .type = SCHEMA_SET, FIELD(model_retry, when), .words = words_when,
	 .told = "nothing more", .example = "[gateway-error, reset]", .since = FIRST,
	 .sentence = "After what else: gateway-error is an answer of 502, 503 or 504; 5xx one of 500 to 599; reset is a connection that ends before an answer; timeout is an answer that takes too long. Only requests that may be repeated without harm (RFC 9110, section 9.2.2)."},
	{.key = "statuses", .type = SCHEMA_STATUSES, FIELD(model_retry, statuses),
	 .min = MODEL_STATUS_MIN, .max = MODEL_STATUS_MAX, .told = "none", .example = "[429, 503]",
	 .since = FIRST, .sentence = "More answers after which a request is tried again."},
	{.key = "per_try_timeout", .type = SCHEMA_DURATION, FIELD(model_retry, per_try_timeout),
	 .zero = "off", .fallback = "off", .example = "2s", .since = FIRST,
	 .sentence = "How long one try may take until its answer begins, connecting included. Then the next one is made, as with timeout in \"when\"; after the last one 504."},
	{.key = "backoff", .type = SCHEMA_DURATION, FIELD(model_retry, backoff), .fallback = "25ms",
	 .example = "50ms", .since = FIRST,
	 .sentence = "The pause before a retry is random, up to this, doubled each time. There is none before the first retry of what could not connect, if it goes to another endpoint. An endpoint that asks for more time in Retry-After is given it, if timeouts.request leaves so much."},
	{.key = "max_backoff", .type = SCHEMA_DURATION, FIELD(model_retry, max_backoff),
	 .fallback = "250ms", .example = "1s", .since = FIRST,
	 .sentence = "The pause is never longer than this, unless an endpoint asks for it."},
	{.key = "non_idempotent", .type = SCHEMA_CHOICE, FIELD(model_retry, non_idempotent),
	 .words = words_off_on, .fallback = "off", .example = "on", .since = FIRST,
	 .sentence = "Whether what \"when\", statuses and per_try_timeout ask for is so for POST and PATCH, too. They may then be done twice."},
	{.key = "body", .type = SCHEMA_SIZE, FIELD(model_retry, body), .zero = "off",
	 .fallback = "64KB", .example = "256KB", .since = FIRST,
	 .sentence = "How much of a request's body is kept to be sent again. A request with more is not tried again once more than this was sent."},
};

const struct schema_object schema_retry = {
	OBJECT("retry", "in retry", model_retry, rows_retry), .short_key = "attempts"};

#define TIMEOUT(field, zero_word, ex)                                                              \
	{.key = #field, .type = SCHEMA_DURATION, FIELD(model_route_timeouts, field),               \
	 .zero = (zero_word), .told = "as in timeouts", .example = (ex), .since = FIRST,           \
	 .sentence = "As timeouts." #field " at the top, for this route."}
static const struct schema_row rows_route_timeouts[] = {
	TIMEOUT(request, "off", "10s"),
	TIMEOUT(response, "off", "5s"),
	TIMEOUT(body, NULL, "5m"),
};

const struct schema_object schema_route_timeouts = {
	OBJECT("route_timeouts", "in timeouts of a route", model_route_timeouts, rows_route_timeouts)};

static const struct schema_row rows_defaults[] = {
	{.key = "retry", .type = SCHEMA_STRUCT, FIELD(model, defaults.retry),
	 .object = &schema_retry, .told = "1", .example = "{attempts: 2, when: [gateway-error]}",
	 .since = FIRST, .sentence = "As in routes."},
	{.key = "check", .type = SCHEMA_STRUCT, FIELD(model, defaults.check),
	 .object = &schema_check, .told = "off", .example = "GET /healthz every 2s",
	 .since = FIRST, .sentence = "As in backends."},
};

const struct schema_object schema_defaults = {
	OBJECT("defaults", "in defaults", model, rows_defaults)};
/* clang-format on */
