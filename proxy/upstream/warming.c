#include "upstream/warming.h"

#include <math.h>

#include "upstream/backend.h"
#include "upstream/health.h"

enum {
	WARMING_FIRST = 1000000 /* microseconds that count as over from the start */,
	PERCENT = 100
};

uint32_t
warming_part(const struct warming_spec *spec, uint64_t elapsed)
{
	uint64_t at = elapsed > WARMING_FIRST ? elapsed : WARMING_FIRST;
	double part;

	if (at >= spec->span)
		return ENDPOINT_FULL;
	part = pow((double)at / (double)spec->span, (double)PERCENT / spec->curve) * ENDPOINT_FULL;
	return part > spec->lowest ? (uint32_t)part : spec->lowest;
}

void
warming_join(const struct backend *b)
{
	const struct targets *t = backend_targets(b);
	bool others = false;

	for (uint32_t i = 0; i < t->n; i++) {
		struct health *h = t->v[i].endpoint->health;

		h->warm_from = b->warming.span > 0 ? b->warming.lowest : 0;
		others |= h->met && health_is_well(t->v[i].endpoint);
	}
	for (uint32_t i = 0; i < t->n; i++) {
		struct endpoint *e = t->v[i].endpoint;

		if (e->health->met)
			continue;
		e->health->met = true;
		e->health->first = !others;
		if (others)
			health_cool(e);
	}
}

/* Are there enough that are warm to bear what the others do not? */
static bool
warming_is_borne(const struct targets *t)
{
	uint64_t warming = 0, all = 0;

	for (uint32_t i = 0; i < t->n; i++) {
		if (!health_is_well(t->v[i].endpoint))
			continue;
		all += t->v[i].weight;
		if (health_holds(t->v[i].endpoint, HEALTH_WARMS))
			warming += t->v[i].weight;
	}
	return warming * 2 <= all;
}

bool
warming_step(const struct backend *b, uint64_t now)
{
	const struct targets *t = backend_targets(b);
	bool borne = warming_is_borne(t), any = false;

	for (uint32_t i = 0; i < t->n; i++) {
		struct endpoint *e = t->v[i].endpoint;
		struct health *h = e->health;

		if (!health_holds(e, HEALTH_WARMS))
			continue;
		if (h->warm_at == 0)
			h->warm_at = now;
		if (now - h->warm_at >= b->warming.span) {
			health_release(e, HEALTH_WARMS, "warmed up");
			continue;
		}
		any = true;
		health_warm(e, borne ? warming_part(&b->warming, now - h->warm_at) : ENDPOINT_FULL);
	}
	return any;
}
