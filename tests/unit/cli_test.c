#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "run/cli.h"

enum { ARGS_MAX = 8 };

struct said { /* what one command line printed */
	int code;
	char *out, *err; /* owned */
};

static struct said
say(const char *line)
{
	char *words = xstrdup(line), *argv[ARGS_MAX + 1] = {words};
	struct str rest = str_from(words), word;
	FILE *out = stdout, *err = stderr;
	struct said said;
	size_t len;
	int argc = 0;

	while (str_cut(&rest, ' ', &word) && argc < ARGS_MAX) {
		argv[argc++] = words + (word.p - words);
		words[word.p - words + (ptrdiff_t)word.len] = '\0';
	}
	argv[argc] = NULL;
	stdout = open_memstream(&said.out, &len);
	stderr = open_memstream(&said.err, &len);
	said.code = cli_main(argc, argv);
	fclose(stdout);
	fclose(stderr);
	stdout = out;
	stderr = err;
	free(words);
	return said;
}

static void
forget(struct said *said)
{
	free(said->out);
	free(said->err);
}

static void
answers_a_wrong_command_line_with_what_is_right(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
	    {"weir", "weir help"},
	    {"weir relaod", "did you mean \"reload\"?"},
	    {"weir -q chek", "did you mean \"check\"?"},
	    {"weir xyzzyx", "there is no verb \"xyzzyx\""},
	    {"weir run --lisen :80", "did you mean \"--listen\"?"},
	    {"weir run --lisen=:80", "did you mean \"--listen\"?"},
	    {"weir check --strict=1", "--strict takes no value"},
	    {"weir check -z", "no option -z"},
	    {"weir check -qz", "no option -z"},
	    {"weir check -c", "-c wants a value: FILE"},
	    {"weir check --format", "--format wants a value: FORM"},
	    {"weir check --format xml", "not \"xml\""},
	    {"weir check /etc/passwd", "weir check -c /etc/passwd"},
	    {"weir version extra", "\"extra\" is one word too many"},
	    {"weir explain", "weir explain URL"},
	    {"weir help relaod", "no verb \"relaod\""},
	    {"weir completion csh", "bash, zsh or fish"},
	    {"weir version --color blue", "not \"blue\""},
	    {"weir -t", "`weir check`"},
	    {"weir -T", "`weir config`"},
	    {"weir -V", "`weir version`"},
	    {"weir -s reload", "`weir reload`"},
	    {"weir -x", "-x stands where a verb should"},
	    {"weir --quiet=1", "--quiet takes no value"},
	    {"weir run --listen :80", "go together"},
	    {"weir run --listen 80'{ --to :1", "are addresses"},
	    {"weir run --listen :80 --to :1 -c a", "either a file"},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct said said = say(rows[i].line);

		if (said.code != EXIT_USAGE || said.out[0] != '\0' ||
		    strstr(said.err, rows[i].says) == NULL)
			fail_msg("%s: %d, %s%s", rows[i].line, said.code, said.out, said.err);
		forget(&said);
	}
}

static void
takes_options_before_and_behind_the_verb(void **state)
{
	static const char *const lines[] = {"weir version --json",
	    "weir --color never version --json", "weir version --color=never --json",
	    "weir -q version -v --json"};

	(void)state;
	for (size_t i = 0; i < nelem(lines); i++) {
		struct said said = say(lines[i]);

		assert_int_equal(said.code, EXIT_FINE);
		assert_non_null(strstr(said.out, "\"version\": \"" WEIR_VERSION "\""));
		assert_string_equal(said.err, "");
		forget(&said);
	}
}

static void
helps_with_every_verb(void **state)
{
	(void)state;
	for (size_t i = 0; cli_verb(i) != NULL; i++) {
		const struct cli_verb *v = cli_verb(i);
		char *line = xasprintf("weir %s --help", v->name);
		struct said said = say(line);

		assert_int_equal(said.code, EXIT_FINE);
		assert_string_equal(said.err, "");
		assert_non_null(strstr(said.out, v->summary));
		for (size_t e = 0; e < nelem(v->examples); e++)
			assert_non_null(strstr(v->examples[e][0], v->name));
		for (const struct cli_option *o = v->options; o != NULL && o->name; o++)
			assert_non_null(strstr(said.out, o->sentence));
		forget(&said);
		free(line);
	}
}

/* bash completes by the word before: an option means the same with every verb. */
static void
uses_no_option_in_two_ways(void **state)
{
	(void)state;
	for (size_t i = 0; cli_verb(i) != NULL; i++)
		for (const struct cli_option *o = cli_verb(i)->options; o && o->name; o++)
			for (const struct cli_option *g = cli_globals; g->name; g++) {
				assert_string_not_equal(o->name, g->name);
				assert_true(o->letter == 0 || o->letter != g->letter);
			}
}

static void
completes_every_verb_in_every_shell(void **state)
{
	static const char *const lines[] = {
	    "weir completion bash", "weir completion zsh", "weir completion fish"};

	(void)state;
	for (size_t s = 0; s < nelem(lines); s++) {
		struct said said = say(lines[s]);

		assert_int_equal(said.code, EXIT_FINE);
		for (size_t i = 0; cli_verb(i) != NULL; i++)
			assert_non_null(strstr(said.out, cli_verb(i)->name));
		forget(&said);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_a_wrong_command_line_with_what_is_right),
	    cmocka_unit_test(takes_options_before_and_behind_the_verb),
	    cmocka_unit_test(helps_with_every_verb),
	    cmocka_unit_test(uses_no_option_in_two_ways),
	    cmocka_unit_test(completes_every_verb_in_every_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
