#include "run/cli.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	CLI_OPTIONS_MAX = 32, /* of a verb, the global ones included */
	CLI_LONG = 256,       /* getopt's number of an option is this and its place */
	CLI_VERBS_MAX = 32,
};

const struct cli_option cli_globals[] = {
    {"config", "FILE", "the configuration; else /etc/weir/weir.yaml, then ./weir.yaml", "-file",
	'c'},
    {"socket", "PATH", "the admin socket of the weir that runs", "-file", 0},
    {"color", "WHEN", "auto, always or never; NO_COLOR is obeyed", "auto always never", 0},
    {"quiet", NULL, "say only what failed", NULL, 'q'},
    {"verbose", NULL, "say more", NULL, 'v'},
    {"help", NULL, "this text", NULL, 'h'},
    {0},
};

#define CLI_VERB_ROW(name) &cli_##name,
static const struct cli_verb *const verbs[] = {CLI_VERBS(CLI_VERB_ROW)};

const struct cli_verb *
cli_verb(size_t i)
{
	return i < nelem(verbs) ? verbs[i] : NULL;
}

const struct cli_verb *
cli_verb_named(struct str name)
{
	for (size_t i = 0; i < nelem(verbs); i++)
		if (str_eq(name, str_from(verbs[i]->name)))
			return verbs[i];
	return NULL;
}

