/* groups - what requests are divided among before a balancer picks: a backend's targets by level of
 * priority and, where that counts, by zone, with a balancer for each. The part of each follows from
 * who is well, and is published in one word, which a pick reads. Most backends have one group, and
 * nothing is divided. */
#ifndef UPSTREAM_GROUPS_H
#define UPSTREAM_GROUPS_H

#include "upstream/balance.h"
#include "upstream/levels.h"
#include "upstream/zones.h"

struct group {
	const struct balance_target *v; /* borrowed from the set; they lie side by side */
	uint32_t n, priority;
	const char *zone;        /* NULL: unknown, or it does not count */
	struct balance *balance; /* owned */
	_Atomic uint32_t upto;   /* its part and those before it, of LEVEL_ALL; relaxed */
};

struct groups {
	struct group *v; /* owned; at least one */
	uint32_t n;
	bool hashed; /* the same key always goes to the same group */
	struct zones zones;
};

/* Over the spec's targets, which are brought in order. The first has all, until divided. */
void groups_init(struct groups *g, struct balance_target *targets, const struct balance_spec *spec,
    const struct zones *zones);
void groups_fini(struct groups *g);
/* Who is drawn: of another group only if nobody of that one may be chosen. NULL: nobody may. */
struct endpoint *groups_pick(const struct groups *g, const struct balance_pick *pick);
/* After a change of anybody's state. Control thread, as all below. True: others have other parts.
 */
bool groups_divide(const struct groups *g);
bool groups_suffice(const struct groups *g); /* so many are well that they bear it all */
double groups_percent(const struct groups *g, uint32_t i); /* the part of one */
char *group_name(const struct group *g); /* "priority 0", or "priority 0 in eu-1a"; to be freed */

#endif
