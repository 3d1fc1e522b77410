#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/load.h"
#include "config/schema.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HTTP "listen: {http: {port: 8080}}\n"
#define WEB  "backends: {web: {endpoints: [\"10.0.0.1:80\"]}}\n"

static char *
printed(const struct model *m, bool full)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	model_print(m, full, out);
	fclose(out);
	return text;
}

static struct model *
load(const char *text)
{
	struct errors e;
	struct model *m;

	errors_init(&e);
	m = load_text("weir.yaml", str_from(text), &e);
	if (m == NULL)
		errors_print(&e, stderr, false);
	assert_non_null(m);
	errors_free(&e);
	return m;
}

/* The n-th message of a text. */
static void
assert_says(const char *text, unsigned n, const char *says)
{
	struct errors e;
	struct model *m;
	const struct error *error;

	errors_init(&e);
	m = load_text("weir.yaml", str_from(text), &e);
	for (error = e.first; error != NULL && n > 0; n--)
		error = error->next;
	assert_non_null(error);
	assert_string_equal(error->text, says);
	model_free(&m);
	errors_free(&e);
}

static void
assert_fails(const char *text)
{
	struct errors e;

	errors_init(&e);
	assert_null(load_text("weir.yaml", str_from(text), &e));
	errors_free(&e);
}

static void
routes_have_times_of_their_own(void **state)
{
	struct model *m =
	    load(HTTP "routes:\n"
		      "  - {match: /a, to: web}\n"
		      "  - {match: /b, to: web, timeouts: {response: off, body: 5m}}\n" WEB
		      "timeouts: {request: 20s}\n");
	const struct model_route *r = m->routes;
	char *text = printed(m, false);

	(void)state;
	assert_int_equal(r[0].timeouts.request, 20000000);
	assert_int_equal(r[0].timeouts.response, 60000000);
	assert_int_equal(r[0].timeouts.body, 30000000);
	assert_int_equal(r[1].timeouts.request, 20000000);
	assert_int_equal(r[1].timeouts.response, 0);
	assert_int_equal(r[1].timeouts.body, 300000000);
	assert_non_null(strstr(text, "timeouts: {request: 20s, response: off, body: 5m}"));
	free(text);
	model_free(&m);
}

static void
fills_in_defaults(void **state)
{
	struct model *m = load(HTTP "routes: [{match: any, to: web}]\n" WEB);
	const struct model_timeouts *t = &m->timeouts;

	(void)state;
	assert_int_equal(m->workers, 0);
	assert_int_equal(t->connect, 5000000);
	assert_int_equal(t->header, 10000000);
	assert_int_equal(t->request, 0);
	assert_int_equal(t->tunnel, 3600000000);
	assert_int_equal(m->access, ACCESS_STDOUT);
	assert_int_equal(m->log_level, LOG_LEVEL_INFO);
	assert_int_equal(m->listeners[0].protocol, PROTOCOL_HTTP);
	assert_int_equal(m->listeners[0].max_connections, 0);
	assert_int_equal(addr_port(&m->listeners[0].address), 8080);
	assert_int_equal(m->backends[0].balance, BALANCE_LEAST_REQUESTS);
	assert_int_equal(m->backends[0].endpoints[0].weight, 1);
	assert_int_equal(m->routes[0].to.v[0].weight, 1);
	assert_int_equal(m->routes[0].path_kind, PATH_ANY);
	assert_null(m->routes[0].host.p);
	assert_true(str_eq(m->routes[0].name, STR("any")));
	assert_null(m->admin_socket.p);
	assert_int_equal(m->metrics_address.sa.sa_family, AF_UNSPEC);
	model_free(&m);
}

