#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

enum { TEXT_MAX = 65536 };

/* stderr goes to a file while a test runs; cmocka itself reports on stdout. */
struct caught {
	int real, file;
	char text[TEXT_MAX];
};

static int
setup(void **state)
{
	static struct caught c;

	c.real = dup(STDERR_FILENO);
	c.file = open("/tmp", O_TMPFILE | O_RDWR | O_APPEND, 0600);
	assert_true(c.real >= 0 && c.file >= 0);
	dup2(c.file, STDERR_FILENO);
	*state = &c;
	return 0;
}

static int
teardown(void **state)
{
	struct caught *c = *state;

	dup2(c->real, STDERR_FILENO);
	close(c->real);
	close(c->file);
	log_set(LOG_LEVEL_INFO, LOG_TEXT);
	return 0;
}

static const char *
caught_text(struct caught *c)
{
	ssize_t n = pread(c->file, c->text, sizeof(c->text) - 1, 0);

	assert_true(n >= 0);
	c->text[n] = '\0';
	return c->text;
}

static void
a_line_has_program_and_level(void **state)
{
	log_set(LOG_LEVEL_INFO, LOG_TEXT);
	log_error("file %s: cannot be read", "weir.yaml");
	log_warn("pool %s: %d dials failed", "api", 3);
	log_info("ready");
	log_debug("unseen");
	assert_string_equal(caught_text(*state),
	    "weir: error: file weir.yaml: cannot be read\nweir: warn: pool api: 3 dials failed\n"
	    "weir: info: ready\n");
}

static void
level_decides(void **state)
{
	log_set(LOG_LEVEL_ERROR, LOG_TEXT);
	assert_false(log_wants(LOG_LEVEL_WARN));
	log_warn("unseen");
	log_set(LOG_LEVEL_DEBUG, LOG_TEXT);
	assert_true(log_wants(LOG_LEVEL_DEBUG));
	log_debug("seen");
	assert_string_equal(caught_text(*state), "weir: debug: seen\n");
}

static void
nothing_breaks_out_of_a_line(void **state)
{
	log_set(LOG_LEVEL_INFO, LOG_TEXT);
	log_info("name %s", "a\nweir: error: forged\x1b[31m");
	assert_string_equal(
	    caught_text(*state), "weir: info: name a\\x0aweir: error: forged\\x1b[31m\n");
}

static void
json_is_one_object_a_line(void **state)
{
	const char *text, *msg;

	log_set(LOG_LEVEL_INFO, LOG_JSON);
	log_warn("host \"%s\"", "a\"}\n");
	text = caught_text(*state);
	assert_memory_equal(text, "{\"ts\":\"20", 9);
	assert_int_equal(text[strlen("{\"ts\":\"2026-11-22T19:30:29.123")], 'Z');
	msg = strstr(text, "Z\",\"level\":");
	assert_non_null(msg);
	assert_string_equal(
	    msg, "Z\",\"level\":\"warn\",\"msg\":\"host \\\"a\\\"}\\u000a\\\"\"}\n");
}

static void
a_long_message_is_cut(void **state)
{
	static char word[8192];
	const char *text;

	memset(word, '\n', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	log_set(LOG_LEVEL_INFO, LOG_TEXT);
	log_info("%s", word);
	log_set(LOG_LEVEL_INFO, LOG_JSON);
	log_info("%s", word);
	text = caught_text(*state);
	assert_true(strlen(text) <= 2 * 4096);
	assert_int_equal(strchr(text, '\n') - text + 1 < 4097, 1);
	assert_non_null(strstr(text, "...\n"));
	assert_non_null(strstr(text, "...\"}\n"));
}

static void
one_site(int i)
{
	log_warn("line %d", i);
}

static unsigned
lines_of(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void
next_second(void)
{
	struct timespec t;
	time_t before;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	before = t.tv_sec;
	for (int i = 0; i < 400 && t.tv_sec == before; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
		clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	}
	assert_true(t.tv_sec > before);
}

static void
a_site_that_floods_is_cut_and_counted(void **state)
{
	const char *text;

	next_second();
	for (int i = 0; i < 47; i++)
		one_site(i);
	assert_int_equal(lines_of(caught_text(*state)), 10);
	log_warn("another site");
	assert_int_equal(lines_of(caught_text(*state)), 11);
	next_second();
	one_site(100);
	one_site(101);
	text = caught_text(*state);
	assert_int_equal(lines_of(text), 13);
	assert_non_null(strstr(text, "weir: warn: line 100 (37 more like this)\n"));
	assert_non_null(strstr(text, "weir: warn: line 101\n"));
}

static void
errno_stays(void **state)
{
	errno = ENOENT;
	log_info("file: %m");
	assert_int_equal(errno, ENOENT);
	assert_string_equal(caught_text(*state), "weir: info: file: No such file or directory\n");
}

int
main(void)
{
#define CAUGHT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CAUGHT(a_line_has_program_and_level),
	    CAUGHT(level_decides),
	    CAUGHT(nothing_breaks_out_of_a_line),
	    CAUGHT(json_is_one_object_a_line),
	    CAUGHT(a_long_message_is_cut),
	    CAUGHT(a_site_that_floods_is_cut_and_counted),
	    CAUGHT(errno_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
