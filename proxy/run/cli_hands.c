/* cli_hands - `weir drain`, `weir down`, `weir ready`, `weir weight`: says something of endpoints
 * of the weir that runs. */
#include <stdlib.h>

#include "run/cli_call.h"

static int
hands_tell(const struct cli *c, const char *state, const char *weight)
{
	char *target = NULL;
	size_t len;
	FILE *f = open_memstream(&target, &len);
	int code;

	ASSERT(f != NULL);
	fputs("/endpoints?", f);
	call_put_param(f, "of", c->args[0]);
	call_put_param(f, "state", state);
	call_put_param(f, "weight", weight);
	call_put_param(f, "for", cli_value(c, "for"));
	ASSERT(fclose(f) == 0);
	code = call_tell(c, target);
	free(target);
	return code;
}

static int
hands_state(const struct cli *c, const char *verb)
{
	if (c->n_args == 1)
		return hands_tell(c, verb, NULL);
	return cli_fail(EXIT_USAGE, "%s what? `weir %s BACKEND[/ENDPOINT]`", verb, verb);
}

static int
cli_drain_run(const struct cli *c)
{
	return hands_state(c, "drain");
}

static int
cli_down_run(const struct cli *c)
{
	return hands_state(c, "down");
}

static int
cli_ready_run(const struct cli *c)
{
	return hands_state(c, "ready");
}

static int
cli_weight_run(const struct cli *c)
{
	if (c->n_args == 2)
		return hands_tell(c, NULL, c->args[1]);
	return cli_fail(
	    EXIT_USAGE, "which weight for what? `weir weight BACKEND[/ENDPOINT] 0-1000`");
}

static const struct cli_option hands_options[] = {
    {"for", "10m", "it ends by itself after so long; else when weir ready says so", NULL, 0},
    {0},
};

const struct cli_verb cli_drain = {
    .name = "drain",
    .operands = "BACKEND[/ENDPOINT]",
    .operands_max = 1,
    .summary = "give endpoints of the running weir nothing new; what they have ends",
    .options = hands_options,
    .examples = {{"weir drain web/10.0.0.11:8080 --for 10m", "one endpoint, for ten minutes"},
	{"weir drain web", "all of the backend: its routes answer 503"}},
    .run = cli_drain_run,
};

const struct cli_verb cli_down = {
    .name = "down",
    .operands = "BACKEND[/ENDPOINT]",
    .operands_max = 1,
    .summary = "as drain, and have endpoints not even checked",
    .options = hands_options,
    .examples = {{"weir down web/10.0.0.11:8080", "before its machine is taken away"},
	{"weir down web/10.0.0.11:8080 --for 1h", "then it is checked, and used if it is well"}},
    .run = cli_down_run,
};

const struct cli_verb cli_ready = {
    .name = "ready",
    .operands = "BACKEND[/ENDPOINT]",
    .operands_max = 1,
    .summary = "take back what drain, down and weight said of endpoints",
    .examples = {{"weir ready web/10.0.0.11:8080", "used again, unless its checks say no"},
	{"weir ready web", "all of the backend"}},
    .run = cli_ready_run,
};

const struct cli_verb cli_weight = {
    .name = "weight",
    .operands = "BACKEND[/ENDPOINT] N",
    .operands_max = 2,
    .summary = "give endpoints of the running weir another weight",
    .options = hands_options,
    .examples = {{"weir weight web/10.0.0.11:8080 5 --for 10m",
		     "a canary that falls back by itself"},
	{"weir weight web/10.0.0.11:8080 0", "nothing new; it is still checked"}},
    .run = cli_weight_run,
};