static void
short_and_long_forms_are_the_same(void **state)
{
	static const char *const pairs[][2] = {
	    {"routes: [{match: h/a/*, to: web}]\n",
		"routes: [{match: {host: H, path: /a/*}, to: [{backend: web}]}]\n"},
	    {"log: json\n", "log: {format: json}\n"},
	    {"trusted_proxies: 10.0.0.0/8\n", "trusted_proxies: [10.0.0.0/8]\n"},
	    {"routes: [{match: {methods: GET}, to: web}]\n",
		"routes: [{match: {methods: [GET]}, to: {web: 100%}}]\n"},
	};

	(void)state;
	for (size_t i = 0; i < nelem(pairs); i++) {
		char *text[2];

		for (size_t j = 0; j < 2; j++) {
			char *whole = xasprintf("%s%s%s", HTTP, WEB, pairs[i][j]);
			struct model *m = load(whole);

			for (size_t r = 0; r < m->n_routes; r++)
				m->routes[r].to.v[0].weight = 1;
			text[j] = printed(m, false);
			model_free(&m);
			free(whole);
		}
		assert_string_equal(text[0], text[1]);
		free(text[0]);
		free(text[1]);
	}
}

static void
what_is_printed_loads_to_the_same(void **state)
{
	struct errors e;
	struct model *m, *again;
	char *once, *twice, *full;

	(void)state;
	errors_init(&e);
	m = load_file(SOURCE_ROOT "/config/examples/all-keys.yaml", &e);
	assert_non_null(m);
	once = printed(m, false);
	full = printed(m, true);
	again = load(once);
	twice = printed(again, false);
	assert_string_equal(once, twice);
	assert_non_null(strstr(full, "all-keys.yaml:14"));
	model_free(&again);
	again = load(full);
	assert_int_equal(again->n_routes, m->n_routes);
	model_free(&again);
	model_free(&m);
	errors_free(&e);
	free(once);
	free(twice);
	free(full);
}

static void
every_fallback_and_example_reads(void **state)
{
	static const char *const examples[] = {"all-keys", "backup", "behind-a-proxy", "canary",
	    "endpoint-file", "names", "sticky", "tcp", "tls", "weir", "zones"};

	(void)state;
	for (size_t i = 0; i < nelem(examples); i++) {
		char *path = xasprintf(SOURCE_ROOT "/config/examples/%s.yaml", examples[i]);
		struct errors e;
		struct model *m;

		errors_init(&e);
		m = load_file(path, &e);
		if (m == NULL || e.warning_count > 0)
			errors_print(&e, stderr, false);
		assert_non_null(m);
		assert_int_equal(e.warning_count, 0);
		model_free(&m);
		errors_free(&e);
		free(path);
	}
}

static void
tells_what_no_single_key_can(void **state)
{
	(void)state;
	assert_says("", 0, "\"listen\" is missing at the top of the file");
	assert_says(HTTP "routes: [{match: any, to: wbe}]\n" WEB, 0,
	    "route sends to backend \"wbe\", which is not defined");
	assert_says(HTTP "routes: [{match: a/*, to: web}, {match: A, to: web}]\n" WEB, 0,
	    "a/* is matched twice");
	assert_says(HTTP WEB, 0, "no route or listener sends to backend \"web\"");
	assert_says(HTTP "routes: [{match: any, to: w}]\nbackends: {w: {endpoints: []}}\n", 0,
	    "backend \"w\" has no endpoints: its requests are answered 503");
	assert_says("listen: {a: {port: 80}, b: {address: \":80\"}}\n", 0,
	    "0.0.0.0:80 is listened on twice");
	assert_says(
	    "listen: {a: {port: 80}}\nmetrics: {port: 80}\n", 0, "0.0.0.0:80 is listened on twice");
	assert_says("listen: {a: {}}\n", 0, "listener \"a\" has no \"port\"");
	assert_says("listen: {a: {port: 80, address: \":81\"}}\n", 0,
	    "listener \"a\" has both \"port\" and \"address\"");
	assert_says(
	    "listen: {a: {port: 80, protocol: tcp}}\n", 0, "tcp listener \"a\" has no \"to\"");
	assert_says(
	    "listen: {a: {port: 80, to: web}}\n" WEB, 0, "http listener \"a\" has a \"to\"");
	assert_says("listen: {a: {port: 80, proxy_protocol: on}}\n", 0,
	    "listener \"a\" expects the PROXY protocol from nobody");
	assert_says(HTTP "routes: [{match: {listener: x}, to: web}]\n" WEB, 0,
	    "route asks for listener \"x\", which is not defined");
	assert_says(HTTP "routes: [{match: any, to: {web: 60%, b: 30%}}]\n" WEB, 0,
	    "the shares add up to 90%, not to 100%");
	assert_says(HTTP "routes: [{match: any, to: {web: 60%, b: 3}}]\n" WEB, 0,
	    "percentages and weights are mixed here");
	assert_says(HTTP "routes: [{match: any, to: {web: 0}}]\n" WEB, 0,
	    "no backend has a weight above 0");
	assert_says(HTTP "routes: [{match: any, to: [web, web]}]\n" WEB, 0,
	    "backend \"web\" is listed twice");
	assert_says(HTTP
	    "routes: [{match: a, to: web, name: x}, {match: b, to: web, name: x}]\n" WEB,
	    0, "two routes have the name \"x\"");
	assert_says(HTTP WEB WEB, 0, "\"backends\" is given twice");
	assert_fails(HTTP WEB WEB);
	assert_says(HTTP "version: 2\n", 0, "\"version\" wants 1, got \"2\"");
	assert_says(HTTP "timeouts: {connect: }\n", 0,
	    "\"connect\" wants a duration such as 5s, got nothing");
}

