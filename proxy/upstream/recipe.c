#include "upstream/recipe.h"

#include <stdlib.h>

#include "upstream/health.h"

enum { RECIPE_WEIGHT_MAX = 1000 };

struct recipe *
recipe_new(const struct recipe_part *parts, uint32_t n)
{
	struct recipe *recipe = xcalloc(1, sizeof(*recipe));

	recipe->v = xcalloc(n, sizeof(*recipe->v));
	recipe->n = n;
	for (uint32_t i = 0; i < n; i++) {
		recipe->v[i] = parts[i];
		recipe->v[i].text = str_of(str_dup(parts[i].text), parts[i].text.len);
		recipe->living |= parts[i].roster != NULL;
	}
	return recipe;
}

void
recipe_free(struct recipe **rp)
{
	struct recipe *recipe = *rp;

	*rp = NULL;
	if (recipe == NULL)
		return;
	for (uint32_t i = 0; i < recipe->n; i++) {
		roster_unref(&recipe->v[i].roster);
		free((char *)(uintptr_t)recipe->v[i].text.p);
	}
	free(recipe->v);
	free(recipe);
}

bool
recipe_has(const struct recipe *recipe, const struct roster *r)
{
	for (uint32_t i = 0; i < recipe->n; i++)
		if (recipe->v[i].roster == r)
			return true;
	return false;
}

/* ---- composing ---- */

struct composing {
	struct registry *registry;
	struct str backend;
	struct balance_target *v;
	uint32_t n;
	bool *seen; /* by endpoint id */
	uint32_t ids;
};

static struct endpoint *
compose_add(
    struct composing *c, struct str name, const struct addr *addr, const struct balance_target *as)
{
	struct endpoint *e = registry_endpoint(c->registry, c->backend, name, addr);

	ASSERT(e->id < c->ids);
	if (c->seen[e->id]) {
		endpoint_unref(&e);
		return NULL;
	}
	c->seen[e->id] = true;
	c->v[c->n] = *as;
	c->v[c->n++].endpoint = e;
	return e;
}

/* RFC 2782: the shares are in proportion, and a weight of 0 is a small one. Ours end at 1000. */
static uint32_t
compose_share(const struct spot *p, uint32_t heaviest)
{
	uint64_t weight = p->weight;

	if (heaviest > RECIPE_WEIGHT_MAX)
		weight = weight * RECIPE_WEIGHT_MAX / heaviest;
	return weight > 0 ? (uint32_t)weight : 1;
}

/* A file says how far behind the part's priority an endpoint is; of a service's records only the
 * order counts (RFC 2782). */
static void
compose_spots(struct composing *c, const struct recipe_part *part)
{
	const struct roster *r = part->roster;
	uint32_t heaviest = 0, rank = 0;
	char text[ADDR_TEXT];

	for (uint32_t i = 0; i < r->n; i++)
		if (r->spots[i].weight > heaviest)
			heaviest = r->spots[i].weight;
	for (uint32_t i = 0; i < r->n; i++) {
		const struct spot *p = &r->spots[i];

		rank += i > 0 && p->priority != r->spots[i - 1].priority;
		(void)compose_add(c, str_of(text, addr_text(&p->addr, text)), &p->addr,
		    &(struct balance_target){.weight = r->kind == ROSTER_NAME
							   ? part->weight
							   : compose_share(p, heaviest),
			.priority = part->priority + (r->kind == ROSTER_FILE ? p->priority : rank),
			.zone = p->zone != NULL ? p->zone : part->zone});
	}
}

static void
compose_part(struct composing *c, const struct recipe_part *part)
{
	static const struct addr none = {.sa.sa_family = AF_INET};
	const struct balance_target as = {
	    .weight = part->weight, .priority = part->priority, .zone = part->zone};
	const struct roster *r = part->roster;
	struct endpoint *e;

	if (r == NULL) {
		(void)compose_add(c, part->text, &part->addr, &as);
		return;
	}
	if (r->n > 0) {
		compose_spots(c, part);
		return;
	}
	if (r->kind == ROSTER_FILE) /* it may well say that there is nobody */
		return;
	e = compose_add(c, part->text, &none, &as);
	if (e != NULL)
		health_hold(e, HEALTH_NAMELESS, "its name does not resolve (%s)",
		    r->why != NULL ? r->why : "no answer yet");
}

struct balance_target *
recipe_compose(const struct recipe *recipe, struct registry *r, struct str backend, uint32_t *n)
{
	struct composing c = {.registry = r, .backend = backend};
	uint32_t room = 0;

	for (uint32_t i = 0; i < recipe->n; i++)
		room += recipe->v[i].roster != NULL && recipe->v[i].roster->n > 0
			    ? recipe->v[i].roster->n
			    : 1;
	c.ids = registry_ids(r) + room;
	c.v = xcalloc(room, sizeof(*c.v));
	c.seen = xcalloc(c.ids, sizeof(*c.seen));
	for (uint32_t i = 0; i < recipe->n; i++)
		compose_part(&c, &recipe->v[i]);
	free(c.seen);
	*n = c.n;
	return c.v;
}
