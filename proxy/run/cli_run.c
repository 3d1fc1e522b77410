/* cli_run - `weir run`: serve, in the foreground, what a file says or, without one, what two
 * options say. */
#include <stdlib.h>
#include <unistd.h>

#include "run/cli.h"
#include "run/quick.h"

/* Without a file. What was understood is shown, so that the next step is copy and paste. */
static int
cli_run_quick(const struct cli *c)
{
	struct server_options options = {
	    .text_name = "command line", .socket = cli_value(c, "socket")};
	struct quick quick = {.listen = cli_value(c, "listen"), .tcp = cli_flag(c, "tcp")};
	char *text;
	int code;

	if (cli_value(c, "config") != NULL)
		return cli_fail(EXIT_USAGE, "either a file (-c), or --listen and --to");
	for (unsigned i = 0; i < c->n_given; i++)
		if (strcmp(c->given[i].option->name, "to") == 0)
			quick.to[quick.n_to++] = c->given[i].value;
	if (quick.listen == NULL || quick.n_to == 0)
		return cli_fail(EXIT_USAGE, "--listen and --to go together");
	text = quick_yaml(&quick);
	if (text == NULL)
		return cli_fail(EXIT_USAGE, "--listen and --to are addresses: :8080, "
					    "127.0.0.1:3000, [::1]:3000, name:3000");
	if (!c->quiet)
		fprintf(stderr, "# The same as a file:\n%s", text);
	options.text = text;
	code = server_run(&options);
	free(text);
	return code == EXIT_CONFIG ? EXIT_USAGE : code; /* there is no file that could be wrong */
}

static int
cli_run_run(const struct cli *c)
{
	struct server_options options = {.socket = cli_value(c, "socket")};

	if (cli_flag(c, "listen") || cli_flag(c, "to") || cli_flag(c, "tcp"))
		return cli_run_quick(c);
	options.path = cli_config_path(c);
	return options.path != NULL ? server_run(&options) : EXIT_CONFIG;
}

static const struct cli_option run_options[] = {
    {"listen", "ADDRESS", "without a file: where clients come in, as :8080", NULL, 0},
    {"to", "ADDRESS", "without a file: an endpoint, as :3000 or app:3000; may repeat", NULL, 0},
    {"tcp", NULL, "without a file: pass bytes, do not speak HTTP", NULL, 0},
    {0},
};

const struct cli_verb cli_run = {
    .name = "run",
    .operands = "",
    .summary = "serve, in the foreground",
    .options = run_options,
    .examples = {{"weir run -c weir.yaml", "serve what the file says; SIGHUP reloads it"},
	{"weir run --listen :8080 --to :3000", "no file: prints the one that says the same"}},
    .run = cli_run_run,
};
