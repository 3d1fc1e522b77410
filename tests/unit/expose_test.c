#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "observe/expose.h"

enum { WORKERS = 2, NAME = 128, LABELS = 1024 };

struct fixture {
	struct meters *meters;
	struct expose_input in;
};

static void
endpoints(void *arg, enum endpoint_gauge gauge,
    void (*one)(void *out, const struct endpoint_sample *sample), void *out)
{
	struct endpoint_sample s = {.backend = STR("api"), .endpoint = STR("10.0.0.1:80")};

	(void)arg;
	switch (gauge) {
	case GAUGE_UP:
		s.value = 1;
		one(out, &s);
		s.endpoint = STR("10.0.0.2:80");
		s.value = 0;
		one(out, &s);
		break;
	case GAUGE_WEIGHT:
		s.value = 100;
		one(out, &s);
		break;
	case GAUGE_CONNS:
		s.label = "state";
		s.word = "busy";
		s.value = 2;
		one(out, &s);
		s.word = "idle";
		s.value = 3;
		one(out, &s);
		break;
	case GAUGE_CHECK_US:
		s.value = 2500;
		one(out, &s);
		break;
	default:
		break;
	}
}

static int
setup(void **state)
{
	static struct fixture f;

	f.meters = meters_new(WORKERS);
	f.in = (struct expose_input){
	    .meters = f.meters,
	    .workers = WORKERS,
	    .started_wall_us = UINT64_C(1795375829120000),
	    .reloads_ok = 3,
	    .reloads_failed = 1,
	    .last_reload_wall_us = UINT64_C(1795375830000000),
	    .generation = 4,
	    .last_reload_ok = true,
	    .log_dropped = 17,
	    .endpoints = endpoints,
	};
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	meters_free(&f->meters);
	return 0;
}

/* ---- a strict reader of the text format ---- */

struct family {
	char name[NAME], type[16];
	/* of the histogram being read */
	char labels[LABELS];
	uint64_t last, count;
	double last_le;
	unsigned parts; /* of one label set: buckets, then sum, then count */
};

static const char *
skip_name(const char *p)
{
	assert_true(isalpha((unsigned char)*p) || *p == '_');
	while (isalnum((unsigned char)*p) || *p == '_')
		p++;
	return p;
}

/* One label; its end. le's value goes to *le and is left out of `others`. */
static const char *
read_label(const char *p, char *others, double *le)
{
	const char *start = p, *value;

	p = skip_name(p);
	assert_memory_equal(p, "=\"", 2);
	p += 2;
	for (value = p; *p != '"'; p++) {
		assert_true(*p != '\n' && *p != '\0');
		if (*p == '\\') {
			p++;
			assert_true(*p == '\\' || *p == '"' || *p == 'n');
		}
	}
	p++;
	if (strncmp(start, "le=", 3) == 0)
		*le = strncmp(value, "+Inf\"", 5) == 0 ? 1e300 : strtod(value, NULL);
	else
		snprintf(others + strlen(others), LABELS - strlen(others), "%.*s", (int)(p - start),
		    start);
	return p;
}

/* Buckets must rise in le and in count; +Inf is the count. */
static void
check_histogram(struct family *f, const char *suffix, const char *labels, double le, uint64_t n)
{
	if (strcmp(suffix, "_bucket") == 0) {
		if (f->parts == 0 || f->last_le == 1e300) {
			assert_true(f->parts == 0);
			snprintf(f->labels, sizeof(f->labels), "%s", labels);
			f->last = 0;
			f->last_le = 0;
		}
		assert_string_equal(labels, f->labels);
		assert_true(le > f->last_le && n >= f->last);
		f->last = n;
		f->last_le = le;
		f->parts++;
		return;
	}
	assert_string_equal(labels, f->labels);
	assert_true(f->last_le == 1e300);
	if (strcmp(suffix, "_sum") == 0) {
		assert_int_equal(f->parts++, METRIC_BUCKETS + 1);
		return;
	}
	assert_string_equal(suffix, "_count");
	assert_int_equal(f->parts, METRIC_BUCKETS + 2);
	assert_int_equal(n, f->last);
	f->parts = 0;
}

