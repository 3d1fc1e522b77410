/* cli - the command line: verbs are rows of one table, from which parsing, help, suggestions and
 * shell completion are made. Data goes to stdout, talk to stderr; the exit codes are enum
 * exit_code. A verb is one function that sees only what was given. */
#ifndef RUN_CLI_H
#define RUN_CLI_H

#include "run/server.h"

enum { CLI_GIVEN_MAX = 64 }; /* options on one command line */

struct cli_option {
	const char *name;  /* "listen" for --listen; NULL ends a table */
	const char *value; /* what help calls its value; NULL: it takes none */
	const char *sentence;
	const char *words; /* for completion: the values it knows, by spaces; "-file": a path */
	char letter;       /* 0: none */
};

struct cli_given {
	const struct cli_option *option;
	const char *value; /* "" when the option takes none */
};

struct cli {
	struct cli_given given[CLI_GIVEN_MAX];
	unsigned n_given;
	char **args; /* what is left behind verb and options */
	int n_args;
	bool quiet, verbose, color;
};

struct cli_verb {
	const char *name;
	const char *operands; /* "URL", "[VERB]"; "": takes none */
	int operands_max;
	const char *summary; /* one line, lower case, no full stop */
	const struct cli_option *options;
	const char *examples[2][2]; /* what to type, what it does */
	int (*run)(const struct cli *c);
};

extern const struct cli_option cli_globals[];
/* NULL: there are no more. In the order in which help lists them. */
const struct cli_verb *cli_verb(size_t i);
const struct cli_verb *cli_verb_named(struct str name);

/* The whole program. */
int cli_main(int argc, char **argv);

/* The value of the last option of this name; NULL: not given. */
const char *cli_value(const struct cli *c, const char *name);
static inline bool
cli_flag(const struct cli *c, const char *name)
{
	return cli_value(c, name) != NULL;
}
/* The first default file that exists; NULL: none does. */
const char *cli_config_default(void);
/* The file to read: -c, or the first default that exists. NULL, said on stderr: there is none. */
const char *cli_config_path(const struct cli *c);
void cli_verb_help(const struct cli_verb *v, FILE *out);

/* "weir: " and a sentence on stderr; the code, to be returned. */
int cli_fail(enum exit_code code, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* clang-format off */
#define CLI_VERBS(V) \
	V(run) V(demo) V(check) V(config) V(explain) V(reload) V(status) V(drain) V(down) V(ready) \
	V(weight) V(stop) V(schema) V(completion) V(version) V(help)
/* clang-format on */
#define CLI_VERB_EXTERN(name) extern const struct cli_verb cli_##name;
CLI_VERBS(CLI_VERB_EXTERN)

#endif