int
cli_fail(enum exit_code code, const char *fmt, ...)
{
	va_list ap;

	fputs("weir: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return (int)code;
}

const char *
cli_value(const struct cli *c, const char *name)
{
	const char *value = NULL;

	for (unsigned i = 0; i < c->n_given; i++)
		if (strcmp(c->given[i].option->name, name) == 0)
			value = c->given[i].value;
	return value;
}

const char *
cli_config_default(void)
{
	static const char *const defaults[] = {"/etc/weir/weir.yaml", "weir.yaml"};

	for (size_t i = 0; i < nelem(defaults); i++)
		if (access(defaults[i], F_OK) == 0)
			return defaults[i];
	return NULL;
}

const char *
cli_config_path(const struct cli *c)
{
	const char *path = cli_value(c, "config");

	if (path == NULL)
		path = cli_config_default();
	if (path == NULL)
		cli_fail(EXIT_CONFIG, "no configuration: there is no /etc/weir/weir.yaml and no "
				      "./weir.yaml; name one with -c, or try `weir demo`");
	return path;
}

/* ---- help ---- */

static void
cli_option_help(const struct cli_option *o, FILE *out)
{
	enum { COLUMN = 24 };
	char left[64];
	int n = snprintf(left, sizeof(left), o->letter ? "-%c, --%s%s%s" : "%.0d    --%s%s%s",
	    o->letter, o->name, o->value ? " " : "", o->value ? o->value : "");

	ASSERT(n > 0 && (size_t)n < sizeof(left));
	fprintf(out, "  %-*s  %s\n", COLUMN, left, o->sentence);
}

void
cli_verb_help(const struct cli_verb *v, FILE *out)
{
	fprintf(out, "weir %s - %s\n\nusage: weir %s [options]%s%s\n\n", v->name, v->summary,
	    v->name, v->operands[0] ? " " : "", v->operands);
	for (const struct cli_option *o = v->options; o != NULL && o->name != NULL; o++)
		cli_option_help(o, out);
	for (const struct cli_option *o = cli_globals; o->name != NULL; o++)
		cli_option_help(o, out);
	fputs("\nexamples:\n", out);
	for (size_t i = 0; i < nelem(v->examples); i++)
		fprintf(out, "  %s\n      %s\n", v->examples[i][0], v->examples[i][1]);
}

/* ---- what was typed wrong ---- */

static const char *
cli_suggest_verb(struct str word)
{
	const char *names[CLI_VERBS_MAX];
	size_t n = 0;

	for (; n < nelem(verbs); n++)
		names[n] = verbs[n]->name;
	return error_suggest(word, names, n);
}

static int
cli_unknown_verb(const char *word)
{
	const char *near = cli_suggest_verb(str_from(word));

	if (near != NULL)
		return cli_fail(
		    EXIT_USAGE, "there is no verb \"%s\"; did you mean \"%s\"?", word, near);
	return cli_fail(
	    EXIT_USAGE, "there is no verb \"%s\"; `weir help` lists those there are", word);
}

/* What fingers that know other proxies type, and what it is called here. */
static const struct cli_habit {
	const char *typed, *says;
} habits[] = {
    {"-t", "`weir check` reads the configuration and says what is wrong with it"},
    {"-T", "`weir config` prints the configuration as it was understood"},
    {"-V", "`weir version` prints the version"},
    {"-s", "`weir reload` and `weir stop` talk to the weir that runs"},
    {"-f", "`weir run -c FILE` runs with a file"},
    {"-D", "`weir run` stays in the foreground; an init system puts it behind"},
};

static int
cli_no_verb(const char *word)
{
	for (size_t i = 0; i < nelem(habits); i++)
		if (strcmp(word, habits[i].typed) == 0)
			return cli_fail(EXIT_USAGE, "%s: %s", word, habits[i].says);
	return cli_fail(EXIT_USAGE,
	    "%s stands where a verb should, as in `weir run`; `weir help` lists them", word);
}

/* ---- options ---- */

struct cli_options { /* a verb's and the global ones, as getopt wants them */
	const struct cli_option *rows[CLI_OPTIONS_MAX];
	struct option longs[CLI_OPTIONS_MAX + 1];
	char shorts[3 * CLI_OPTIONS_MAX + 3];
	int n;
};

static void
cli_options_add(struct cli_options *all, const struct cli_option *o)
{
	char *shorts = all->shorts + strlen(all->shorts);

	for (; o != NULL && o->name != NULL; o++) {
		ASSERT(all->n < CLI_OPTIONS_MAX);
		all->rows[all->n] = o;
		all->longs[all->n] = (struct option){
		    o->name, o->value ? required_argument : no_argument, NULL, CLI_LONG + all->n};
		all->n++;
		if (o->letter != 0) {
			*shorts++ = o->letter;
			if (o->value != NULL)
				*shorts++ = ':';
		}
	}
}

static const struct cli_option *
cli_option_of(const struct cli_options *all, int code)
{
	if (code >= CLI_LONG)
		return all->rows[code - CLI_LONG];
	for (int i = 0; i < all->n; i++)
		if (all->rows[i]->letter == code)
			return all->rows[i];
	return NULL;
}

static int
cli_unknown_option(const struct cli_options *all, const char *verb, const char *typed, int code)
{
	const char *names[CLI_OPTIONS_MAX], *near;
	struct str word = str_from(typed);

	if (code > 0 && code < CLI_LONG)
		return cli_fail(EXIT_USAGE, "weir %s has no option -%c; see `weir %s --help`", verb,
		    isprint(code) ? code : '?', verb);
	if (code >= CLI_LONG)
		return cli_fail(EXIT_USAGE, "--%s takes no value", cli_option_of(all, code)->name);
	word.len = str_find(word, '=', 0);
	for (int i = 0; i < all->n; i++)
		names[i] = all->rows[i]->name;
	near = error_suggest(str_of(word.p + 2, word.len - 2), names, (size_t)all->n);
	if (near != NULL)
		return cli_fail(EXIT_USAGE, "weir %s has no option %.*s; did you mean \"--%s\"?",
		    verb, STR_FMT(word), near);
	return cli_fail(EXIT_USAGE, "weir %s has no option %.*s; see `weir %s --help`", verb,
	    STR_FMT(word), verb);
}

static int
cli_missing_value(const struct cli_options *all, const char *typed, int code)
{
	const struct cli_option *o = cli_option_of(all, code);

	return cli_fail(EXIT_USAGE, "%s wants a value: %s", typed, o ? o->value : "?");
}

/* Reads options, of a verb wherever they stand, without one (NULL) up to the first other word. */
static int
cli_parse(struct cli *c, const struct cli_verb *v, int argc, char **argv)
{
	struct cli_options all = {.n = 0};
	int code;

	memcpy(all.shorts, v != NULL ? ":" : "+:", v != NULL ? sizeof(":") : sizeof("+:"));
	cli_options_add(&all, v != NULL ? v->options : NULL);
	cli_options_add(&all, cli_globals);
	optind = 0;
	opterr = 0;
	while ((code = getopt_long(argc, argv, all.shorts, all.longs, NULL)) != -1) {
		const char *typed = argv[optind - 1];

		if (code == '?' && v == NULL && optopt < CLI_LONG)
			return cli_no_verb(typed);
		if (code == '?')
			return cli_unknown_option(&all, v ? v->name : "", typed, optopt);
		if (code == ':')
			return cli_missing_value(&all, typed, optopt);
		if (c->n_given == CLI_GIVEN_MAX)
			return cli_fail(EXIT_USAGE, "more than %d options", CLI_GIVEN_MAX);
		c->given[c->n_given++] =
		    (struct cli_given){cli_option_of(&all, code), optarg ? optarg : ""};
	}
	c->args = argv + optind;
	c->n_args = argc - optind;
	return EXIT_FINE;
}

static int
cli_globals_apply(struct cli *c)
{
	const char *color = cli_value(c, "color"), *no_color = getenv("NO_COLOR");

	c->quiet = cli_flag(c, "quiet");
	c->verbose = cli_flag(c, "verbose");
	if (color == NULL || strcmp(color, "auto") == 0)
		c->color = (no_color == NULL || no_color[0] == '\0') && isatty(STDERR_FILENO);
	else if (strcmp(color, "always") == 0)
		c->color = true;
	else if (strcmp(color, "never") != 0)
		return cli_fail(EXIT_USAGE, "--color is auto, always or never, not \"%s\"", color);
	return EXIT_FINE;
}

static int
cli_run_verb(struct cli *c, const struct cli_verb *v, int argc, char **argv)
{
	int code = cli_parse(c, v, argc, argv);

	if (code == EXIT_FINE)
		code = cli_globals_apply(c);
	if (code != EXIT_FINE)
		return code;
	if (cli_flag(c, "help")) {
		cli_verb_help(v, stdout);
		return EXIT_FINE;
	}
	if (c->n_args > v->operands_max && access(c->args[v->operands_max], R_OK) == 0)
		return cli_fail(EXIT_USAGE,
		    "weir %s: a file is named with -c, as in `weir %s -c %s`", v->name, v->name,
		    c->args[v->operands_max]);
	if (c->n_args > v->operands_max)
		return cli_fail(EXIT_USAGE,
		    "weir %s: \"%s\" is one word too many; see `weir %s --help`", v->name,
		    c->args[v->operands_max], v->name);
	return v->run(c);
}

/* What was written has arrived, or the caller learns. */
static int
cli_flush(int code)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		if (errno != EPIPE)
			cli_fail(EXIT_RUNTIME, "cannot write: %s", strerror(errno));
		return code == EXIT_FINE ? EXIT_RUNTIME : code;
	}
	return code;
}

int
cli_main(int argc, char **argv)
{
	struct cli c = {.n_given = 0};
	const struct cli_verb *v;
	int code;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return cli_flush(cli_version.run(&c));
	code = cli_parse(&c, NULL, argc, argv);
	if (code != EXIT_FINE)
		return code;
	if (c.n_args == 0 && !cli_flag(&c, "help"))
		return cli_fail(EXIT_USAGE, "what is to be done? `weir help` lists the verbs");
	if (c.n_args == 0)
		return cli_flush(cli_help.run(&c));
	v = cli_verb_named(str_from(c.args[0]));
	if (v == NULL)
		return cli_unknown_verb(c.args[0]);
	return cli_flush(cli_run_verb(&c, v, c.n_args, c.args));
}
