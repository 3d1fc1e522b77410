/* cli_explain - `weir explain URL`: of a file, or with --live of the weir that runs. */
#include <stdlib.h>

#include "run/cli_call.h"
#include "run/explain.h"
#include "run/offline.h"

/* All -H, by newlines; NULL: none. */
static char *
explain_headers(const struct cli *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	ASSERT(f != NULL);
	for (unsigned i = 0; i < c->n_given; i++)
		if (strcmp(c->given[i].option->name, "header") == 0)
			fprintf(f, "%s\n", c->given[i].value);
	ASSERT(fclose(f) == 0);
	return text;
}

static json_t *
explain_of_file(const struct cli *c, const struct explain_ask *ask, int *code)
{
	const char *path = cli_config_path(c);
	char wrong[EXPLAIN_WRONG];
	struct offline o;
	json_t *answer;

	*code = EXIT_CONFIG;
	if (path == NULL)
		return NULL;
	if (!offline_open(&o, path)) {
		errors_print(&o.errors, stderr, c->color);
		offline_close(&o);
		return NULL;
	}
	answer = explain_json(o.snapshot, o.model, ask, wrong);
	*code = answer != NULL ? EXIT_FINE : cli_fail(EXIT_USAGE, "%s", wrong);
	offline_close(&o);
	return answer;
}

static json_t *
explain_of_server(const struct cli *c, const struct explain_ask *ask, int *code)
{
	struct call call = {.method = "GET"};
	struct call_answer got;
	json_t *answer = NULL;
	char *target = NULL;
	size_t len;
	FILE *f = open_memstream(&target, &len);

	ASSERT(f != NULL);
	fputs("/explain?", f);
	call_put_param(f, "url", ask->url);
	call_put_param(f, "method", ask->method);
	call_put_param(f, "headers", ask->headers);
	call_put_param(f, "from", ask->from);
	fprintf(f, "limit=%zu", ask->limit);
	ASSERT(fclose(f) == 0);
	call.target = target;
	*code = call_weir(c, &call, &got);
	free(target);
	if (*code != EXIT_FINE)
		return NULL;
	if (got.status == 200)
		answer = json_loadb(got.body.p, got.body.len, 0, NULL);
	if (answer == NULL)
		*code = cli_fail(EXIT_USAGE, "%s", got.body.p);
	call_answer_free(&got);
	return answer;
}

static int
cli_explain_run(const struct cli *c)
{
	bool live = cli_flag(c, "live") || cli_flag(c, "socket");
	char *headers = explain_headers(c);
	struct explain_ask ask = {.method = cli_value(c, "method"),
	    .headers = headers,
	    .from = cli_value(c, "from"),
	    .limit = c->verbose ? EXPLAIN_MANY : EXPLAIN_FEW,
	    .live = live};
	json_t *answer = NULL;
	int code;

	if (c->n_args == 1) {
		ask.url = c->args[0];
		answer = live ? explain_of_server(c, &ask, &code) : explain_of_file(c, &ask, &code);
	} else {
		code = cli_fail(EXIT_USAGE, "explain what? `weir explain URL`");
	}
	free(headers);
	if (answer == NULL)
		return code;
	if (cli_flag(c, "json")) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		explain_print(answer, stdout);
	}
	code = explain_found(answer) ? EXIT_FINE : EXIT_ANSWER_NO;
	json_decref(answer);
	return code;
}

static const struct cli_option explain_options[] = {
    {"method", "METHOD", "of the request; else GET", "GET HEAD POST PUT DELETE OPTIONS PATCH", 'X'},
    {"header", "K: V", "a header of the request; may repeat", NULL, 'H'},
    {"from", "IP", "the address it comes from", NULL, 0},
    {"live", NULL, "ask the weir that runs: endpoints with their state", NULL, 0},
    {"json", NULL, "as JSON", NULL, 0},
    {0},
};

const struct cli_verb cli_explain = {
    .name = "explain",
    .operands = "URL",
    .operands_max = 1,
    .summary = "say where a request would go, and why not elsewhere",
    .options = explain_options,
    .examples = {{"weir explain https://api.example.com/v1/cart -X POST",
		     "by the file; exit code 4 when there is no route"},
	{"weir explain http://localhost:8080/ --live -v", "by what runs, with more runners-up"}},
    .run = cli_explain_run,
};
