/* outlier - notices endpoints by what their requests come to, and says for how long one is left
 * out. Workers note the result of each try in one atomic word of the endpoint, which a success only
 * reads. The control thread compares the endpoints of a backend with each other once an interval.
 * Pure: no clock, no letters, and no state of an endpoint, which health.c alone writes. */
#ifndef UPSTREAM_OUTLIER_H
#define UPSTREAM_OUTLIER_H

#include <stdatomic.h>

#include "http/grpc.h"

enum outlier_result {
	OUTLIER_GOOD,
	OUTLIER_ERROR,   /* 5xx; gRPC UNKNOWN, INTERNAL */
	OUTLIER_GATEWAY, /* 502, 503, 504; gRPC DEADLINE_EXCEEDED, UNAVAILABLE */
	OUTLIER_LOCAL,   /* no answer: refused, reset, too late, malformed */
};

enum outlier_detector {
	OUTLIER_FAILURES, /* in a row: all but good ones */
	OUTLIER_GATEWAYS, /* in a row: gateway and local ones */
	OUTLIER_LOCALS,   /* in a row; with its threshold set, the others do not count local ones */
	OUTLIER_SUCCESS_RATE,
	OUTLIER_FAILURE_PERCENTAGE,
	OUTLIER_LATENCY,
	OUTLIER_DETECTORS
};
enum { OUTLIER_STREAKS = OUTLIER_LOCALS + 1 };

struct outlier_spec { /* zeroed: off */
	bool on;
	uint32_t streak[OUTLIER_STREAKS];                  /* so many in a row; 0: off */
	uint64_t interval, ejection, max_ejection, jitter; /* microseconds */
	uint32_t max_ejected;        /* percent of the endpoints; one always may be */
	uint32_t success_rate;       /* hundredths of standard deviations below the mean; 0: off */
	uint32_t failure_percentage; /* 0: off */
	uint32_t latency;            /* percent of the median of all p95s; 0: off */
	uint32_t min_endpoints, min_requests; /* to be compared: so many, with so many each */
};

/* True: with this result a streak has reached its threshold, and nobody was told since the last
 * outlier_heard; then *which names it. Any thread. */
bool outlier_note(_Atomic uint64_t *streaks, const struct outlier_spec *spec,
    enum outlier_result result, enum outlier_detector *which) NODISCARD;
void outlier_heard(_Atomic uint64_t *streaks); /* counts from none again */
enum outlier_result outlier_of_status(uint16_t http);
enum outlier_result outlier_of_grpc(enum grpc_status status);

struct outlier_term {   /* of one endpoint; control thread */
	uint32_t nth;   /* ejections close to each other; falls with each interval in peace */
	uint64_t until; /* it is ejected till then; 0: it is not */
	uint64_t since; /* it has been back */
};

enum outlier_verdict { OUTLIER_EJECT, OUTLIER_ENOUGH /* are ejected */, OUTLIER_LAST /* usable */ };
/* May one more usable one of n endpoints be ejected? */
enum outlier_verdict outlier_may(
    const struct outlier_spec *spec, uint32_t n, uint32_t ejected, uint32_t usable);
/* How long it is left out this time: longer each time. */
uint64_t outlier_eject(
    struct outlier_term *t, const struct outlier_spec *spec, uint64_t now, uint64_t random);
void outlier_return(struct outlier_term *t, uint64_t now);
/* Once an interval: one that has been back for all of it is forgiven a little. */
void outlier_peace(struct outlier_term *t, const struct outlier_spec *spec, uint64_t now);

struct outlier_case { /* one endpoint in an interval */
	uint64_t good, failed;
	uint64_t p95_us; /* 0: not known */
	bool found;      /* from here on set by outlier_compare: it is one, */
	enum outlier_detector which;
	uint64_t value, threshold; /* in a row, hundredths of a percent, or microseconds */
};
/* Which of them stand out from the others? */
void outlier_compare(const struct outlier_spec *spec, struct outlier_case *v, size_t n);

const char *outlier_detector_word(enum outlier_detector d); /* "consecutive_failures" */
/* "5 failures in a row", of a case that was found; malloc'd. */
char *outlier_case_words(const struct outlier_case *c);

#endif