static void
check_sample(struct family *f, const char *line, struct map *seen)
{
	const char *p = skip_name(line), *value;
	char labels[LABELS] = "", suffix[NAME], *end;
	double le = 0, number;

	assert_memory_equal(line, f->name, strlen(f->name));
	snprintf(suffix, sizeof(suffix), "%.*s", (int)(p - line - (ssize_t)strlen(f->name)),
	    line + strlen(f->name));
	if (*p == '{') {
		do
			p = read_label(p + 1, labels, &le);
		while (*p == ',');
		assert_int_equal(*p++, '}');
	}
	assert_null(map_put(seen, str_of(line, (size_t)(p - line)), seen)); /* each series once */
	assert_int_equal(*p++, ' ');
	value = p;
	number = strtod(value, &end);
	assert_true(end > value && *end == '\n' && number >= 0);
	if (strcmp(f->type, "histogram") == 0)
		check_histogram(f, suffix, labels, le, strtoull(value, NULL, 10));
	else
		assert_string_equal(suffix, "");
}

static void
check_family(struct family *f, size_t i)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};
	const struct metric_row *row = metric_row(i);

	assert_non_null(row);
	assert_string_equal(f->name, row->name);
	assert_string_equal(f->type, types[row->type]);
	assert_int_equal(row->type == METRIC_COUNTER,
	    strlen(f->name) > 6 && strcmp(f->name + strlen(f->name) - 6, "_total") == 0);
}

/* Every row once, in the table's order; every line well-formed. Returns the text. */
static char *
checked_text(const struct fixture *fixture)
{
	size_t len, families = 0;
	char *text = expose_text(&fixture->in, &len), help[NAME] = "";
	struct family f = {.name = ""};
	struct map seen;

	map_init(&seen);
	assert_int_equal(strlen(text), len);
	assert_int_equal(text[len - 1], '\n');
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		if (strncmp(line, "# HELP ", 7) == 0) {
			assert_int_equal(f.parts, 0);
			assert_int_equal(sscanf(line, "# HELP %127s %*c", help), 1);
		} else if (line[0] == '#') {
			assert_int_equal(sscanf(line, "# TYPE %127s %15[a-z]", f.name, f.type), 2);
			assert_string_equal(f.name, help);
			check_family(&f, families++);
		} else {
			check_sample(&f, line, &seen);
		}
	}
	assert_int_equal(f.parts, 0);
	assert_null(metric_row(families));
	map_free(&seen);
	return text;
}

static void
check_lines(const struct fixture *f, const char *const lines[])
{
	char *text = checked_text(f);

	for (; *lines != NULL; lines++) {
		char *line = xasprintf("\n%s\n", *lines);

		if (strstr(text, line) == NULL)
			fail_msg("no line: %s\n%s", *lines, text);
		free(line);
	}
	free(text);
}

/* ---- the tests ---- */

static void
an_unused_proxy_shows_every_row(void **state)
{
	static const char *const lines[] = {"weir_build_info{version=\"" WEIR_VERSION "\"} 1",
	    "weir_start_time_seconds 1795375829.12", "process_start_time_seconds 1795375829.12",
	    "weir_config_reloads_total{result=\"ok\"} 3",
	    "weir_config_reloads_total{result=\"failed\"} 1", "weir_config_last_reload_success 1",
	    "weir_config_last_reload_timestamp_seconds 1795375830", "weir_config_generation 4",
	    "weir_log_lines_dropped_total{sink=\"access\"} 17",
	    "weir_log_write_errors_total{sink=\"access\"} 0",
	    "weir_endpoint_up{backend=\"api\",endpoint=\"10.0.0.1:80\"} 1",
	    "weir_endpoint_up{backend=\"api\",endpoint=\"10.0.0.2:80\"} 0",
	    "weir_endpoint_weight{backend=\"api\",endpoint=\"10.0.0.1:80\"} 100",
	    "weir_backend_connections{backend=\"api\",endpoint=\"10.0.0.1:80\",state=\"busy\"} 2",
	    "weir_backend_connections{backend=\"api\",endpoint=\"10.0.0.1:80\",state=\"idle\"} 3",
	    "weir_endpoint_check_duration_seconds{backend=\"api\",endpoint=\"10.0.0.1:80\"} 0.0025",
	    NULL};

	check_lines(*state, lines);
}

static void
the_process_is_described(void **state)
{
	char *text = checked_text(*state);

	assert_null(strstr(text, "\nprocess_resident_memory_bytes 0\n"));
	assert_null(strstr(text, "\nprocess_open_fds 0\n"));
	assert_null(strstr(text, "\nprocess_max_fds 0\n"));
	assert_null(strstr(text, "\nprocess_cpu_seconds_total 0\n"));
	free(text);
}

