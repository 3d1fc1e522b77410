/* A word of streaks: three counts of failures in a row, 16 bits each, and above them whether the
 * control thread was told of one and has not answered yet. */
#include "upstream/outlier.h"

#include <math.h>
#include <stdlib.h>

enum { STREAK_BITS = 16, STREAK_MAX = (1 << STREAK_BITS) - 1 };
#define STREAK_TOLD (UINT64_C(1) << (OUTLIER_STREAKS * STREAK_BITS))

enum {
	HUNDRED = 100,
	RATE_ALL = 10000,      /* hundredths of a percent */
	RATE_GAP = 500,        /* nearer than this to the mean is no outlier, even among twins */
	LATENCY_FLOOR = 10000, /* microseconds: faster than this is never slow */
	US_PER_S = 1000000,
};

/* ---- streaks ---- */

static uint64_t
streak_of(uint64_t word, enum outlier_detector d)
{
	return word >> (d * STREAK_BITS) & STREAK_MAX;
}

/* One longer, or over. */
static uint64_t
streak_next(uint64_t word, enum outlier_detector d, bool failed)
{
	uint64_t one = UINT64_C(1) << (d * STREAK_BITS);

	if (!failed)
		return word & ~(STREAK_MAX * one);
	return streak_of(word, d) < STREAK_MAX ? word + one : word;
}

/* A local failure, once it has a detector of its own, says nothing to the two others. */
static uint64_t
streaks_next(uint64_t word, const struct outlier_spec *spec, enum outlier_result r)
{
	bool local = r == OUTLIER_LOCAL;

	if (!(local && spec->streak[OUTLIER_LOCALS] != 0)) {
		word = streak_next(word, OUTLIER_FAILURES, r != OUTLIER_GOOD);
		word = streak_next(word, OUTLIER_GATEWAYS, r == OUTLIER_GATEWAY || local);
	}
	return streak_next(word, OUTLIER_LOCALS, local);
}

static bool
streak_reached(uint64_t word, const struct outlier_spec *spec, enum outlier_detector *which)
{
	for (unsigned d = 0; d < OUTLIER_STREAKS; d++) {
		*which = (enum outlier_detector)d;
		if (spec->streak[d] != 0 && streak_of(word, *which) >= spec->streak[d])
			return true;
	}
	return false;
}

/* Who tells writes what he tells of next to the word: acquire, so that the one before was read. */
bool
outlier_note(_Atomic uint64_t *streaks, const struct outlier_spec *spec, enum outlier_result result,
    enum outlier_detector *which)
{
	uint64_t old = atomic_load_explicit(streaks, memory_order_relaxed), new;
	bool tell;

	do {
		if (likely(result == OUTLIER_GOOD) && (old & ~STREAK_TOLD) == 0)
			return false;
		new = streaks_next(old, spec, result);
		tell = result != OUTLIER_GOOD && (old & STREAK_TOLD) == 0 &&
		       streak_reached(new, spec, which);
		if (tell)
			new |= STREAK_TOLD;
	} while (!atomic_compare_exchange_weak_explicit(
	    streaks, &old, new, memory_order_acquire, memory_order_relaxed));
	return tell;
}

void
outlier_heard(_Atomic uint64_t *streaks)
{
	atomic_store_explicit(streaks, 0, memory_order_release);
}

enum outlier_result
outlier_of_status(uint16_t http)
{
	enum { SERVER_ERROR = 500, BAD_GATEWAY = 502, UNAVAILABLE = 503, TIMEOUT = 504 };

	switch (http) {
	case BAD_GATEWAY:
	case UNAVAILABLE:
	case TIMEOUT:
		return OUTLIER_GATEWAY;
	default:
		return http >= SERVER_ERROR ? OUTLIER_ERROR : OUTLIER_GOOD;
	}
}

enum outlier_result
outlier_of_grpc(enum grpc_status status)
{
	if (status == GRPC_DEADLINE_EXCEEDED || status == GRPC_UNAVAILABLE)
		return OUTLIER_GATEWAY;
	if (status == GRPC_UNKNOWN || status == GRPC_INTERNAL)
		return OUTLIER_ERROR;
	return OUTLIER_GOOD;
}

/* ---- ejections ---- */

enum outlier_verdict
outlier_may(const struct outlier_spec *spec, uint32_t n, uint32_t ejected, uint32_t usable)
{
	if (usable <= 1)
		return OUTLIER_LAST;
	if (ejected > 0 && (ejected + 1) * (uint64_t)HUNDRED > (uint64_t)n * spec->max_ejected)
		return OUTLIER_ENOUGH;
	return OUTLIER_EJECT;
}

uint64_t
outlier_eject(
    struct outlier_term *t, const struct outlier_spec *spec, uint64_t now, uint64_t random)
{
	uint64_t most = spec->max_ejection > spec->ejection ? spec->max_ejection : spec->ejection;
	uint64_t span;

	t->nth++;
	span = t->nth < most / spec->ejection ? t->nth * spec->ejection : most;
	if (spec->jitter > 0)
		span += random % (spec->jitter + 1);
	t->until = now + span;
	return span;
}

void
outlier_return(struct outlier_term *t, uint64_t now)
{
	t->until = 0;
	t->since = now;
}

void
outlier_peace(struct outlier_term *t, const struct outlier_spec *spec, uint64_t now)
{
	if (t->until == 0 && t->nth > 0 && now - t->since >= spec->interval)
		t->nth--;
}

/* ---- comparing ---- */

