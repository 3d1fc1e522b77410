#include "upstream/health.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "upstream/registry.h"

/* What each cause makes of an endpoint while it decides, and whether panic is about it. */
static const struct verdict {
	enum endpoint_state state;
	bool usable, panics;
} verdicts[] = {
    [HEALTH_BY_HAND] = {ENDPOINT_DOWN, false, false},
    [HEALTH_NAMELESS] = {ENDPOINT_DOWN, false, false},
    [HEALTH_DRAINED] = {ENDPOINT_DRAINING, false, false},
    [HEALTH_REMOVED] = {ENDPOINT_DRAINING, false, false},
    [HEALTH_FAILS] = {ENDPOINT_UNHEALTHY, false, true},
    [HEALTH_IS_EJECTED] = {ENDPOINT_EJECTED, false, true},
    [HEALTH_IS_AWAITED] = {ENDPOINT_UNCHECKED, false, false},
    [HEALTH_WARMS] = {ENDPOINT_WARMING, true, true},
    [HEALTH_PASSES] = {ENDPOINT_HEALTHY, true, true},
    [HEALTH_NOTHING_SAID] = {ENDPOINT_UNCHECKED, true, true},
};

/* Where each state may lead. As causes come and go on their own, nearly everything may follow
 * anything; but no state follows itself, and nobody who is well begins to warm up. */
#define TO(name) (1u << ENDPOINT_##name)
#define AWAY     (TO(UNHEALTHY) | TO(EJECTED) | TO(DRAINING) | TO(DOWN))
static const uint32_t arrows[ENDPOINT_STATES] = {
    [ENDPOINT_UNCHECKED] = AWAY | TO(HEALTHY) | TO(WARMING),
    [ENDPOINT_HEALTHY] = AWAY | TO(UNCHECKED),
    [ENDPOINT_UNHEALTHY] = (AWAY & ~TO(UNHEALTHY)) | TO(HEALTHY) | TO(WARMING) | TO(UNCHECKED),
    [ENDPOINT_EJECTED] = (AWAY & ~TO(EJECTED)) | TO(HEALTHY) | TO(WARMING) | TO(UNCHECKED),
    [ENDPOINT_WARMING] = AWAY | TO(HEALTHY) | TO(UNCHECKED),
    [ENDPOINT_DRAINING] = (AWAY & ~TO(DRAINING)) | TO(HEALTHY) | TO(WARMING) | TO(UNCHECKED),
    [ENDPOINT_DOWN] = (AWAY & ~TO(DOWN)) | TO(HEALTHY) | TO(WARMING) | TO(UNCHECKED),
};

/* The one rule of which cause decides. */
static enum health_cause
health_rule(const struct health *h)
{
	unsigned cause = 0;

	while (cause < HEALTH_CAUSES && h->reasons[cause] == NULL)
		cause++;
	return (enum health_cause)cause;
}

/* ---- the factor ---- */

static bool
health_is_sibling(const struct endpoint *a, const struct endpoint *b)
{
	return str_eq(a->backend, b->backend) && b->health->reasons[HEALTH_REMOVED] == NULL;
}

static uint32_t
health_wanted(const struct health *h)
{
	return h->hand_weight != HEALTH_NO_WEIGHT ? h->hand_weight : h->weight;
}

/* The largest of a backend's ratios between the weight that is wanted and the one the balancer was
 * built with: wanted / built. */
struct scale {
	const struct endpoint *of;
	uint32_t wanted, built;
};

static void
health_scale_visit(void *arg, struct endpoint *e)
{
	struct scale *scale = arg;
	const struct health *h = e->health;

	if (h->hand_weight != HEALTH_NO_WEIGHT && health_is_sibling(scale->of, e) &&
	    (uint64_t)h->hand_weight * scale->built > (uint64_t)scale->wanted * h->weight) {
		scale->wanted = h->hand_weight;
		scale->built = h->weight;
	}
}

/* A factor is at most 1, and only the ratios within a backend count: a weight above the configured
 * one makes the others' factors smaller. Nothing above 0 is rounded to 0. */
