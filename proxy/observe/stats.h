/* stats - the counters themselves: one struct per kind of meter, and the rows that say under which
 * name, type, labels and help each member is shown. The rows feed /metrics, the manual and the test
 * that compares them. */
#ifndef OBSERVE_STATS_H
#define OBSERVE_STATS_H

#include "observe/record.h"

struct worker_stats {
	uint64_t turns, busy_us, asleep_us, loop_delay_max_us;
	uint64_t conns_opened, conns_closed;
	uint64_t log_lines_dropped;
};
struct listener_stats {
	uint64_t conns, closed, refused; /* accepted; gone again; over max_connections */
	uint64_t bytes_in, bytes_out;
	struct code_counts client_errors; /* by fault */
	/* L4 */
	struct code_counts tcp_sessions; /* by fault */
	struct histogram tcp_duration;
};
struct route_stats {
	struct code_counts requests; /* key: method * 1000 + status */
	struct histogram duration;
	uint64_t started, finished, bytes_in, bytes_out;
	struct code_counts local; /* answers made here, by fault */
};
struct backend_stats {
	struct histogram first_byte, connect, wait;
	struct code_counts retries; /* by fault */
	uint64_t conns_opened, conns_reused;
};
struct endpoint_stats {
	struct code_counts requests; /* by status */
	struct code_counts errors;   /* by fault */
};

/* Moves every counter that a finished record moves; called once per record by its worker. */
void stats_record(const struct record *r, uint32_t worker);

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
struct metric_row {
	const char *name; /* without the weir_ prefix */
	enum metric_type type;
	const char *labels; /* as in the manual: "route, method, code" */
	const char *help;
};
extern const struct metric_row metric_rows[];
extern const size_t metric_rows_n;

#endif
