/* cli_completion - `weir completion SHELL`: what a shell should offer, rendered from the verbs. */
#include "run/cli.h"

typedef void option_fn(const struct cli_option *o, const char *verb);

static void
each_option(const struct cli_verb *v, option_fn *each)
{
	for (const struct cli_option *o = v->options; o != NULL && o->name != NULL; o++)
		each(o, v->name);
	for (const struct cli_option *o = cli_globals; o->name != NULL; o++)
		each(o, v->name);
}

static void
print_quoted(const char *s) /* inside single quotes */
{
	for (; *s != '\0'; s++)
		if (*s == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*s);
}

/* ---- bash ---- */

static void
bash_option(const struct cli_option *o, const char *verb)
{
	(void)verb;
	printf(" --%s", o->name);
}

/* An option's value is the same whatever the verb: no two verbs use a name differently. */
static void
bash_values(const struct cli_option *o)
{
	for (; o != NULL && o->name != NULL; o++) {
		if (o->words == NULL)
			continue;
		if (o->letter != 0)
			printf("\t\t-%c|", o->letter);
		else
			fputs("\t\t", stdout);
		printf("--%s) ", o->name);
		if (strcmp(o->words, "-file") == 0)
			puts("COMPREPLY=($(compgen -f -- \"$word\")); return ;;");
		else
			printf(
			    "COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", o->words);
	}
}

static void
completion_bash(void)
{
	puts("# weir completion bash > /etc/bash_completion.d/weir\n"
	     "_weir() {\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	     "\tCOMPREPLY=()\n"
	     "\tcase $before in");
	for (size_t i = 0; cli_verb(i) != NULL; i++)
		bash_values(cli_verb(i)->options);
	bash_values(cli_globals);
	puts("\tesac\n\tcase ${COMP_WORDS[1]} in");
	for (size_t i = 0; cli_verb(i) != NULL; i++) {
		printf("\t\t%s) COMPREPLY=($(compgen -W '", cli_verb(i)->name);
		each_option(cli_verb(i), bash_option);
		printf("%s' -- \"$word\")); return ;;\n",
		    cli_verb(i) == &cli_completion ? " bash zsh fish" : "");
	}
	fputs("\tesac\n\tCOMPREPLY=($(compgen -W '", stdout);
	for (size_t i = 0; cli_verb(i) != NULL; i++)
		printf("%s%s", i ? " " : "", cli_verb(i)->name);
	puts("' -- \"$word\"))\n}\ncomplete -F _weir weir");
}

/* ---- zsh ---- */

/* Inside a quoted spec of _arguments, brackets and colons have a meaning. */
static void
zsh_escaped(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s == '\'')
			fputs("'\\''", stdout);
		else
			printf("%s%c", strchr("[]:", *s) ? "\\" : "", *s);
}

static void
zsh_option(const struct cli_option *o, const char *verb)
{
	(void)verb;
	if (o->letter != 0)
		printf(
		    " \\\n\t\t\t'(-%c --%s)'{-%c,--%s}'[", o->letter, o->name, o->letter, o->name);
	else
		printf(" \\\n\t\t\t'--%s[", o->name);
	zsh_escaped(o->sentence);
	putchar(']');
	if (o->value != NULL && o->words == NULL)
		printf(":%s:", o->value);
	else if (o->value != NULL && strcmp(o->words, "-file") == 0)
		printf(":%s:_files", o->value);
	else if (o->value != NULL)
		printf(":%s:(%s)", o->value, o->words);
	putchar('\'');
}

static void
completion_zsh(void)
{
	puts("#compdef weir\n"
	     "# weir completion zsh > /usr/local/share/zsh/site-functions/_weir\n"
	     "_weir() {\n"
	     "\tlocal -a verbs=(");
	for (size_t i = 0; cli_verb(i) != NULL; i++) {
		printf("\t\t'%s:", cli_verb(i)->name);
		print_quoted(cli_verb(i)->summary);
		puts("'");
	}
	puts("\t)\n"
	     "\tif (( CURRENT == 2 )); then\n"
	     "\t\t_describe verb verbs\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\tlocal verb=$words[2]\n"
	     "\tshift words\n"
	     "\t(( CURRENT-- ))\n"
	     "\tcase $verb in");
	for (size_t i = 0; cli_verb(i) != NULL; i++) {
		printf("\t\t%s) _arguments", cli_verb(i)->name);
		each_option(cli_verb(i), zsh_option);
		if (cli_verb(i) == &cli_completion)
			fputs(" \\\n\t\t\t'1:shell:(bash zsh fish)'", stdout);
		puts(" ;;");
	}
	puts("\tesac\n}\n_weir \"$@\"");
}

/* ---- fish ---- */

static void
fish_option(const struct cli_option *o, const char *verb)
{
	printf("complete -c weir -n '__fish_seen_subcommand_from %s' -l %s", verb, o->name);
	if (o->letter != 0)
		printf(" -s %c", o->letter);
	if (o->value != NULL)
		fputs(" -r", stdout);
	if (o->words != NULL && strcmp(o->words, "-file") == 0)
		fputs(" -F", stdout);
	else if (o->words != NULL)
		printf(" -a '%s'", o->words);
	fputs(" -d '", stdout);
	print_quoted(o->sentence);
	puts("'");
}

static void
completion_fish(void)
{
	puts("# weir completion fish > ~/.config/fish/completions/weir.fish\n"
	     "complete -c weir -f");
	for (size_t i = 0; cli_verb(i) != NULL; i++) {
		printf("complete -c weir -n __fish_use_subcommand -a %s -d '", cli_verb(i)->name);
		print_quoted(cli_verb(i)->summary);
		puts("'");
		each_option(cli_verb(i), fish_option);
	}
	puts("complete -c weir -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'");
}

static int
cli_completion_run(const struct cli *c)
{
	static const struct {
		const char *shell;
		void (*print)(void);
	} shells[] = {
	    {"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};

	for (size_t i = 0; c->n_args == 1 && i < nelem(shells); i++)
		if (strcmp(c->args[0], shells[i].shell) == 0) {
			shells[i].print();
			return EXIT_FINE;
		}
	return cli_fail(EXIT_USAGE, "completion is for bash, zsh or fish");
}

const struct cli_verb cli_completion = {
    .name = "completion",
    .operands = "SHELL",
    .operands_max = 1,
    .summary = "print what completes weir's command line in bash, zsh or fish",
    .examples = {{"source <(weir completion bash)", "in this shell"},
	{"weir completion fish > ~/.config/fish/completions/weir.fish", "for good"}},
    .run = cli_completion_run,
};
