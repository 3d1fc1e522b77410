#include "observe/stats.h"

enum { US_PER_S = 1000000 };

static uint64_t
span(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

void
stats_started(const struct record *r, uint32_t worker)
{
	struct route_stats *s = meter_block(r->route_meter, worker);

	COUNTER_ADD(s->started, 1);
}

static void
stats_tunnel(struct listener_stats *s, const struct record *r)
{
	code_count(&s->tcp_tunnels, r->why);
	histogram_add(&s->tcp_duration, span(r->started_at, r->finished_at));
	COUNTER_ADD(s->tcp_in, r->bytes_in);
	COUNTER_ADD(s->tcp_out, r->bytes_out);
}

static void
stats_listener(struct listener_stats *s, const struct record *r)
{
	COUNTER_ADD(s->bytes_in, r->bytes_in);
	COUNTER_ADD(s->bytes_out, r->bytes_out);
	if (r->kind == RECORD_TUNNEL) {
		stats_tunnel(s, r);
		return;
	}
	if (fault_row(r->why)->whose == WHOSE_CLIENT)
		code_count(&s->client_errors, r->why);
	if (r->route_meter != NULL)
		return;
	code_count(&s->unrouted, stats_request_key(r->method, record_status(r)));
	if (r->local)
		code_count(&s->unrouted_local, r->why);
	if (r->grpc)
		code_count(&s->unrouted_grpc, record_grpc_status(r));
}

static void
stats_route(struct route_stats *s, const struct record *r)
{
	code_count(&s->requests, stats_request_key(r->method, record_status(r)));
	if (r->kind == RECORD_EXCHANGE)
		histogram_add(&s->duration, span(r->started_at, r->finished_at));
	COUNTER_ADD(s->finished, 1);
	COUNTER_ADD(s->bytes_in, r->bytes_in);
	COUNTER_ADD(s->bytes_out, r->bytes_out);
	if (r->local)
		code_count(&s->local, r->why);
	if (r->grpc)
		code_count(&s->grpc, record_grpc_status(r));
}

static void
stats_backend(struct backend_stats *s, const struct record *r)
{
	if (unlikely(r->away)) {
		COUNTER_ADD(s->away, 1);
		COUNTER_ADD(s->away_bytes, r->bytes_in + r->bytes_out);
	}
	if (r->attempt_at != 0 || r->wait_us != 0)
		histogram_add(&s->wait, r->wait_us);
	if (r->connected_at == 0)
		return;
	if (!r->reused)
		histogram_add(&s->connect, span(r->attempt_at, r->connected_at));
	if (r->first_at != 0)
		histogram_add(&s->first_byte, span(r->connected_at, r->first_at));
}

static void
stats_endpoint(struct endpoint_stats *s, const struct record *r)
{
	if (r->kind != RECORD_TUNNEL && !r->local && r->status != 0)
		code_count(&s->requests, r->status);
	if (fault_row(r->why)->whose == WHOSE_UPSTREAM)
		code_count(&s->errors, r->why);
}

void
stats_record(const struct record *r, uint32_t worker)
{
	if (r->listener_meter != NULL)
		stats_listener(meter_block(r->listener_meter, worker), r);
	if (r->route_meter != NULL)
		stats_route(meter_block(r->route_meter, worker), r);
	if (r->backend_meter != NULL)
		stats_backend(meter_block(r->backend_meter, worker), r);
	if (r->endpoint_meter != NULL)
		stats_endpoint(meter_block(r->endpoint_meter, worker), r);
}

/* A share over the whole life of a process tells nothing about now, and the reader of /metrics
 * keeps no past; so the worker itself divides once a second. */
void
stats_turn(struct worker_stats *s, uint64_t asleep_us, uint64_t busy_us)
{
	COUNTER_ADD(s->turns, 1);
	COUNTER_ADD(s->asleep_us, asleep_us);
	COUNTER_ADD(s->busy_us, busy_us);
	s->recent_us += asleep_us + busy_us;
	s->recent_busy += busy_us;
	if (s->recent_us < US_PER_S)
		return;
	__atomic_store_n(&s->busy_ppm, s->recent_busy * US_PER_S / s->recent_us, __ATOMIC_RELAXED);
	s->recent_us = 0;
	s->recent_busy = 0;
}
