#include "upstream/groups.h"

#include <stdlib.h>

#include "upstream/health.h"

enum { GROUP_DRAW = 48 /* a shift: 16 bits of 64 are drawn, as LEVEL_ALL has them */ };

/* ---- life ---- */

/* By zones: its zone; NULL where zones do not count. */
static const char *
groups_zone(const struct groups *g, const struct balance_target *t)
{
	bool count = g->zones.here != NULL &&
		     (g->zones.mode == ZONES_PROPORTIONAL || g->zones.mode == ZONES_PREFER);

	return count ? t->zone : NULL;
}

/* Whose group is the next: the first of those of the lowest priority, at home before elsewhere. */
static const struct balance_target *
groups_next(const struct groups *g, const struct balance_spec *spec, const bool *done)
{
	const struct balance_target *next = NULL;

	for (uint32_t i = 0; i < spec->n; i++) {
		const struct balance_target *t = &spec->targets[i];
		bool home = t->zone == g->zones.here;

		if (!done[i] &&
		    (next == NULL || t->priority < next->priority ||
			(t->priority == next->priority && home && next->zone != g->zones.here)))
			next = t;
	}
	return next;
}

/* The bound of hashing counts the requests of all groups: it is wider while several have some. */
static void
group_init(
    struct group *g, const struct balance_target *v, uint32_t n, const struct balance_spec *spec)
{
	struct balance_spec own = *spec;

	own.targets = v;
	own.n = n;
	*g = (struct group){.v = v, .n = n, .balance = balance_new(&own)};
	if (n > 0)
		g->priority = v->priority;
	atomic_init(&g->upto, LEVEL_ALL);
}

void
groups_init(struct groups *g, struct balance_target *targets, const struct balance_spec *spec,
    const struct zones *zones)
{
	bool *done = xcalloc(spec->n, sizeof(*done));
	const struct balance_target *next;
	uint32_t n = 0;

	*g = (struct groups){.zones = *zones,
	    .hashed = spec->kind == BALANCE_KIND_MAGLEV || spec->kind == BALANCE_KIND_RING};
	do {
		uint32_t from = n;

		next = groups_next(g, spec, done);
		for (uint32_t i = 0; i < spec->n; i++) {
			const struct balance_target *t = &spec->targets[i];

			if (done[i] || t->priority != next->priority ||
			    groups_zone(g, t) != groups_zone(g, next))
				continue;
			done[i] = true;
			targets[n++] = *t;
		}
		g->v = xrealloc(g->v, (g->n + 1) * sizeof(*g->v));
		group_init(&g->v[g->n], targets + from, n - from, spec);
		g->v[g->n++].zone = next != NULL ? groups_zone(g, next) : NULL;
	} while (n < spec->n);
	free(done);
}

void
groups_fini(struct groups *g)
{
	for (uint32_t i = 0; i < g->n; i++)
		balance_free(&g->v[i].balance);
	free(g->v);
}

/* ---- picking ---- */

static struct endpoint *
group_pick(const struct group *g, const struct balance_pick *pick)
{
	uint32_t i = balance_next(g->balance, pick);

	return i != BALANCE_NONE ? g->v[i].endpoint : NULL;
}

/* The balancer draws from the same bits: multiplied, so that a group is not a part of them. */
static uint32_t
groups_draw(const struct groups *g, const struct balance_pick *pick)
{
	uint64_t bits = g->hashed ? pick->key : pick->random, odd = 0x9e3779b97f4a7c15;
	uint32_t drawn = (uint32_t)(bits * odd >> GROUP_DRAW), i = 0;

	while (i < g->n - 1 && drawn >= atomic_load_explicit(&g->v[i].upto, memory_order_relaxed))
		i++;
	return i;
}

struct endpoint *
groups_pick(const struct groups *g, const struct balance_pick *pick)
{
	uint32_t drawn;
	struct endpoint *e;

	if (likely(g->n == 1))
		return group_pick(g->v, pick);
	drawn = groups_draw(g, pick);
	e = group_pick(&g->v[drawn], pick);
	for (uint32_t i = 0; i < g->n && e == NULL; i++)
		if (i != drawn)
			e = group_pick(&g->v[i], pick);
	return e;
}

/* ---- dividing ---- */

/* Groups of one priority lie side by side. */
static uint32_t
groups_level_end(const struct groups *g, uint32_t i)
{
	uint32_t priority = g->v[i].priority;

	while (i < g->n && g->v[i].priority == priority)
		i++;
	return i;
}

static void
group_count(const struct group *g, struct level *level, struct zone_part *part)
{
	part->zone = g->zone;
	for (uint32_t j = 0; j < g->n; j++) {
		const struct balance_target *t = &g->v[j];
		bool well = health_is_well(t->endpoint);

		level->weight += t->weight;
		part->n_well += well;
		part->well += well ? t->weight : 0;
		part->usable += endpoint_usable(t->endpoint) ? t->weight : 0;
	}
	level->well += part->well;
	level->usable += part->usable;
}

/* What is where; returns how many levels there are. There is room for g->n of both. */
static uint32_t
groups_count(const struct groups *g, struct level *levels, struct zone_part *parts)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->n; n++)
		for (uint32_t end = groups_level_end(g, i); i < end; i++)
			group_count(&g->v[i], &levels[n], &parts[i]);
	return n;
}

bool
groups_divide(const struct groups *g)
{
	struct level *levels;
	struct zone_part *parts;
	uint32_t upto = 0;
	bool changed = false;

	if (g->n == 1)
		return false;
	levels = xcalloc(g->n, sizeof(*levels));
	parts = xcalloc(g->n, sizeof(*parts));
	levels_divide(levels, groups_count(g, levels, parts));
	for (uint32_t i = 0, l = 0; i < g->n; i = groups_level_end(g, i), l++)
		zones_divide(&g->zones, parts + i, groups_level_end(g, i) - i, levels[l].share);
	for (uint32_t i = 0; i < g->n; i++) {
		upto += parts[i].share;
		changed |=
		    atomic_exchange_explicit(&g->v[i].upto, upto, memory_order_relaxed) != upto;
	}
	free(levels);
	free(parts);
	return changed;
}

bool
groups_suffice(const struct groups *g)
{
	struct level *levels = xcalloc(g->n, sizeof(*levels));
	struct zone_part *parts = xcalloc(g->n, sizeof(*parts));
	uint32_t n = groups_count(g, levels, parts);
	bool suffice = n > 1 && levels_suffice(levels, n);

	free(levels);
	free(parts);
	return suffice;
}

double
groups_percent(const struct groups *g, uint32_t i)
{
	enum { PERCENT = 100 };
	uint32_t before = i > 0 ? atomic_load(&g->v[i - 1].upto) : 0;

	return (double)(atomic_load(&g->v[i].upto) - before) * PERCENT / LEVEL_ALL;
}

char *
group_name(const struct group *g)
{
	return g->zone != NULL ? xasprintf("priority %u in %s", g->priority, g->zone)
			       : xasprintf("priority %u", g->priority);
}