static bool
case_counts(const struct outlier_spec *spec, const struct outlier_case *c)
{
	return c->good + c->failed > 0 && c->good + c->failed >= spec->min_requests;
}

static uint64_t
case_rate(const struct outlier_case *c)
{
	return c->good * RATE_ALL / (c->good + c->failed);
}

static void
case_find(struct outlier_case *c, enum outlier_detector d, uint64_t value, uint64_t threshold)
{
	if (c->found)
		return;
	c->found = true;
	c->which = d;
	c->value = value;
	c->threshold = threshold;
}

static void
compare_rates(const struct outlier_spec *spec, struct outlier_case *v, size_t n, size_t counted)
{
	double mean = 0, square = 0, gap;

	for (size_t i = 0; i < n; i++)
		if (case_counts(spec, &v[i]))
			mean += (double)case_rate(&v[i]) / (double)counted;
	for (size_t i = 0; i < n; i++)
		if (case_counts(spec, &v[i]))
			square += pow((double)case_rate(&v[i]) - mean, 2) / (double)counted;
	gap = fmax(sqrt(square) * spec->success_rate / HUNDRED, RATE_GAP);
	for (size_t i = 0; i < n; i++)
		if (case_counts(spec, &v[i]) && (double)case_rate(&v[i]) < mean - gap)
			case_find(
			    &v[i], OUTLIER_SUCCESS_RATE, case_rate(&v[i]), (uint64_t)(mean - gap));
}

static void
compare_failures(const struct outlier_spec *spec, struct outlier_case *v, size_t n)
{
	uint64_t threshold = (uint64_t)spec->failure_percentage * HUNDRED;

	for (size_t i = 0; i < n; i++)
		if (case_counts(spec, &v[i]) && RATE_ALL - case_rate(&v[i]) >= threshold)
			case_find(&v[i], OUTLIER_FAILURE_PERCENTAGE, RATE_ALL - case_rate(&v[i]),
			    threshold);
}

static int
us_cmp(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The median of all p95s, not of all answers: one that is slow does not move it, and a service
 * whose slow requests are many times slower than its usual ones is no outlier to itself. */
static void
compare_latencies(const struct outlier_spec *spec, struct outlier_case *v, size_t n)
{
	uint64_t *sorted = xmalloc(n * sizeof(*sorted)), threshold;
	size_t known = 0;

	for (size_t i = 0; i < n; i++)
		if (case_counts(spec, &v[i]) && v[i].p95_us > 0)
			sorted[known++] = v[i].p95_us;
	if (known > 0 && known >= spec->min_endpoints) {
		qsort(sorted, known, sizeof(*sorted), us_cmp);
		threshold = sorted[(known - 1) / 2] * spec->latency / HUNDRED;
		threshold = threshold > LATENCY_FLOOR ? threshold : LATENCY_FLOOR;
		for (size_t i = 0; i < n; i++)
			if (case_counts(spec, &v[i]) && v[i].p95_us > threshold)
				case_find(&v[i], OUTLIER_LATENCY, v[i].p95_us, threshold);
	}
	free(sorted);
}

void
outlier_compare(const struct outlier_spec *spec, struct outlier_case *v, size_t n)
{
	size_t counted = 0;

	for (size_t i = 0; i < n; i++) {
		v[i].found = false;
		counted += case_counts(spec, &v[i]);
	}
	if (counted == 0 || counted < spec->min_endpoints)
		return;
	if (spec->success_rate > 0)
		compare_rates(spec, v, n, counted);
	if (spec->failure_percentage > 0)
		compare_failures(spec, v, n);
	if (spec->latency > 0)
		compare_latencies(spec, v, n);
}

const char *
outlier_detector_word(enum outlier_detector d)
{
	static const char *const words[OUTLIER_DETECTORS] = {
	    [OUTLIER_FAILURES] = "consecutive_failures",
	    [OUTLIER_GATEWAYS] = "consecutive_gateway_errors",
	    [OUTLIER_LOCALS] = "consecutive_local_errors",
	    [OUTLIER_SUCCESS_RATE] = "success_rate",
	    [OUTLIER_FAILURE_PERCENTAGE] = "failure_percentage",
	    [OUTLIER_LATENCY] = "latency",
	};

	return words[d];
}

/* Hundredths of a percent. */
#define PERCENT(n) (unsigned long long)(n) / HUNDRED, (unsigned long long)(n) % HUNDRED
#define MS(us)     (unsigned long long)(us) / 1000

char *
outlier_case_words(const struct outlier_case *c)
{
	switch (c->which) {
	case OUTLIER_FAILURES:
		return xasprintf("%llu failures in a row", (unsigned long long)c->value);
	case OUTLIER_GATEWAYS:
		return xasprintf("%llu gateway errors in a row", (unsigned long long)c->value);
	case OUTLIER_LOCALS:
		return xasprintf("%llu times no answer in a row", (unsigned long long)c->value);
	case OUTLIER_SUCCESS_RATE:
		return xasprintf("%llu.%02llu%% succeed, the limit is %llu.%02llu%%",
		    PERCENT(c->value), PERCENT(c->threshold));
	case OUTLIER_FAILURE_PERCENTAGE:
		return xasprintf("%llu.%02llu%% fail, the limit is %llu.%02llu%%",
		    PERCENT(c->value), PERCENT(c->threshold));
	case OUTLIER_LATENCY:
		return xasprintf("19 of 20 answers take up to %llu ms, the limit is %llu ms",
		    MS(c->value), MS(c->threshold));
	case OUTLIER_DETECTORS:
		break;
	}
	ASSERT(!"a detector");
	return NULL;
}
