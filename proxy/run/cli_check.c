/* cli_check - `weir check`: reads and builds a configuration as `weir run` would, opens nothing,
 * and says everything that is wrong with it, at once. */
#include <jansson.h>
#include <stdlib.h>

#include "run/cli.h"
#include "run/endpoint_file.h"
#include "run/offline.h"

/* ---- for programs ---- */

static json_t *
check_row(const struct error *e)
{
	json_t *row = json_object();

	if (e->at.file != NULL)
		json_object_set_new(row, "file", json_string(e->at.file));
	if (e->at.line > 0)
		json_object_set_new(row, "line", json_integer(e->at.line));
	if (e->at.line > 0 && e->at.column > 0)
		json_object_set_new(row, "column", json_integer(e->at.column));
	json_object_set_new(row, "text", json_string(e->text));
	if (e->hint != NULL)
		json_object_set_new(row, "hint", json_string(e->hint));
	return row;
}

static void
check_json(const struct errors *errors)
{
	json_t *wrong = json_array(), *doubtful = json_array(), *all;

	for (const struct error *e = errors->first; e != NULL; e = e->next)
		json_array_append_new(
		    e->severity == SEVERITY_ERROR ? wrong : doubtful, check_row(e));
	all = json_pack("{s:b, s:o, s:o}", "ok", errors->error_count == 0, "errors", wrong,
	    "warnings", doubtful);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

/* A workflow command of GitHub Actions: the text ends at the line, a property at comma or colon. */
static void
check_github_escaped(const char *s, bool property)
{
	for (; *s != '\0'; s++)
		if (*s == '%' || *s == '\r' || *s == '\n' || (property && (*s == ',' || *s == ':')))
			printf("%%%02X", (unsigned char)*s);
		else
			putchar(*s);
}

static void
check_github(const struct errors *errors)
{
	for (const struct error *e = errors->first; e != NULL; e = e->next) {
		printf("::%s file=", e->severity == SEVERITY_ERROR ? "error" : "warning");
		check_github_escaped(e->at.file != NULL ? e->at.file : "", true);
		if (e->at.line > 0)
			printf(",line=%u,col=%u", e->at.line, e->at.column);
		fputs("::", stdout);
		check_github_escaped(e->text, false);
		if (e->hint != NULL) {
			fputs("; ", stdout);
			check_github_escaped(e->hint, false);
		}
		putchar('\n');
	}
}

/* ---- for people ---- */

static void
check_text(const struct cli *c, const struct offline *o, const char *path)
{
	const struct errors *e = &o->errors;
	FILE *out = e->error_count > 0 ? stderr : stdout;

	errors_print(e, stderr, c->color);
	if (c->quiet)
		return;
	if (e->error_count == 0)
		fprintf(out, "%s: ok, %zu listener%s, %zu route%s, %zu backend%s; ", path,
		    o->model->n_listeners, o->model->n_listeners == 1 ? "" : "s",
		    o->model->n_routes, o->model->n_routes == 1 ? "" : "s", o->model->n_backends,
		    o->model->n_backends == 1 ? "" : "s");
	fprintf(out, "%u error%s, %u warning%s\n", e->error_count, e->error_count == 1 ? "" : "s",
	    e->warning_count, e->warning_count == 1 ? "" : "s");
}

/* They are read while weir runs, and what is wrong with one never stops it: here it is told. */
static bool
check_files(struct offline *o)
{
	unsigned before = o->errors.error_count;

	for (size_t i = 0; i < o->model->n_backends; i++) {
		const struct model_backend *b = &o->model->backends[i];

		for (size_t j = 0; j < b->n_endpoints; j++)
			if (b->endpoints[j].file)
				endpoint_file_check(&b->endpoints[j], &o->errors);
	}
	return o->errors.error_count == before;
}

static int
cli_check_run(const struct cli *c)
{
	const char *format = cli_value(c, "format"), *path;
	struct offline o;
	int code = EXIT_FINE;

	if (format == NULL)
		format = "text";
	if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0 &&
	    strcmp(format, "github") != 0)
		return cli_fail(EXIT_USAGE, "--format is text, json or github, not \"%s\"", format);
	path = cli_config_path(c);
	if (path == NULL)
		return EXIT_CONFIG;
	if (!offline_open(&o, path) || !check_files(&o))
		code = EXIT_CONFIG;
	else if (cli_flag(c, "strict") && o.errors.warning_count > 0)
		code = EXIT_ANSWER_NO;
	if (*format == 'j')
		check_json(&o.errors);
	else if (*format == 'g')
		check_github(&o.errors);
	else
		check_text(c, &o, path);
	offline_close(&o);
	return code;
}

static const struct cli_option check_options[] = {
    {"strict", NULL, "a warning makes the exit code 4", NULL, 0},
    {"format", "FORM", "text, json or github (annotations of a workflow)", "text json github", 0},
    {0},
};

const struct cli_verb cli_check = {
    .name = "check",
    .operands = "",
    .summary = "say everything that is wrong with a configuration",
    .options = check_options,
    .examples = {{"weir check -c weir.yaml", "exit code 0: fine, 3: there are errors"},
	{"weir check --strict --format github", "for a pull request: warnings count, too"}},
    .run = cli_check_run,
};