static void
a_request_is_summed_over_workers(void **state)
{
	static const char *const lines[] = {
	    "weir_listener_bytes_total{listener=\"web\",direction=\"in\"} 30",
	    "weir_listener_bytes_total{listener=\"web\",direction=\"out\"} 300",
	    "weir_http_requests_total{route=\"api/v1/*\",method=\"GET\",code=\"200\"} 2",
	    "weir_http_requests_total{route=\"api/v1/*\",method=\"OTHER\",code=\"499\"} 1",
	    "weir_http_requests_in_flight{route=\"api/v1/*\"} 1",
	    "weir_http_request_duration_seconds_bucket{route=\"api/v1/*\",le=\"0.001\"} 0",
	    "weir_http_request_duration_seconds_bucket{route=\"api/v1/*\",le=\"0.0025\"} 3",
	    "weir_http_request_duration_seconds_bucket{route=\"api/v1/*\",le=\"10\"} 3",
	    "weir_http_request_duration_seconds_bucket{route=\"api/v1/*\",le=\"+Inf\"} 3",
	    "weir_http_request_duration_seconds_sum{route=\"api/v1/*\"} 0.0045",
	    "weir_http_request_duration_seconds_count{route=\"api/v1/*\"} 3",
	    "weir_http_client_errors_total{listener=\"web\",protocol=\"h1\",why=\"client_gone\"} 1",
	    "weir_backend_requests_total{backend=\"api\",endpoint=\"10.0.0.1:80\",code=\"200\"} 2",
	    "weir_grpc_requests_total{route=\"api/v1/*\",grpc_status=\"UNAVAILABLE\"} 2",
	    "weir_grpc_requests_total{route=\"api/v1/*\",grpc_status=\"CANCELLED\"} 1", NULL};
	struct fixture *f = *state;
	struct record r = {
	    .kind = RECORD_EXCHANGE,
	    .status = 200,
	    .method = METHOD_GET,
	    .grpc = true,
	    .grpc_status = GRPC_UNAVAILABLE,
	    .bytes_in = 10,
	    .bytes_out = 100,
	    .started_at = 1,
	    .finished_at = 1501,
	};

	r.listener_meter = meter_get(
	    f->meters, METER_LISTENER, STR("web"), STR_NONE, sizeof(struct listener_stats));
	r.route_meter = meter_get(
	    f->meters, METER_ROUTE, STR("api/v1/*"), STR_NONE, sizeof(struct route_stats));
	r.endpoint_meter = meter_get(f->meters, METER_ENDPOINT, STR("api"), STR("10.0.0.1:80"),
	    sizeof(struct endpoint_stats));
	for (uint32_t i = 0; i < 4; i++)
		stats_started(&r, i % WORKERS);
	stats_record(&r, 0);
	stats_record(&r, 1);
	r.method = METHOD_OTHER;
	r.status = 0;
	r.grpc_status = GRPC_NONE;
	r.why = FAULT_client_gone;
	stats_record(&r, 1);
	check_lines(f, lines);
}

static void
labels_are_escaped(void **state)
{
	static const char *const lines[] = {
	    "weir_http_request_bytes_total{route=\"a\\\"b\\\\c\\nd} 1\"} 0", NULL};
	struct fixture *f = *state;
	struct meter *m = meter_get(
	    f->meters, METER_ROUTE, STR("a\"b\\c\nd} 1"), STR_NONE, sizeof(struct route_stats));

	(void)meter_block(m, 0);
	check_lines(f, lines);
}

