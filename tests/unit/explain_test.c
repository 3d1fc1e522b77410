#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "run/explain.h"
#include "run/offline.h"

static const char file[] =
    "listen:\n"
    "  plain: {port: 80, redirect: https}\n"
    "  web: {port: 8080}\n"
    "  inside: {port: 8081}\n"
    "routes:\n"
    "  - match: {host: a.test, path: /x/*, methods: POST, headers: {X-A: present}}\n"
    "    to: one\n"
    "    name: strict\n"
    "  - match: {host: a.test, listener: inside}\n"
    "    to: {one: 1, two: 3}\n"
    "    name: inner\n"
    "  - {match: a.test/*, to: two, name: outer}\n"
    "  - match: r.test\n"
    "    to: one\n"
    "    retry: {attempts: 2, when: [reset, gateway-error], statuses: 429, per_try_timeout: 2s}\n"
    "    timeouts: {request: 10s}\n"
    "  - {match: off.test, to: one, retry: off}\n"
    "trusted_proxies: [10.0.0.0/8]\n"
    "backends:\n"
    "  one: {endpoints: [\"127.0.0.1:1\"]}\n"
    "  two: {endpoints: [\"nowhere.invalid:2\", \"127.0.0.1:3\"]}\n";

static int
read_file(void **state)
{
	static struct offline o;

	assert_true(offline_open_text(&o, "file", STR(file)));
	*state = &o;
	return 0;
}

static int
forget_file(void **state)
{
	offline_close(*state);
	return 0;
}

/* The text for people, runs of spaces as one. */
static char *
told(void **state, const struct explain_ask *ask)
{
	const struct offline *o = *state;
	struct explain_ask full = *ask;
	char wrong[EXPLAIN_WRONG], *text = NULL, *to;
	json_t *answer;
	size_t len;
	FILE *f;

	full.limit = full.limit ? full.limit : EXPLAIN_FEW;
	answer = explain_json(o->snapshot, o->model, &full, wrong);
	if (answer == NULL)
		return xasprintf("wrong: %s", wrong);
	f = open_memstream(&text, &len);
	explain_print(answer, f);
	fclose(f);
	json_decref(answer);
	to = text;
	for (const char *from = text; *from != '\0'; from++)
		if (*from != ' ' || from == text || from[-1] != ' ')
			*to++ = *from;
	*to = '\0';
	return text;
}

static void
assert_told(void **state, struct explain_ask ask, const char *const *says)
{
	char *text = told(state, &ask);

	for (; *says != NULL; says++)
		if (strstr(text, *says) == NULL)
			fail_msg("%s: wanted \"%s\" in\n%s", ask.url, *says, text);
	free(text);
}

#define ASK(...)  ((struct explain_ask){__VA_ARGS__})
#define SAYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
tells_the_way_of_a_request(void **state)
{
	assert_told(state,
	    ASK(.url = "http://a.test:8080/x/1", .method = "POST", .headers = "X-A: 1\n"),
	    SAYS("listener web 0.0.0.0:8080 file:3\n", "route strict file:6 more specific",
		"not outer file:12 less specific", "backend one file:7\n",
		"one 127.0.0.1:1 file:20\n", "retry 1, if it cannot connect\n",
		"timeouts connect 5s, first byte 1m, pause 30s, whole request off\n"));
	assert_told(state, ASK(.url = "http://a.test:8081/"),
	    SAYS("listener inside", "route inner file:9", "backend one 25%, two 75% file:10\n",
		"two nowhere.invalid:2 file:21\n"));
	assert_told(
	    state, ASK(.url = "a.test:8080"), SAYS("route outer", "not strict", "not inner"));
}

static void
tells_how_it_would_be_tried(void **state)
{
	assert_told(state, ASK(.url = "http://r.test:8080/"),
	    SAYS("retry 2, if it cannot connect or after reset, timeout, 429, 502-504; each try "
		 "within 2s file:15\n",
		"timeouts connect 5s, first byte 1m, pause 30s, whole request 10s\n"));
	assert_told(state, ASK(.url = "http://r.test:8080/", .method = "POST"),
	    SAYS("502-504; the latter not with this method; each try"));
	assert_told(state, ASK(.url = "http://off.test:8080/"), SAYS("retry off file:17\n"));
}

static void
tells_where_it_ends_early(void **state)
{
	assert_told(state, ASK(.url = "http://a.test/"), SAYS("redirect 308 to https\n"));
	assert_told(state, ASK(.url = "http://b.test:8080/"),
	    SAYS("route no route: 404\n", "host is not \"a.test\""));
	assert_told(state, ASK(.url = "https://a.test/"), SAYS("no http listener has the port"));
	assert_told(state, ASK(.url = "a.test:8080/../x"), SAYS("refused 400 http_request_error"));
	assert_told(state, ASK(.url = "a.test:8080/", .headers = "Transfer-Encoding: gzip\n"),
	    SAYS("refused 501 not_implemented"));
}

static void
takes_host_and_origin_as_they_would_arrive(void **state)
{
	assert_told(state, ASK(.url = "http://b.test:8080/", .headers = "Host: a.test\n"),
	    SAYS("listener web", "route outer"));
	assert_told(state, ASK(.url = "http://a.test:8080/", .from = "10.1.2.3"),
	    SAYS("client 10.1.2.3 trusted"));
	assert_told(state, ASK(.url = "http://a.test:8080/", .from = "192.0.2.1"),
	    SAYS("client 192.0.2.1 not trusted"));
}

static void
says_what_is_wrong_with_a_question(void **state)
{
	assert_told(state, ASK(.url = ""), SAYS("wrong: \"\" has no host"));
	assert_told(state, ASK(.url = "http:///x"), SAYS("wrong: \"http:///x\" has no host"));
	assert_told(state, ASK(.url = "a\r\nb"), SAYS("wrong: a URL has no line ends"));
	assert_told(state, ASK(.url = "a.test", .from = "nobody"), SAYS("is no IP address"));
	assert_told(state, ASK(.url = "a.test", .method = "GET / HTTP/1.1\r\n\r\n"),
	    SAYS("wrong: a header has a line end in it"));
}

int
main(void)
{
#define READ(test) cmocka_unit_test_setup_teardown(test, read_file, forget_file)
	const struct CMUnitTest tests[] = {
	    READ(tells_the_way_of_a_request),
	    READ(tells_how_it_would_be_tried),
	    READ(tells_where_it_ends_early),
	    READ(takes_host_and_origin_as_they_would_arrive),
	    READ(says_what_is_wrong_with_a_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
