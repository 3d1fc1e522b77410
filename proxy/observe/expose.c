/* The table of metrics. A row says how it is shown and where its numbers are: the kind of meter and
 * the place of the member in that kind's struct of counters. So a new counter is one row here and
 * one entry in weir-metrics(7). */
#include "observe/expose.h"

#include "observe/show.h"

/* clang-format off */
#define ROW(type, name, labels, help) .row = {name, METRIC_##type, labels, help}
#define OF(meter, strct, member)      .kind = METER_##meter, .at = offsetof(struct strct, member)
#define AND(strct, member)            .at2 = offsetof(struct strct, member)
#define IN(member)                    .at = offsetof(struct expose_input, member)
#define FACT(member)                  .at = offsetof(struct process_facts, member)
#define MILLIONTHS                    .unit = UNIT_MILLIONTH

static const struct metric metrics[] = {
	{ROW(GAUGE, "weir_build_info", "version", "1; the label is the running version."),
	    .show = show_build},
	{ROW(GAUGE, "weir_start_time_seconds", "", "When weir started, in seconds since 1970."),
	    .show = show_input, IN(started_wall_us), MILLIONTHS},

	{ROW(COUNTER, "weir_config_reloads_total", "result", "Reloads of the configuration, by result: ok or failed."),
	    .show = show_reloads},
	{ROW(GAUGE, "weir_config_last_reload_success", "", "1 if the last reload was taken over, 0 if it had errors."),
	    .show = show_last_reload},
	{ROW(GAUGE, "weir_config_last_reload_timestamp_seconds", "", "When the last reload was tried."),
	    .show = show_input, IN(last_reload_wall_us), MILLIONTHS},
	{ROW(GAUGE, "weir_config_generation", "", "The number of the running configuration: 1 at the start, one more with each reload."),
	    .show = show_input, IN(generation)},

	{ROW(GAUGE, "weir_worker_busy_ratio", "worker", "Share of the last second that the worker was not asleep."),
	    .show = show_workers, OF(WORKER, worker_stats, busy_ppm), MILLIONTHS},
	{ROW(COUNTER, "weir_worker_busy_seconds_total", "worker", "Time that the worker was not asleep."),
	    .show = show_workers, OF(WORKER, worker_stats, busy_us), MILLIONTHS},
	{ROW(GAUGE, "weir_worker_loop_delay_max_seconds", "worker", "The longest turn of the worker's loop so far."),
	    .show = show_workers, OF(WORKER, worker_stats, loop_delay_max_us), MILLIONTHS},
	{ROW(GAUGE, "weir_worker_connections", "worker", "Open connections of clients."),
	    .show = show_workers, OF(WORKER, worker_stats, conns_opened), AND(worker_stats, conns_closed)},

	{ROW(GAUGE, "weir_listener_connections", "listener", "Open connections of clients."),
	    .show = show_difference, OF(LISTENER, listener_stats, conns), AND(listener_stats, closed)},
	{ROW(COUNTER, "weir_listener_connections_total", "listener", "Connections accepted."),
	    .show = show_counter, OF(LISTENER, listener_stats, conns)},
	{ROW(COUNTER, "weir_listener_refused_total", "listener", "Connections closed at once, as a limit was reached."),
	    .show = show_counter, OF(LISTENER, listener_stats, refused)},
	{ROW(COUNTER, "weir_listener_bytes_total", "listener, direction", "Bytes of bodies and tunnels from (in) and to (out) clients, counted when an exchange or tunnel ends."),
	    .show = show_directions, OF(LISTENER, listener_stats, bytes_in), AND(listener_stats, bytes_out)},

	{ROW(COUNTER, "weir_tls_handshakes_total", "listener, version, resumed", "TLS handshakes with clients that were completed; resumed 1: with a ticket."),
	    .show = show_keys, OF(LISTENER, listener_stats, tls_handshakes), .key = KEY_TLS},
	{ROW(COUNTER, "weir_tls_handshake_failures_total", "listener, reason", "TLS handshakes with clients that failed."),
	    .show = show_keys, OF(LISTENER, listener_stats, tls_failures), .key = KEY_TLS_REASON},
	{ROW(HISTOGRAM, "weir_tls_handshake_duration_seconds", "listener", "How long completed TLS handshakes took."),
	    .show = show_histogram, OF(LISTENER, listener_stats, tls_duration)},
	{ROW(GAUGE, "weir_tls_certificate_expiry_timestamp_seconds", "host, serial", "When a certificate that is shown to clients or endpoints ends, in seconds since 1970; host is its first name."),
	    .show = show_certs},

	{ROW(COUNTER, "weir_http_requests_total", "route, method, code", "Requests that ended, whoever answered. Code 499: the client left first."),
	    .show = show_route_keys, OF(ROUTE, route_stats, requests), AND(listener_stats, unrouted), .key = KEY_METHOD_CODE},
	{ROW(HISTOGRAM, "weir_http_request_duration_seconds", "route", "From the first byte of the request to the last byte of the answer; without upgraded connections."),
	    .show = show_histogram, OF(ROUTE, route_stats, duration)},
	{ROW(GAUGE, "weir_http_requests_in_flight", "route", "Requests that have begun and not ended."),
	    .show = show_difference, OF(ROUTE, route_stats, started), AND(route_stats, finished)},
	{ROW(COUNTER, "weir_http_request_bytes_total", "route", "Bytes of request bodies."),
	    .show = show_counter, OF(ROUTE, route_stats, bytes_in)},
	{ROW(COUNTER, "weir_http_response_bytes_total", "route", "Bytes of response bodies."),
	    .show = show_counter, OF(ROUTE, route_stats, bytes_out)},
	{ROW(COUNTER, "weir_http_local_responses_total", "route, why", "Answers made by weir, not by an endpoint."),
	    .show = show_route_keys, OF(ROUTE, route_stats, local), AND(listener_stats, unrouted_local)},
	{ROW(COUNTER, "weir_http_client_errors_total", "listener, protocol, why", "Requests that failed by the client's doing: malformed, too large, too slow, given up."),
	    .show = show_keys, OF(LISTENER, listener_stats, client_errors), .also = "protocol=\"h1\""},
	{ROW(COUNTER, "weir_http2_abuse_total", "listener, why", "Connections of HTTP/2 that were closed because the client asked for too much that nobody needs."),
	    .show = show_keys, OF(LISTENER, listener_stats, http2_abuse)},
	{ROW(COUNTER, "weir_grpc_requests_total", "route, grpc_status", "Calls of gRPC that ended, by their status, whoever gave it."),
	    .show = show_route_keys, OF(ROUTE, route_stats, grpc), AND(listener_stats, unrouted_grpc), .key = KEY_GRPC},

	{ROW(COUNTER, "weir_backend_requests_total", "backend, endpoint, code", "Answers of endpoints, by status."),
	    .show = show_keys, OF(ENDPOINT, endpoint_stats, requests), .key = KEY_CODE},
	{ROW(COUNTER, "weir_backend_errors_total", "backend, endpoint, why", "Failed tries, each counted once."),
	    .show = show_keys, OF(ENDPOINT, endpoint_stats, errors)},
	{ROW(HISTOGRAM, "weir_backend_first_byte_seconds", "backend", "From a ready connection to the first byte of the answer."),
	    .show = show_histogram, OF(BACKEND, backend_stats, first_byte)},
	{ROW(HISTOGRAM, "weir_backend_connect_seconds", "backend", "Time to connect, of tries that needed a new connection and got one."),
	    .show = show_histogram, OF(BACKEND, backend_stats, connect)},
	{ROW(HISTOGRAM, "weir_backend_wait_seconds", "backend", "Time that a request waited for a place."),
	    .show = show_histogram, OF(BACKEND, backend_stats, wait)},
	{ROW(COUNTER, "weir_backend_retries_total", "backend, why", "Tries after a failed one, by why that failed: the fault's word, or the status of its answer."),
	    .show = show_keys, OF(BACKEND, backend_stats, retries)},
	{ROW(COUNTER, "weir_backend_retry_budget_exhausted_total", "backend, why", "Tries that were not made, as the budget of retries was used up; why as above."),
	    .show = show_keys, OF(BACKEND, backend_stats, no_budget)},
	{ROW(COUNTER, "weir_backend_bodies_not_kept_total", "backend", "Requests that can be sent only once, as their body is longer than what is kept of it."),
	    .show = show_counter, OF(BACKEND, backend_stats, not_kept)},
	{ROW(GAUGE, "weir_backend_connections", "backend, endpoint, state", "Open connections to the endpoint, by state: busy or idle."),
	    .show = show_endpoints, .at = GAUGE_CONNS},
	{ROW(COUNTER, "weir_backend_connections_total", "backend", "Connections begun."),
	    .show = show_counter, OF(BACKEND, backend_stats, conns_opened)},
	{ROW(COUNTER, "weir_backend_connections_reused_total", "backend", "Tries that were given a kept connection."),
	    .show = show_counter, OF(BACKEND, backend_stats, conns_reused)},

	{ROW(COUNTER, "weir_backend_sticky_kept_total", "backend", "Tries at the endpoint that the client's cookie names."),
	    .show = show_counter, OF(BACKEND, backend_stats, seats_kept)},
	{ROW(COUNTER, "weir_backend_sticky_moved_total", "backend", "Tries elsewhere, as the one that the client's cookie names could not be chosen, or is gone."),
	    .show = show_counter, OF(BACKEND, backend_stats, seats_lost)},
	{ROW(COUNTER, "weir_backend_cross_zone_requests_total", "backend", "Requests and TCP tunnels whose last try went to an endpoint of another zone."),
	    .show = show_counter, OF(BACKEND, backend_stats, away)},
	{ROW(COUNTER, "weir_backend_cross_zone_bytes_total", "backend", "Bytes of their bodies, both ways."),
	    .show = show_counter, OF(BACKEND, backend_stats, away_bytes)},

	{ROW(GAUGE, "weir_backend_waiting", "backend", "Requests that wait for a place."),
	    .show = show_backends, .at = BACKEND_WAITING},
	{ROW(GAUGE, "weir_backend_breaker_open", "backend", "1 while the breaker lets nothing or only a few requests through, else 0."),
	    .show = show_backends, .at = BACKEND_BREAKER_OPEN},
	{ROW(GAUGE, "weir_backend_concurrency_limit", "backend", "How many requests at a time the backend was found to take; 0 where that is not measured."),
	    .show = show_backends, .at = BACKEND_CONCURRENCY},
	{ROW(GAUGE, "weir_backend_panic", "backend", "1 while so few endpoints are left that all are used, whatever is known of them, else 0."),
	    .show = show_backends, .at = BACKEND_PANIC},

	{ROW(GAUGE, "weir_endpoint_up", "backend, endpoint", "1 if the endpoint may be chosen, also without panic, else 0."),
	    .show = show_endpoints, .at = GAUGE_UP},
	{ROW(GAUGE, "weir_endpoint_weight", "backend, endpoint", "The endpoint's weight: by hand, or as configured."),
	    .show = show_endpoints, .at = GAUGE_WEIGHT},
	{ROW(GAUGE, "weir_endpoint_slow_start_ratio", "backend, endpoint", "The part of its weight that counts: below 1 while it warms up."),
	    .show = show_endpoints, .at = GAUGE_WARM, MILLIONTHS},
	{ROW(GAUGE, "weir_endpoint_draining", "backend, endpoint", "1 while the endpoint gets nothing new and may end what it has, else 0."),
	    .show = show_endpoints, .at = GAUGE_DRAINING},
	{ROW(COUNTER, "weir_endpoint_state_changes_total", "backend, endpoint, to", "Changes of the endpoint's state, by the state after it: unchecked, healthy, unhealthy, ejected, warming, draining or down."),
	    .show = show_endpoints, .at = GAUGE_CHANGES},
	{ROW(COUNTER, "weir_endpoint_checks_total", "backend, endpoint, result", "Checks of the endpoint, by result: passed, failed, or skipped for want of a descriptor or memory of weir's own."),
	    .show = show_endpoints, .at = GAUGE_CHECKS},
	{ROW(GAUGE, "weir_endpoint_check_duration_seconds", "backend, endpoint", "How long the last check took, failed ones included."),
	    .show = show_endpoints, .at = GAUGE_CHECK_US, MILLIONTHS},
	{ROW(GAUGE, "weir_endpoint_ejected", "backend, endpoint", "1 while the endpoint is left out for what its requests came to, else 0."),
	    .show = show_endpoints, .at = GAUGE_EJECTED},
	{ROW(COUNTER, "weir_endpoint_ejections_total", "backend, endpoint, detector", "How often it was left out, by what found it to be an outlier."),
	    .show = show_endpoints, .at = GAUGE_EJECTIONS},
	{ROW(COUNTER, "weir_endpoint_ejections_withheld_total", "backend, endpoint", "How often it was found to be an outlier and stayed, as it could not be spared."),
	    .show = show_endpoints, .at = GAUGE_WITHHELD},

	{ROW(COUNTER, "weir_dns_lookups_total", "name, result", "Times that a name was asked for, by result: found or failed."),
	    .show = show_names, .at = NAME_LOOKUPS},
	{ROW(GAUGE, "weir_dns_answer_age_seconds", "name", "How old the answer is that holds; of a name that never had one there is none."),
	    .show = show_names, .at = NAME_AGE},
	{ROW(GAUGE, "weir_dns_addresses", "name", "Addresses in the answer that holds."),
	    .show = show_names, .at = NAME_ADDRESSES},
	{ROW(COUNTER, "weir_endpoint_file_reads_total", "file, result", "Times that a file of endpoints was read, by result: found or failed."),
	    .show = show_names, .at = FILE_READS},
	{ROW(GAUGE, "weir_endpoint_file_wrong", "file", "1 while what the file says cannot be understood, and what it said before holds."),
	    .show = show_names, .at = FILE_WRONG},
	{ROW(GAUGE, "weir_endpoint_file_endpoints", "file", "Endpoints in what the file said when it was last understood."),
	    .show = show_names, .at = FILE_ENDPOINTS},

	{ROW(COUNTER, "weir_tcp_sessions_total", "listener, why", "TCP tunnels that ended; none: without an error."),
	    .show = show_keys, OF(LISTENER, listener_stats, tcp_tunnels)},
	{ROW(HISTOGRAM, "weir_tcp_session_duration_seconds", "listener", "How long TCP tunnels lasted."),
	    .show = show_histogram, OF(LISTENER, listener_stats, tcp_duration)},
	{ROW(COUNTER, "weir_tcp_bytes_total", "listener, direction", "Bytes of TCP tunnels from (in) and to (out) clients."),
	    .show = show_directions, OF(LISTENER, listener_stats, tcp_in), AND(listener_stats, tcp_out)},

	{ROW(COUNTER, "weir_log_lines_dropped_total", "sink", "Lines of the access log that found no room, as the sink was slower than the traffic."),
	    .show = show_input, IN(log_dropped), .also = "sink=\"access\""},
	{ROW(COUNTER, "weir_log_write_errors_total", "sink", "Writes to the access log that failed."),
	    .show = show_input, IN(log_errors), .also = "sink=\"access\""},

	{ROW(COUNTER, "process_cpu_seconds_total", "", "User and system time of the process."),
	    .show = show_process, FACT(cpu_us), MILLIONTHS},
	{ROW(GAUGE, "process_resident_memory_bytes", "", "Memory of the process that is in RAM."),
	    .show = show_process, FACT(resident_bytes)},
	{ROW(GAUGE, "process_virtual_memory_bytes", "", "Address space of the process."),
	    .show = show_process, FACT(virtual_bytes)},
	{ROW(GAUGE, "process_open_fds", "", "Open file descriptors."),
	    .show = show_process, FACT(fds)},
	{ROW(GAUGE, "process_max_fds", "", "The limit on open file descriptors."),
	    .show = show_process, FACT(max_fds)},
	{ROW(GAUGE, "process_start_time_seconds", "", "When the process started, in seconds since 1970."),
	    .show = show_input, IN(started_wall_us), MILLIONTHS},
};
/* clang-format on */