static void
replaces_variables_inside_of_a_value(void **state)
{
	struct model *m;

	(void)state;
	assert_int_equal(setenv("WEIR_TEST_HOST", "10.9.9.9", 1), 0);
	assert_int_equal(setenv("WEIR_TEST_EVIL", "web\nworkers: 9", 1), 0);
	assert_int_equal(unsetenv("WEIR_TEST_NONE"), 0);
	m = load(
	    HTTP "routes: [{match: any, to: web, name: 'a$${b}'}]\n"
		 "backends: {web: {endpoints: ['${WEIR_TEST_HOST}:${WEIR_TEST_NONE:-81}']}}\n");
	assert_true(str_eq(m->backends[0].endpoints[0].text, STR("10.9.9.9:81")));
	assert_true(str_eq(m->routes[0].name, STR("a${b}")));
	model_free(&m);
	assert_says(HTTP "workers: ${WEIR_TEST_NONE}\n", 0,
	    "the environment variable WEIR_TEST_NONE is not set");
	assert_says(HTTP "workers: ${a b}\n", 0, "\"${a b}\" is not a variable");
	assert_says(HTTP "workers: ${a\n", 0, "this \"${\" has no \"}\"");
	assert_says(HTTP "routes: [{match: any, to: \"${WEIR_TEST_EVIL}\"}]\n" WEB, 0,
	    "\"web\nworkers: 9\" is not a name");
	assert_says(HTTP "workers: ${file:/nonexistent}\n", 0,
	    "cannot read /nonexistent: No such file or directory");
}

static void
write_file(const char *folder, const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	free(path);
}

static void
joins_lists_and_merges_maps_of_included_files(void **state)
{
	char folder[] = "/tmp/weir-load-XXXXXX", *path;
	struct errors e;
	struct model *m;

	(void)state;
	assert_non_null(mkdtemp(folder));
	write_file(folder, "weir.yaml",
	    "include: [b*.yaml, none/*.yaml]\n" HTTP "routes: [{match: any, to: web}]\n" WEB);
	write_file(folder, "b1.yaml",
	    "routes: [{match: api, to: api}]\nbackends: {api: {endpoints: [\"${file:addr}\"]}}\n"
	    "timeouts: {connect: 1s}\n");
	write_file(folder, "b2.yaml", "timeouts: {tls: 1s}\n");
	write_file(folder, "addr", "10.0.0.2:80\n");
	path = xasprintf("%s/weir.yaml", folder);
	errors_init(&e);
	m = load_file(path, &e);
	assert_non_null(m);
	assert_int_equal(m->n_routes, 2);
	assert_int_equal(m->n_backends, 2);
	assert_int_equal(m->timeouts.connect, 1000000);
	assert_int_equal(m->timeouts.tls, 1000000);
	assert_non_null(strstr(m->routes[1].at.file, "b1.yaml"));
	model_free(&m);
	errors_free(&e);

	write_file(folder, "b2.yaml", "include: [x]\nworkers: 3\n" WEB "timeouts: {connect: 2s}\n");
	errors_init(&e);
	assert_null(load_file(path, &e));
	assert_int_equal(e.error_count, 3);
	assert_string_equal(e.first->text, "only the first file can include others");
	assert_string_equal(e.first->next->text, "\"web\" is given twice");
	assert_non_null(strstr(e.first->next->hint, "weir.yaml:4"));
	assert_non_null(strstr(e.first->next->next->hint, "b1.yaml:3"));
	errors_free(&e);
	for (size_t i = 0; i < 4; i++) {
		static const char *const names[] = {"weir.yaml", "b1.yaml", "b2.yaml", "addr"};
		char *each = xasprintf("%s/%s", folder, names[i]);

		assert_int_equal(unlink(each), 0);
		free(each);
	}
	assert_int_equal(rmdir(folder), 0);
	free(path);
}

