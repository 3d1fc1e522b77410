/* stats - the counters themselves: one struct per kind of meter. What a finished record moves is
 * moved by stats_record alone; the rest (accepts, refusals, tries that are followed by another) is
 * counted where it happens, with COUNTER_ADD and code_count. Shown by expose.c. */
#ifndef OBSERVE_STATS_H
#define OBSERVE_STATS_H

#include "observe/record.h"

struct worker_stats {
	uint64_t turns, busy_us, asleep_us, loop_delay_max_us;
	uint64_t busy_ppm;               /* share of the last whole second or so; by stats_turn */
	uint64_t recent_us, recent_busy; /* what it is made from; the worker's own */
	uint64_t conns_opened, conns_closed;
};
struct listener_stats {
	uint64_t conns, closed, refused; /* accepted; gone again; over max_connections */
	uint64_t bytes_in, bytes_out;
	struct code_counts client_errors; /* by fault */
	struct code_counts http2_abuse;   /* connections that ended for it, by fault */
	/* requests that met no route, and our answers to them; keys as in a route's */
	struct code_counts unrouted, unrouted_local, unrouted_grpc;
	/* TLS */
	struct code_counts tls_handshakes; /* by stats_tls_key */
	struct code_counts tls_failures;   /* by enum tls_failure */
	struct histogram tls_duration;
	/* L4 */
	struct code_counts tcp_tunnels; /* by fault */
	struct histogram tcp_duration;
	uint64_t tcp_in, tcp_out;
};
struct route_stats { /* what each request counts shares a cache line: routes may be many */
	uint64_t started, finished, bytes_in, bytes_out;
	struct histogram duration;   /* without upgrades: a tunnel's life is no answer's time */
	struct code_counts requests; /* by stats_request_key */
	struct code_counts local;    /* answers made here, by fault */
	struct code_counts grpc;     /* calls, by enum grpc_status */
};
struct backend_stats {
	struct histogram first_byte, connect, wait; /* of the last try */
	struct code_counts retries;   /* by what the try before came to: a fault, or a status */
	struct code_counts no_budget; /* the same, of those that would have been more than may be */
	uint64_t conns_opened, conns_reused;
	uint64_t not_kept; /* requests whose body was longer than what is kept to be sent again */
	uint64_t away, away_bytes;       /* requests and tunnels that left the zone, both ways */
	uint64_t seats_kept, seats_lost; /* tries of clients whose cookie names an endpoint */
};
struct endpoint_stats {
	struct code_counts requests; /* by status, as the endpoint sent it */
	struct code_counts errors;   /* by fault; each failed try once */
	/* what tries said about it, where outliers are looked for */
	uint64_t good, failed;
	struct histogram answers; /* from the pick to the head; only where latency is compared */
};

enum { STATS_STATUS_MAX = 1000 };
static inline uint32_t
stats_request_key(enum method method, uint16_t status)
{
	return (uint32_t)method * STATS_STATUS_MAX + status;
}

/* Key of a TLS handshake: version 1.3 or 1.2, a short one or a whole one. */
enum { STATS_TLS = 1, STATS_TLS_13 = 2, STATS_TLS_RESUMED = 4 };

/* A route was found for it: one more request in flight, until stats_record. */
void stats_started(const struct record *r, uint32_t worker);
/* Moves every counter that a finished record moves; called once per record by its worker. The last
 * try's fault counts against its endpoint here; the faults of tries before it where they are
 * retried. */
void stats_record(const struct record *r, uint32_t worker);
/* One turn of the worker's loop is over. */
void stats_turn(struct worker_stats *s, uint64_t asleep_us, uint64_t busy_us);

#endif