static uint32_t
health_factor(const struct health *h, const struct scale *scale)
{
	uint64_t factor = (uint64_t)health_wanted(h) * scale->built * ENDPOINT_FULL /
			  ((uint64_t)h->weight * scale->wanted);

	if (h->reasons[HEALTH_WARMS] != NULL)
		factor = factor * h->warm / ENDPOINT_FULL;
	return factor > 0 || health_wanted(h) == 0 ? (uint32_t)factor : 1;
}

/* ---- the state ---- */

static void
health_publish(struct health *h, const struct scale *scale)
{
	const struct verdict *v = &verdicts[h->cause];
	uint32_t factor = health_factor(h, scale);
	uint32_t word = (uint32_t)v->state << ENDPOINT_STATE | factor;

	if (factor > 0 && (v->usable || (h->panics && v->panics)))
		word |= ENDPOINT_USABLE;
	atomic_store_explicit(&h->endpoint->word, word, memory_order_relaxed);
}

bool
health_is_well(const struct endpoint *e)
{
	return verdicts[e->health->cause].usable && (endpoint_word(e) & ENDPOINT_FACTOR) != 0;
}

bool
health_may_panic(const struct endpoint *e)
{
	return verdicts[e->health->cause].panics && (endpoint_word(e) & ENDPOINT_FACTOR) != 0;
}

static void
health_publish_visit(void *arg, struct endpoint *e)
{
	const struct scale *scale = arg;

	if (health_is_sibling(scale->of, e))
		health_publish(e->health, scale);
}

static struct scale
health_scale(const struct health *h)
{
	struct scale scale = {h->endpoint, 1, 1};

	if (h->registry->hand_weights > 0)
		registry_each(h->registry, health_scale_visit, &scale);
	return scale;
}

static uint64_t
health_wall_us(void)
{
	enum { US_PER_S = 1000000, NS_PER_US = 1000 };
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * US_PER_S + (uint64_t)ts.tv_nsec / NS_PER_US;
}

/* The only writer of a state. */
static void
health_enter(struct health *h, enum health_cause cause, const char *why)
{
	struct endpoint *e = h->endpoint;
	struct scale scale = health_scale(h);
	struct health_event event = {
	    .endpoint = e,
	    .from = endpoint_state(e),
	    .to = verdicts[cause].state,
	    .was_well = health_is_well(e),
	    .why = why,
	};

	h->cause = cause;
	health_publish(h, &scale);
	event.well = health_is_well(e);
	if (event.from == event.to)
		return;
	ASSERT((arrows[event.from] >> event.to & 1) != 0);
	h->since_wall_us = health_wall_us();
	h->changes[event.to]++;
	if (h->registry->changed != NULL)
		h->registry->changed(h->registry->changed_arg, &event);
}

static void
health_begin_warming(struct health *h)
{
	if (h->warm_from == 0 || h->reasons[HEALTH_WARMS] != NULL)
		return;
	h->reasons[HEALTH_WARMS] = xstrdup("slow start");
	h->warm = h->warm_from;
	h->warm_at = 0;
}

/* Who comes back begins to warm up, if that is wanted; who goes has nothing more to warm up for. */
static enum health_cause
health_warming(struct health *h, enum health_cause cause)
{
	bool usable = verdicts[cause].usable, was_usable = verdicts[h->cause].usable;

	if (!usable) {
		free(h->reasons[HEALTH_WARMS]);
		h->reasons[HEALTH_WARMS] = NULL;
	} else if (!was_usable && !(h->first && h->cause == HEALTH_IS_AWAITED)) {
		health_begin_warming(h);
	}
	return health_rule(h);
}

static void
health_settle(struct health *h, const char *why)
{
	enum health_cause cause = health_warming(h, health_rule(h));

	if (cause != h->cause)
		health_enter(h, cause, why);
}

void
health_cool(struct endpoint *e)
{
	struct health *h = e->health;

	if (!verdicts[h->cause].usable)
		return;
	health_begin_warming(h);
	health_settle(h, "slow start");
}

void
health_panic(struct endpoint *e, bool on)
{
	struct scale scale;

	if (e->health->panics == on)
		return;
	e->health->panics = on;
	scale = health_scale(e->health);
	health_publish(e->health, &scale);
}

PRINTF_LIKE(1, 0)
static char *
health_words(const char *fmt, va_list ap)
{
	char *text = NULL;

	ASSERT(vasprintf(&text, fmt, ap) >= 0);
	return text;
}

