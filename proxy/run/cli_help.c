/* cli_help - what weir says of itself: the verbs, the version, the schema of its file. */
#include <jansson.h>

#include "run/cli.h"

static int
cli_help_run(const struct cli *c)
{
	enum { COLUMN = 12 };

	if (c->n_args > 0) {
		const struct cli_verb *v = cli_verb_named(str_from(c->args[0]));

		if (v == NULL)
			return cli_fail(EXIT_USAGE, "there is no verb \"%s\"", c->args[0]);
		cli_verb_help(v, stdout);
		return EXIT_FINE;
	}
	printf("weir %s - an L4/L7 load balancer\n\nusage: weir VERB [options]\n\n", WEIR_VERSION);
	for (size_t i = 0; cli_verb(i) != NULL; i++)
		printf("  %-*s%s\n", COLUMN, cli_verb(i)->name, cli_verb(i)->summary);
	puts("\n`weir VERB --help` says more. Manual pages: weir(8), weir.yaml(5).");
	return EXIT_FINE;
}

const struct cli_verb cli_help = {
    .name = "help",
    .operands = "[VERB]",
    .operands_max = 1,
    .summary = "list the verbs, or explain one",
    .examples = {{"weir help", "the verbs, one a line"},
	{"weir help run", "options and examples of one verb"}},
    .run = cli_help_run,
};

static int
cli_version_run(const struct cli *c)
{
	json_t *json;

	if (!cli_flag(c, "json")) {
		puts("weir " WEIR_VERSION);
		return EXIT_FINE;
	}
	json = json_pack(
	    "{s:s, s:s, s:s}", "name", "weir", "version", WEIR_VERSION, "compiler", __VERSION__);
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
	return EXIT_FINE;
}

static const struct cli_option version_options[] = {
    {"json", NULL, "as JSON", NULL, 0},
    {0},
};

const struct cli_verb cli_version = {
    .name = "version",
    .operands = "",
    .summary = "print the version",
    .options = version_options,
    .examples = {{"weir version", "for people"}, {"weir version --json", "for programs"}},
    .run = cli_version_run,
};

static int
cli_schema_run(const struct cli *c)
{
	(void)c;
	schema_print(stdout);
	return EXIT_FINE;
}

const struct cli_verb cli_schema = {
    .name = "schema",
    .operands = "",
    .summary = "print the JSON Schema of weir.yaml, for editors",
    .examples = {{"weir schema > weir.schema.json",
		     "then begin weir.yaml with the line "
		     "# yaml-language-server: $schema=weir.schema.json"},
	{"weir schema | jq .properties.timeouts", "the keys of one part"}},
    .run = cli_schema_run,
};
