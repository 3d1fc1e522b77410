/* The rows of how endpoints are checked. */
#include "config/schema_parts.h"

enum { RESULTS_MAX = 100, PORT_MAX = 65535 };

static const char *const words_tls[] = {[CHECK_TLS_SAME] = "same", [CHECK_TLS_OFF] = "off", NULL};
static const char *const words_initial[] = {[INITIAL_DOWN] = "down", [INITIAL_UP] = "up", NULL};

/* clang-format off */
static const struct schema_row rows_check[] = {
	{.key = "ask", .type = SCHEMA_ASK, FIELD(model_check, ask), .fallback = "off",
	 .example = "GET /healthz", .since = FIRST,
	 .sentence = "What an endpoint is asked: METHOD PATH sends that request, tcp only connects, off asks nothing. Where it stands for the whole check, the interval may follow, as in GET /healthz every 5s."},
	{.key = "every", .type = SCHEMA_DURATION, FIELD(model_check, every), .fallback = "2s",
	 .example = "5s", .since = FIRST,
	 .sentence = "From one check to the next, give or take 10%."},
	{.key = "every_changing", .type = SCHEMA_DURATION, FIELD(model_check, every_changing),
	 .zero = "every", .fallback = "every", .example = "500ms", .since = FIRST,
	 .sentence = "The same while the last result speaks against the endpoint's state, so that a change is sure sooner."},
	{.key = "every_down", .type = SCHEMA_DURATION, FIELD(model_check, every_down),
	 .zero = "every", .fallback = "every", .example = "10s", .since = FIRST,
	 .sentence = "The same while the endpoint is down."},
	{.key = "timeout", .type = SCHEMA_DURATION, FIELD(model_check, timeout), .fallback = "2s",
	 .example = "1s", .since = FIRST,
	 .sentence = "How long a check may take, from the connect to the end of the answer."},
	{.key = "up", .type = SCHEMA_NUMBER, FIELD(model_check, up), .min = 1, .max = RESULTS_MAX,
	 .fallback = "2", .example = "3", .since = FIRST,
	 .sentence = "So many checks in a row have to go well before an endpoint that was down is used again. For a new one the first is enough."},
	{.key = "down", .type = SCHEMA_NUMBER, FIELD(model_check, down), .min = 1,
	 .max = RESULTS_MAX, .fallback = "3", .example = "5", .since = FIRST,
	 .sentence = "So many in a row have to fail before an endpoint is used no more."},
	{.key = "initial", .type = SCHEMA_CHOICE, FIELD(model_check, initial),
	 .words = words_initial, .fallback = "down", .example = "up", .since = FIRST,
	 .sentence = "What a new endpoint is before its first check. One that was in use before there were checks goes on as up."},
	{.key = "port", .type = SCHEMA_NUMBER, FIELD(model_check, port), .min = 1, .max = PORT_MAX,
	 .zero = "same", .fallback = "same", .example = "8081", .since = FIRST,
	 .sentence = "The port that is asked."},
	{.key = "tls", .type = SCHEMA_CHOICE, FIELD(model_check, tls), .words = words_tls,
	 .fallback = "same", .example = "off", .since = FIRST,
	 .sentence = "Whether a backend with tls is checked over it. A tcp check then ends with the handshake."},
	{.key = "host", .type = SCHEMA_LINE, FIELD(model_check, host),
	 .told = "the endpoint as it is written", .example = "www.example.com", .since = FIRST,
	 .sentence = "The host of the request."},
	{.key = "headers", .type = SCHEMA_FIELDS, FIELD(model_check, headers), .told = "none",
	 .example = "{X-Check: weir}", .since = FIRST,
	 .sentence = "More header fields of the request."},
	{.key = "expect", .type = SCHEMA_STATUSES, FIELD(model_check, expect),
	 .min = EXPECT_MIN, .max = EXPECT_MAX, .fallback = "200-399", .example = "[200, 204, 301-308]", .since = FIRST,
	 .sentence = "The statuses that are good: one, a range, or a list of them."},
	{.key = "body", .type = SCHEMA_LINE, FIELD(model_check, body), .told = "any",
	 .example = "ready", .since = FIRST,
	 .sentence = "Text that has to be in the first 64 KB of the answer's body."},
};

const struct schema_object schema_check = {
	OBJECT("check", "in a check", model_check, rows_check), .short_key = "ask"};
/* clang-format on */