void
health_hold(struct endpoint *e, enum health_cause cause, const char *fmt, ...)
{
	struct health *h = e->health;
	va_list ap;

	free(h->reasons[cause]);
	va_start(ap, fmt);
	h->reasons[cause] = health_words(fmt, ap);
	va_end(ap);
	health_settle(h, h->reasons[cause]);
}

void
health_release(struct endpoint *e, enum health_cause cause, const char *fmt, ...)
{
	struct health *h = e->health;
	va_list ap;
	char *why;

	if (h->reasons[cause] == NULL)
		return;
	free(h->reasons[cause]);
	h->reasons[cause] = NULL;
	va_start(ap, fmt);
	why = health_words(fmt, ap);
	va_end(ap);
	health_settle(h, why);
	free(why);
}

bool
health_holds(const struct endpoint *e, enum health_cause cause)
{
	return e->health->reasons[cause] != NULL;
}

const char *
health_reason(const struct endpoint *e)
{
	return e->health->cause < HEALTH_CAUSES ? e->health->reasons[e->health->cause] : NULL;
}

/* ---- weights ---- */

/* One weight may move the factors of all its siblings. */
static void
health_publish_all(struct health *h)
{
	struct scale scale = health_scale(h);

	registry_each(h->registry, health_publish_visit, &scale);
	health_publish(h, &scale); /* it may be removed, and still be told the truth about */
}

static void
health_configured_weight(struct endpoint *e, uint32_t weight)
{
	ASSERT(weight > 0);
	if (e->health->weight == weight)
		return;
	e->health->weight = weight;
	health_publish_all(e->health);
}

void
health_weight_by_hand(struct endpoint *e, uint32_t weight)
{
	struct health *h = e->health;

	h->registry->hand_weights -= h->hand_weight != HEALTH_NO_WEIGHT;
	h->registry->hand_weights += weight != HEALTH_NO_WEIGHT;
	h->hand_weight = weight;
	health_publish_all(h);
}

void
health_warm(struct endpoint *e, uint32_t permille)
{
	struct scale scale = health_scale(e->health);

	ASSERT(permille > 0 && permille <= ENDPOINT_FULL);
	e->health->warm = permille;
	health_publish(e->health, &scale);
}

uint32_t
health_weight(const struct endpoint *e)
{
	return health_wanted(e->health);
}

/* ---- what is in force ---- */

bool
health_list(struct endpoint *e, uint32_t weight)
{
	bool new = !e->health->known || health_holds(e, HEALTH_REMOVED);

	e->health->known = true;
	health_release(e, HEALTH_REMOVED, "it is listed again");
	health_configured_weight(e, weight);
	return new;
}

static void
health_unlisted_visit(void *arg, struct endpoint *e)
{
	(void)arg;
	if (e->health->known && atomic_load(&e->listed) == 0 && !health_holds(e, HEALTH_REMOVED))
		health_hold(e, HEALTH_REMOVED, "it is listed no more");
}

void
health_drain_unlisted(struct registry *r)
{
	registry_each(r, health_unlisted_visit, NULL);
}

/* ---- life ---- */

void
health_attend(struct registry *r, health_changed_fn *changed, void *arg)
{
	r->changed = changed;
	r->changed_arg = arg;
}

struct health *
health_new(struct registry *r, struct endpoint *e)
{
	struct health *h = xcalloc(1, sizeof(*h));

	h->registry = r;
	h->endpoint = e;
	h->cause = HEALTH_NOTHING_SAID;
	h->since_wall_us = health_wall_us();
	h->weight = 1;
	h->hand_weight = HEALTH_NO_WEIGHT;
	h->warm = ENDPOINT_FULL;
	atomic_init(&e->word,
	    (uint32_t)ENDPOINT_UNCHECKED << ENDPOINT_STATE | ENDPOINT_USABLE | ENDPOINT_FULL);
	return h;
}

void
health_free(struct health **hp)
{
	struct health *h = *hp;

	h->registry->hand_weights -= h->hand_weight != HEALTH_NO_WEIGHT;
	for (size_t i = 0; i < HEALTH_CAUSES; i++)
		free(h->reasons[i]);
	free(h);
	*hp = NULL;
}
