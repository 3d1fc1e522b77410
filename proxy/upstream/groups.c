#include "upstream/groups.h"

#include <stdlib.h>

#include "upstream/health.h"

enum { GROUP_DRAW = 48 /* a shift: 16 bits of 64 are drawn, as LEVEL_ALL has them */ };

/* ---- life ---- */

/* The lowest priority that is at least `from`; UINT32_MAX: none. */
static uint32_t
groups_next(const struct balance_spec *spec, uint32_t from)
{
	uint32_t next = UINT32_MAX;

	for (uint32_t i = 0; i < spec->n; i++)
		if (spec->targets[i].priority >= from && spec->targets[i].priority < next)
			next = spec->targets[i].priority;
	return next;
}

/* The bound of hashing counts the requests of all groups: it is wider while several have some. */
static void
group_init(struct group *g, uint32_t priority, const struct balance_target *v, uint32_t n,
    const struct balance_spec *spec)
{
	struct balance_spec own = *spec;

	own.targets = v;
	own.n = n;
	*g = (struct group){.v = v, .n = n, .priority = priority, .balance = balance_new(&own)};
	atomic_init(&g->upto, LEVEL_ALL);
}

void
groups_init(struct groups *g, struct balance_target *targets, const struct balance_spec *spec)
{
	uint32_t priority = spec->n > 0 ? groups_next(spec, 0) : 0, done = 0;

	*g = (struct groups){
	    .hashed = spec->kind == BALANCE_KIND_MAGLEV || spec->kind == BALANCE_KIND_RING};
	do {
		uint32_t from = done;

		for (uint32_t i = 0; i < spec->n; i++)
			if (spec->targets[i].priority == priority)
				targets[done++] = spec->targets[i];
		g->v = xrealloc(g->v, (g->n + 1) * sizeof(*g->v));
		group_init(&g->v[g->n++], priority, targets + from, done - from, spec);
		priority = done < spec->n ? groups_next(spec, priority + 1) : UINT32_MAX;
	} while (priority != UINT32_MAX);
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

static struct level *
groups_levels(const struct groups *g)
{
	struct level *levels = xcalloc(g->n, sizeof(*levels));

	for (uint32_t i = 0; i < g->n; i++)
		for (uint32_t j = 0; j < g->v[i].n; j++) {
			const struct balance_target *t = &g->v[i].v[j];

			levels[i].weight += t->weight;
			levels[i].well += health_is_well(t->endpoint) ? t->weight : 0;
			levels[i].usable += endpoint_usable(t->endpoint) ? t->weight : 0;
		}
	return levels;
}

bool
groups_divide(const struct groups *g)
{
	struct level *levels;
	uint32_t upto = 0;
	bool changed = false;

	if (g->n == 1)
		return false;
	levels = groups_levels(g);
	levels_divide(levels, g->n);
	for (uint32_t i = 0; i < g->n; i++) {
		upto += levels[i].share;
		changed |=
		    atomic_exchange_explicit(&g->v[i].upto, upto, memory_order_relaxed) != upto;
	}
	free(levels);
	return changed;
}

bool
groups_suffice(const struct groups *g)
{
	struct level *levels = groups_levels(g);
	bool suffice = levels_suffice(levels, g->n);

	free(levels);
	return suffice;
}

double
groups_percent(const struct groups *g, uint32_t i)
{
	enum { PERCENT = 100 };
	uint32_t before = i > 0 ? atomic_load(&g->v[i - 1].upto) : 0;

	return (double)(atomic_load(&g->v[i].upto) - before) * PERCENT / LEVEL_ALL;
}
