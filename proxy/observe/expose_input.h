/* expose_input - what /metrics shows beside the counters: facts of the process, and what is asked
 * of whoever knows it, as one call for each sample. */
#ifndef OBSERVE_EXPOSE_INPUT_H
#define OBSERVE_EXPOSE_INPUT_H

#include "observe/stats.h"

/* What a backend is at, as numbers: gauges that its state has, not its counters. */
enum backend_gauge {
	BACKEND_WAITING,
	BACKEND_BREAKER_OPEN, /* 0 or 1 */
	BACKEND_CONCURRENCY,  /* the limit found; 0: none is measured */
	BACKEND_PANIC,        /* 0 or 1 */
	BACKEND_GAUGES
};

/* What an endpoint is at, and what was decided about it. */
enum endpoint_gauge {
	GAUGE_UP, /* 0 or 1 */
	GAUGE_WEIGHT,
	GAUGE_CONNS, /* by state */
	GAUGE_WARM,  /* in millionths */
	GAUGE_DRAINING,
	GAUGE_CHANGES,  /* by the state after it */
	GAUGE_CHECKS,   /* by result */
	GAUGE_CHECK_US, /* of the last one */
	GAUGE_EJECTED,
	GAUGE_EJECTIONS, /* by detector */
	GAUGE_WITHHELD,
};
struct endpoint_sample {
	struct str backend, endpoint;
	const char *label, *word; /* one label more; NULL: none */
	uint64_t value;
};

struct expose_name { /* a name of the DNS, or a file, that endpoints come from */
	struct str name;
	bool file, wrong;       /* wrong: the last lookup or reading failed */
	uint64_t found, failed; /* lookups or readings */
	uint64_t age_us;        /* of the answer that holds; UINT64_MAX: there was none yet */
	uint32_t addresses;
};

struct expose_cert { /* a certificate in use */
	struct str host, serial;
	int64_t not_after; /* seconds, wall clock */
};

struct expose_input {
	struct meters *meters;
	uint32_t workers;
	uint64_t started_wall_us;
	uint64_t reloads_ok, reloads_failed, last_reload_wall_us, generation;
	bool last_reload_ok;
	uint64_t log_dropped; /* access log lines that found their ring full, all workers */
	uint64_t log_errors;  /* accesslog_errors */
	/* samples of endpoints come from whoever knows them; called once per gauge */
	void (*endpoints)(void *arg, enum endpoint_gauge gauge,
	    void (*one)(void *out, const struct endpoint_sample *sample), void *out);
	/* the same for backends; gauges by enum backend_gauge */
	void (*backends)(void *arg,
	    void (*one)(void *out, struct str backend, const uint32_t *gauges), void *out);
	void (*names)(void *arg, void (*one)(void *out, const struct expose_name *name), void *out);
	/* no two with the same host and serial */
	void (*certs)(void *arg, void (*one)(void *out, const struct expose_cert *cert), void *out);
	void *arg;
};

#endif
