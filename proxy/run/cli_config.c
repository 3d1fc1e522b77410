/* cli_config - `weir config`: the configuration as it was understood. */
#include "run/cli.h"
#include "run/yaml_json.h"

static int
cli_config_run(const struct cli *c)
{
	const char *path = cli_config_path(c);
	struct errors errors;
	struct model *model;
	json_t *json;

	if (path == NULL)
		return EXIT_CONFIG;
	errors_init(&errors);
	model = load_file(path, &errors);
	if (model == NULL) {
		errors_print(&errors, stderr, c->color);
	} else if (cli_flag(c, "json")) {
		json = model_json(model);
		json_dumpf(json, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(json);
	} else {
		model_print(model, cli_flag(c, "full"), stdout);
	}
	errors_free(&errors);
	if (model == NULL)
		return EXIT_CONFIG;
	model_free(&model);
	return EXIT_FINE;
}

static const struct cli_option config_options[] = {
    {"full", NULL, "every key with its value and where that is from", NULL, 0},
    {"json", NULL, "as JSON", NULL, 0},
    {0},
};

const struct cli_verb cli_config = {
    .name = "config",
    .operands = "",
    .summary = "print the configuration as it was understood",
    .options = config_options,
    .examples = {{"weir config --full", "with every default, and the line of what was set"},
	{"weir config --json | jq .backends", "for programs"}},
    .run = cli_config_run,
};