static void
routes_past_the_limit_are_one(void **state)
{
	static const char *const lines[] = {"weir_http_response_bytes_total{route=\"r0\"} 1",
	    "weir_http_response_bytes_total{route=\"r499\"} 1",
	    "weir_http_response_bytes_total{route=\"_rest\"} 100",
	    "weir_http_requests_total{route=\"r7\",method=\"GET\",code=\"200\"} 1",
	    "weir_http_requests_total{route=\"_rest\",method=\"GET\",code=\"200\"} 100",
	    "weir_http_requests_total{route=\"_none\",method=\"GET\",code=\"404\"} 1",
	    "weir_http_local_responses_total{route=\"_none\",why=\"no_route\"} 1", NULL};
	struct fixture *f = *state;
	struct record r = {.kind = RECORD_EXCHANGE, .method = METHOD_GET, .status = 200};
	char *text;

	r.bytes_out = 1;
	for (int i = 0; i < EXPOSE_ROUTES + 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "r%d", i);
		r.route_meter = meter_get(
		    f->meters, METER_ROUTE, str_from(name), STR_NONE, sizeof(struct route_stats));
		stats_record(&r, (uint32_t)i % WORKERS);
	}
	r.route_meter = NULL;
	r.why = FAULT_no_route;
	r.status = 404;
	r.local = true;
	r.listener_meter = meter_get(
	    f->meters, METER_LISTENER, STR("web"), STR_NONE, sizeof(struct listener_stats));
	stats_record(&r, 0);
	check_lines(f, lines);
	text = checked_text(f);
	assert_null(strstr(text, "\"r500\""));
	free(text);
}

static void
workers_have_lines_of_their_own(void **state)
{
	static const char *const lines[] = {"weir_worker_busy_ratio{worker=\"0\"} 0.25",
	    "weir_worker_busy_seconds_total{worker=\"0\"} 1",
	    "weir_worker_connections{worker=\"1\"} 4",
	    "weir_worker_loop_delay_max_seconds{worker=\"1\"} 0.0012", NULL};
	struct fixture *f = *state;
	struct meter *m =
	    meter_get(f->meters, METER_WORKER, STR("w"), STR_NONE, sizeof(struct worker_stats));
	struct worker_stats *second = meter_block(m, 1);

	stats_turn(meter_block(m, 0), 3000000, 1000000);
	second->conns_opened = 7;
	second->conns_closed = 3;
	second->loop_delay_max_us = 1200;
	check_lines(f, lines);
}

static void
the_rest_is_shown_too(void **state)
{
	static const char *const lines[] = {"weir_listener_connections{listener=\"l4\"} 3",
	    "weir_listener_connections_total{listener=\"l4\"} 5",
	    "weir_listener_refused_total{listener=\"l4\"} 1",
	    "weir_tcp_sessions_total{listener=\"l4\",why=\"none\"} 1",
	    "weir_tcp_session_duration_seconds_count{listener=\"l4\"} 1",
	    "weir_tcp_bytes_total{listener=\"l4\",direction=\"out\"} 9",
	    "weir_backend_connect_seconds_sum{backend=\"api\"} 0.002",
	    "weir_backend_first_byte_seconds_count{backend=\"api\"} 1",
	    "weir_backend_wait_seconds_count{backend=\"api\"} 1",
	    "weir_backend_retries_total{backend=\"api\",why=\"connection_refused\"} 2",
	    "weir_backend_connections_total{backend=\"api\"} 6",
	    "weir_backend_connections_reused_total{backend=\"api\"} 4", NULL};
	struct fixture *f = *state;
	struct record r = {.kind = RECORD_TUNNEL, .bytes_out = 9};
	struct listener_stats *l;
	struct backend_stats *b;

	r.listener_meter = meter_get(
	    f->meters, METER_LISTENER, STR("l4"), STR_NONE, sizeof(struct listener_stats));
	r.backend_meter =
	    meter_get(f->meters, METER_BACKEND, STR("api"), STR_NONE, sizeof(struct backend_stats));
	r.started_at = r.attempt_at = 1;
	r.connected_at = 2001;
	r.first_at = r.finished_at = 3001;
	stats_record(&r, 0);
	l = meter_block(r.listener_meter, 0);
	l->conns = 5;
	l->closed = 2;
	l->refused = 1;
	b = meter_block(r.backend_meter, 1);
	code_count(&b->retries, FAULT_connection_refused);
	code_count(&b->retries, FAULT_connection_refused);
	b->conns_opened = 6;
	b->conns_reused = 4;
	check_lines(f, lines);
}

int
main(void)
{
#define FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    FIXTURE(an_unused_proxy_shows_every_row),
	    FIXTURE(the_process_is_described),
	    FIXTURE(a_request_is_summed_over_workers),
	    FIXTURE(labels_are_escaped),
	    FIXTURE(routes_past_the_limit_are_one),
	    FIXTURE(workers_have_lines_of_their_own),
	    FIXTURE(the_rest_is_shown_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