const struct metric_row *
metric_row(size_t i)
{
	return i < nelem(metrics) ? &metrics[i].row : NULL;
}

static const char *
metric_type_name(enum metric_type type)
{
	switch (type) {
	case METRIC_COUNTER:
		return "counter";
	case METRIC_GAUGE:
		return "gauge";
	case METRIC_HISTOGRAM:
		return "histogram";
	}
	ASSERT(false);
}

char *
expose_text(const struct expose_input *in, size_t *len)
{
	struct page p = {.in = in};
	char *text = NULL;

	p.out = open_memstream(&text, len);
	ASSERT(p.out != NULL);
	process_facts(&p.process);
	for (unsigned kind = 0; kind < METER_KINDS; kind++)
		series_list_init(&p.lists[kind], in->meters, (enum meter_kind)kind, in->workers,
		    kind == METER_ROUTE ? EXPOSE_ROUTES : SIZE_MAX);
	for (size_t i = 0; i < nelem(metrics); i++) {
		const struct metric *m = &metrics[i];

		fprintf(p.out, "# HELP %s %s\n# TYPE %s %s\n", m->row.name, m->row.help,
		    m->row.name, metric_type_name(m->row.type));
		m->show(&p, m);
	}
	for (unsigned kind = 0; kind < METER_KINDS; kind++)
		series_list_free(&p.lists[kind]);
	ASSERT(fclose(p.out) == 0);
	return text;
}
