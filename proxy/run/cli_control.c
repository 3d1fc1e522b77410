/* cli_control - `weir reload`, `weir stop`, `weir status`: what is said to and asked of the weir
 * that runs. */
#include <jansson.h>

#include "run/cli_call.h"

static int
cli_reload_run(const struct cli *c)
{
	return call_tell(c, cli_flag(c, "wait") ? "/reload" : "/reload?nowait");
}

static const struct cli_option reload_options[] = {
    {"wait", NULL, "until it is done; exit code 3, with the errors, when nothing was changed", NULL,
	0},
    {0},
};

const struct cli_verb cli_reload = {
    .name = "reload",
    .operands = "",
    .summary = "have the running weir read its configuration again",
    .options = reload_options,
    .examples = {{"weir reload --wait", "prints what changed, or every error"},
	{"weir check && weir reload", "asks and goes on; the log tells how it went"}},
    .run = cli_reload_run,
};

static int
cli_stop_run(const struct cli *c)
{
	return call_tell(c, cli_flag(c, "now") ? "/stop?now" : "/stop");
}

static const struct cli_option stop_options[] = {
    {"now", NULL, "cut what is under way instead of letting it end", NULL, 0},
    {0},
};

const struct cli_verb cli_stop = {
    .name = "stop",
    .operands = "",
    .summary = "have the running weir drain and end",
    .options = stop_options,
    .examples = {{"weir stop", "what is under way ends, at the latest after timeouts.drain"},
	{"weir stop --now", "at once"}},
    .run = cli_stop_run,
};

/* The sentence, or with -v the tables behind it. */
static void
cli_status_print(const struct cli *c, const json_t *json)
{
	const char *sentence = json_string_value(json_object_get(json, "summary"));
	struct call call = {.method = "GET", .target = "/status", .text = true};
	struct call_answer answer;

	if (!c->verbose) {
		puts(sentence != NULL ? sentence : "no summary");
	} else if (call_weir(c, &call, &answer) == EXIT_FINE) {
		fwrite(answer.body.p, 1, answer.body.len, stdout);
		call_answer_free(&answer);
	}
}

static int
cli_status_run(const struct cli *c)
{
	struct call call = {.method = "GET", .target = "/status"};
	struct call_answer answer;
	json_t *json;
	int code = call_weir(c, &call, &answer);

	if (code != EXIT_FINE)
		return code;
	json = json_loadb(answer.body.p, answer.body.len, 0, NULL);
	if (json == NULL)
		code = cli_fail(EXIT_RUNTIME, "the answer is no JSON");
	else if (!json_is_true(json_object_get(json, "healthy")))
		code = EXIT_ANSWER_NO;
	if (json != NULL && cli_flag(c, "json"))
		fwrite(answer.body.p, 1, answer.body.len, stdout);
	else if (json != NULL && !c->quiet)
		cli_status_print(c, json);
	json_decref(json);
	call_answer_free(&answer);
	return code;
}

static const struct cli_option status_options[] = {
    {"json", NULL, "everything, as JSON", NULL, 0},
    {0},
};

const struct cli_verb cli_status = {
    .name = "status",
    .operands = "",
    .summary = "say how the running weir is",
    .options = status_options,
    .examples = {{"weir status", "one sentence; exit code 4 when it is not healthy"},
	{"weir status -v", "with every listener, backend and endpoint"}},
    .run = cli_status_run,
};
