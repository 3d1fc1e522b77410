#include "upstream/concurrency.h"

#include <math.h>

enum {
	CONCURRENCY_FIRST = 20,         /* the limit before anything is known */
	CONCURRENCY_WINDOW_US = 100000, /* how often the limit moves */
	CONCURRENCY_SAMPLES = 10,       /* fewer in a window say nothing */
	CONCURRENCY_ROUND = 300,        /* windows between two looks at the halved limit */
	CONCURRENCY_LOOKS = 2,          /* windows of a look: one to run dry, one to measure */
};

#define CONCURRENCY_SMOOTH   0.2 /* of each step is taken */
#define CONCURRENCY_GRADIENT 0.5 /* no window shrinks the limit further than to this share */

#define GET(member)        atomic_load_explicit(&(member), memory_order_relaxed)
#define SET(member, value) atomic_store_explicit(&(member), (value), memory_order_relaxed)
#define TAKE(member)       atomic_exchange_explicit(&(member), 0, memory_order_relaxed)

static uint32_t
concurrency_clamp(const struct concurrency_spec *spec, double limit)
{
	if (limit < spec->min)
		return spec->min;
	return limit > spec->max ? spec->max : (uint32_t)limit;
}

static bool
concurrency_looks(const struct concurrency *c)
{
	return GET(c->windows) >= CONCURRENCY_ROUND - CONCURRENCY_LOOKS;
}

uint32_t
concurrency_limit(const struct concurrency *c, const struct concurrency_spec *spec)
{
	uint32_t limit = GET(c->limit);

	if (limit == 0)
		limit = CONCURRENCY_FIRST;
	return concurrency_clamp(spec, concurrency_looks(c) ? limit / 2 : limit);
}

/* Of one window's mean and the most that was in flight in it. */
static double
concurrency_unqueued(struct concurrency *c, double mean, bool idle, bool measured)
{
	double unqueued = (double)GET(c->unqueued_us);

	if (unqueued == 0 || measured)
		unqueued = mean;
	else if (idle || mean < unqueued)
		unqueued += (mean - unqueued) * CONCURRENCY_SMOOTH;
	SET(c->unqueued_us, (uint64_t)ceil(unqueued));
	return unqueued;
}

static void
concurrency_move(
    struct concurrency *c, const struct concurrency_spec *spec, double mean, uint32_t peak)
{
	double limit = GET(c->limit) != 0 ? GET(c->limit) : CONCURRENCY_FIRST, gradient, next;
	uint32_t window = GET(c->windows);
	bool idle = peak < limit / 2;

	SET(c->windows, idle ? 0 : (window + 1) % CONCURRENCY_ROUND); /* idle is a look by itself */
	gradient = concurrency_unqueued(c, mean, idle, window == CONCURRENCY_ROUND - 1) *
		   spec->tolerance / 100 / mean;
	if (window >= CONCURRENCY_ROUND - CONCURRENCY_LOOKS)
		return; /* what is seen at the halved limit is no reason to move the whole one */
	if (gradient >= 1 && idle)
		return; /* nobody has come near it: nothing was learnt about growing */
	gradient = fmax(fmin(gradient, 1), CONCURRENCY_GRADIENT);
	next = limit + (limit * gradient + sqrt(limit) - limit) * CONCURRENCY_SMOOTH;
	/* Whole steps, so that a small limit can grow at all. */
	SET(c->limit, concurrency_clamp(spec, next > limit ? ceil(next) : floor(next)));
}

void
concurrency_sample(struct concurrency *c, const struct concurrency_spec *spec, uint64_t us,
    uint32_t in_flight, uint64_t now)
{
	uint64_t ends = GET(c->window_ends), sum;
	uint32_t n, peak = GET(c->peak);

	atomic_fetch_add_explicit(&c->sum_us, us, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->samples, 1, memory_order_relaxed);
	if (in_flight > peak)
		SET(c->peak, in_flight); /* a race loses a peak, and the window has others */
	if (now < ends || GET(c->samples) < CONCURRENCY_SAMPLES ||
	    !atomic_compare_exchange_strong(&c->window_ends, &ends, now + CONCURRENCY_WINDOW_US))
		return;
	n = TAKE(c->samples);
	sum = TAKE(c->sum_us);
	peak = TAKE(c->peak);
	if (n > 0 && ends != 0) /* the first window has no beginning */
		concurrency_move(c, spec, fmax((double)sum / n, 1), peak);
}
