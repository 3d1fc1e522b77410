#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "observe/stats.h"

struct fixture {
	struct meters *meters;
	struct meter *listener, *route, *backend, *endpoint;
	struct record record; /* of a request that went well */
};

static int
setup(void **state)
{
	static struct fixture f;

	f.meters = meters_new(2);
	f.listener = meter_get(
	    f.meters, METER_LISTENER, STR("web"), STR_NONE, sizeof(struct listener_stats));
	f.route = meter_get(f.meters, METER_ROUTE, STR("r"), STR_NONE, sizeof(struct route_stats));
	f.backend =
	    meter_get(f.meters, METER_BACKEND, STR("b"), STR_NONE, sizeof(struct backend_stats));
	f.endpoint =
	    meter_get(f.meters, METER_ENDPOINT, STR("b"), STR("e"), sizeof(struct endpoint_stats));
	f.record = (struct record){
	    .kind = RECORD_EXCHANGE,
	    .status = 200,
	    .tries = 1,
	    .major = 1,
	    .minor = 1,
	    .method = METHOD_GET,
	    .bytes_in = 10,
	    .bytes_out = 1000,
	    .started_at = 1000,
	    .attempt_at = 1100,
	    .connected_at = 1400,
	    .first_at = 2400,
	    .finished_at = 8000,
	    .wait_us = 50,
	    .listener_meter = f.listener,
	    .route_meter = f.route,
	    .backend_meter = f.backend,
	    .endpoint_meter = f.endpoint,
	};
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	meter_unref(&f->listener);
	meter_unref(&f->route);
	meter_unref(&f->backend);
	meter_unref(&f->endpoint);
	meters_free(&f->meters);
	return 0;
}

static uint64_t
count_of(const struct code_counts *c, uint32_t key)
{
	for (size_t i = 0; i < METRIC_CODES; i++)
		if (c->keys[i] == key && c->counts[i] > 0)
			return c->counts[i];
	return 0;
}

static uint64_t
total_of(const struct code_counts *c)
{
	uint64_t n = 0;

	for (size_t i = 0; i < METRIC_CODES; i++)
		n += c->counts[i];
	return n;
}

static uint64_t
histogram_count(const struct histogram *h)
{
	uint64_t n = 0;

	for (size_t i = 0; i <= METRIC_BUCKETS; i++)
		n += h->buckets[i];
	return n;
}

static void
a_good_request_moves_everybody(void **state)
{
	struct fixture *f = *state;
	struct listener_stats *l = meter_block(f->listener, 1);
	struct route_stats *r = meter_block(f->route, 1);
	struct backend_stats *b = meter_block(f->backend, 1);
	struct endpoint_stats *e = meter_block(f->endpoint, 1);

	stats_started(&f->record, 1);
	assert_int_equal(r->started - r->finished, 1);
	stats_record(&f->record, 1);
	assert_int_equal(r->started - r->finished, 0);
	assert_int_equal(l->bytes_in, 10);
	assert_int_equal(l->bytes_out, 1000);
	assert_int_equal(count_of(&r->requests, stats_request_key(METHOD_GET, 200)), 1);
	assert_int_equal(r->bytes_in, 10);
	assert_int_equal(r->bytes_out, 1000);
	assert_int_equal(r->duration.sum_us, 7000);
	assert_int_equal(b->wait.sum_us, 50);
	assert_int_equal(b->connect.sum_us, 300);
	assert_int_equal(b->first_byte.sum_us, 1000);
	assert_int_equal(count_of(&e->requests, 200), 1);
	assert_int_equal(total_of(&e->errors), 0);
	assert_int_equal(total_of(&l->client_errors), 0);
	assert_int_equal(total_of(&l->unrouted), 0);
	assert_int_equal(total_of(&r->local), 0);
	assert_int_equal(total_of(&l->tcp_tunnels), 0);
}

static void
a_kept_connection_has_no_time_to_connect(void **state)
{
	struct fixture *f = *state;
	struct backend_stats *b = meter_block(f->backend, 0);

	f->record.reused = true;
	stats_record(&f->record, 0);
	assert_int_equal(histogram_count(&b->connect), 0);
	assert_int_equal(histogram_count(&b->first_byte), 1);
}

static void
a_refused_endpoint_is_blamed_and_the_answer_is_ours(void **state)
{
	struct fixture *f = *state;
	struct route_stats *r = meter_block(f->route, 0);
	struct backend_stats *b = meter_block(f->backend, 0);
	struct endpoint_stats *e = meter_block(f->endpoint, 0);

	f->record.why = FAULT_connection_refused;
	f->record.status = 502;
	f->record.local = true;
	f->record.connected_at = f->record.first_at = 0;
	stats_record(&f->record, 0);
	assert_int_equal(count_of(&r->requests, stats_request_key(METHOD_GET, 502)), 1);
	assert_int_equal(count_of(&r->local, FAULT_connection_refused), 1);
	assert_int_equal(count_of(&e->errors, FAULT_connection_refused), 1);
	assert_int_equal(total_of(&e->requests), 0);
	assert_int_equal(histogram_count(&b->connect), 0);
	assert_int_equal(histogram_count(&b->first_byte), 0);
	assert_int_equal(histogram_count(&b->wait), 1);
}

