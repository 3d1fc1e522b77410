#include "config/build_health.h"

static struct outlier_spec
build_outlier(const struct model_outlier *m)
{
	if (!m->on)
		return (struct outlier_spec){.on = false};
	return (struct outlier_spec){
	    .on = true,
	    .streak = {[OUTLIER_FAILURES] = m->consecutive_failures,
		[OUTLIER_GATEWAYS] = m->consecutive_gateway_errors,
		[OUTLIER_LOCALS] = m->consecutive_local_errors},
	    .interval = m->interval,
	    .ejection = m->ejection,
	    .max_ejection = m->max_ejection,
	    .jitter = m->jitter,
	    .max_ejected = m->max_ejected,
	    .success_rate = m->success_rate,
	    .failure_percentage = m->failure_percentage,
	    .latency = m->latency,
	    .min_endpoints = m->min_endpoints,
	    .min_requests = m->min_requests,
	};
}

static struct warming_spec
build_warming(const struct model_slow_start *m)
{
	enum { PER_PERCENT = ENDPOINT_FULL / 100 };

	return (struct warming_spec){m->span, m->aggression, m->min * PER_PERCENT};
}

void
build_health(const struct model_backend *m, struct backend_spec *spec)
{
	spec->outlier = build_outlier(&m->outlier);
	spec->panic = m->panic;
	spec->warming = build_warming(&m->slow_start);
}