static void
many_routes_load_in_a_blink(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct model *m;

	(void)state;
	fputs(HTTP "routes:\n", out);
	for (int i = 0; i < 3000; i++)
		fprintf(out, "  - {match: h%d.example.com/a/*, to: b%d}\n", i, i);
	fputs("backends:\n", out);
	for (int i = 0; i < 3000; i++)
		fprintf(out, "  b%d: {endpoints: [10.0.%d.%d:80]}\n", i, i / 250, i % 250);
	fclose(out);
	m = load(text);
	assert_int_equal(m->n_routes, 3000);
	assert_int_equal(m->n_backends, 3000);
	model_free(&m);
	free(text);
}

static void
routes_begin_with_the_defaults_wherever_these_stand(void **state)
{
	struct model *m =
	    load(HTTP "routes:\n"
		      "  - {match: /a, to: web}\n"
		      "  - {match: /b, to: web, retry: 3}\n"
		      "  - {match: /c, to: web, retry: {when: [], statuses: 503}}\n" WEB
		      "defaults: {retry: {when: [reset, 5xx], body: 1MB}}\n");
	const struct model_route *r = m->routes;
	char *text = printed(m, false), *full = printed(m, true);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(r[i].retry.attempts, i == 1 ? 3 : 1);
		assert_int_equal(
		    r[i].retry.when, i == 2 ? 0 : 1u << RETRY_WHEN_RESET | 1u << RETRY_WHEN_5XX);
		assert_int_equal(r[i].retry.body, 1024 * 1024);
	}
	assert_int_equal(r[2].retry.statuses.bits[503 / 64], UINT64_C(1) << 503 % 64);
	assert_non_null(strstr(text, "retry: {attempts: 3, when: [5xx, reset], statuses: [], "));
	assert_non_null(strstr(text, "retry: {attempts: 1, when: [], statuses: [503], "));
	assert_non_null(strstr(full, "# retry: as in defaults"));
	free(text);
	free(full);
	model_free(&m);
	assert_says(HTTP "routes: [{match: any, to: web, retry: eleven}]\n" WEB, 0,
	    "\"retry\" wants a whole number 0-10 or off, got \"eleven\"");
	assert_says(HTTP "routes: [{match: any, to: web, retry: {when: [5xx, resets]}}]\n" WEB, 0,
	    "\"when\" wants gateway-error, 5xx, reset or timeout, got \"resets\"");
	assert_says(HTTP "routes: [{match: any, to: web, retry: {statuses: 200}}]\n" WEB, 0,
	    "\"statuses\" wants a status, a range or a list of them, 400-599, got \"200\"");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(routes_begin_with_the_defaults_wherever_these_stand),
	    cmocka_unit_test(fills_in_defaults),
	    cmocka_unit_test(routes_have_times_of_their_own),
	    cmocka_unit_test(short_and_long_forms_are_the_same),
	    cmocka_unit_test(what_is_printed_loads_to_the_same),
	    cmocka_unit_test(every_fallback_and_example_reads),
	    cmocka_unit_test(tells_what_no_single_key_can),
	    cmocka_unit_test(replaces_variables_inside_of_a_value),
	    cmocka_unit_test(joins_lists_and_merges_maps_of_included_files),
	    cmocka_unit_test(many_routes_load_in_a_blink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