static void
a_client_that_left_is_499_and_no_endpoints_fault(void **state)
{
	struct fixture *f = *state;
	struct listener_stats *l = meter_block(f->listener, 0);
	struct route_stats *r = meter_block(f->route, 0);
	struct endpoint_stats *e = meter_block(f->endpoint, 0);

	f->record.why = FAULT_client_gone;
	f->record.status = 0;
	f->record.method = METHOD_OTHER;
	stats_record(&f->record, 0);
	assert_int_equal(count_of(&r->requests, 499), 1);
	assert_int_equal(count_of(&l->client_errors, FAULT_client_gone), 1);
	assert_int_equal(total_of(&e->errors), 0);
	assert_int_equal(total_of(&e->requests), 0);
}

static void
a_request_without_a_route_is_counted_too(void **state)
{
	struct fixture *f = *state;
	struct listener_stats *l = meter_block(f->listener, 0);

	f->record.route_meter = f->record.backend_meter = f->record.endpoint_meter = NULL;
	f->record.why = FAULT_no_route;
	f->record.status = 404;
	f->record.local = true;
	stats_record(&f->record, 0);
	assert_int_equal(count_of(&l->unrouted, stats_request_key(METHOD_GET, 404)), 1);
	assert_int_equal(count_of(&l->unrouted_local, FAULT_no_route), 1);
	f->record.listener_meter = NULL;
	stats_record(&f->record, 0);
	assert_int_equal(total_of(&l->unrouted), 1);
}

static void
a_call_is_counted_by_what_it_came_to(void **state)
{
	struct fixture *f = *state;
	struct route_stats *r = meter_block(f->route, 0);
	struct listener_stats *l = meter_block(f->listener, 0);

	stats_record(&f->record, 0);
	assert_int_equal(total_of(&r->grpc), 0); /* it was none */
	f->record.grpc = true;
	stats_record(&f->record, 0);
	f->record.grpc_status = GRPC_NONE; /* an answer that says nothing */
	stats_record(&f->record, 0);
	f->record.why = FAULT_client_gone;
	stats_record(&f->record, 0);
	assert_int_equal(count_of(&r->grpc, GRPC_OK), 1);
	assert_int_equal(count_of(&r->grpc, GRPC_UNKNOWN), 1);
	assert_int_equal(count_of(&r->grpc, GRPC_CANCELLED), 1);
	f->record.route_meter = NULL;
	f->record.grpc_status = GRPC_UNIMPLEMENTED;
	stats_record(&f->record, 0);
	assert_int_equal(count_of(&l->unrouted_grpc, GRPC_UNIMPLEMENTED), 1);
}

static void
a_tcp_tunnel_is_its_listeners(void **state)
{
	struct fixture *f = *state;
	struct listener_stats *l = meter_block(f->listener, 0);
	struct endpoint_stats *e = meter_block(f->endpoint, 0);

	f->record.kind = RECORD_TUNNEL;
	f->record.route_meter = NULL;
	f->record.status = 0;
	stats_record(&f->record, 0);
	f->record.why = FAULT_connection_timeout;
	stats_record(&f->record, 0);
	assert_int_equal(count_of(&l->tcp_tunnels, FAULT_none), 1);
	assert_int_equal(count_of(&l->tcp_tunnels, FAULT_connection_timeout), 1);
	assert_int_equal(l->tcp_duration.sum_us, 14000);
	assert_int_equal(l->tcp_in, 20);
	assert_int_equal(l->tcp_out, 2000);
	assert_int_equal(l->bytes_out, 2000);
	assert_int_equal(total_of(&l->unrouted), 0);
	assert_int_equal(total_of(&l->client_errors), 0);
	assert_int_equal(total_of(&e->requests), 0);
	assert_int_equal(count_of(&e->errors, FAULT_connection_timeout), 1);
}

static void
an_upgrade_leaves_the_durations_alone(void **state)
{
	struct fixture *f = *state;
	struct route_stats *r = meter_block(f->route, 0);

	f->record.kind = RECORD_UPGRADE;
	f->record.status = 101;
	stats_record(&f->record, 0);
	assert_int_equal(count_of(&r->requests, stats_request_key(METHOD_GET, 101)), 1);
	assert_int_equal(histogram_count(&r->duration), 0);
	assert_int_equal(r->finished, 1);
}

static void
the_busy_share_is_of_the_last_second(void **state)
{
	struct worker_stats s = {0};

	(void)state;
	for (int i = 0; i < 9; i++)
		stats_turn(&s, 0, 100000);
	assert_int_equal(s.busy_ppm, 0); /* not known yet */
	stats_turn(&s, 100000, 0);
	assert_int_equal(s.busy_ppm, 900000);
	stats_turn(&s, 3000000, 1000000);
	assert_int_equal(s.busy_ppm, 250000);
	assert_int_equal(s.turns, 11);
	assert_int_equal(s.busy_us, 1900000);
	assert_int_equal(s.asleep_us, 3100000);
}

int
main(void)
{
#define FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    FIXTURE(a_good_request_moves_everybody),
	    FIXTURE(a_kept_connection_has_no_time_to_connect),
	    FIXTURE(a_refused_endpoint_is_blamed_and_the_answer_is_ours),
	    FIXTURE(a_client_that_left_is_499_and_no_endpoints_fault),
	    FIXTURE(a_request_without_a_route_is_counted_too),
	    FIXTURE(a_call_is_counted_by_what_it_came_to),
	    FIXTURE(a_tcp_tunnel_is_its_listeners),
	    FIXTURE(an_upgrade_leaves_the_durations_alone),
	    cmocka_unit_test(the_busy_share_is_of_the_last_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
