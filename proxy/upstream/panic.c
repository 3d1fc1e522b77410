#include "upstream/panic.h"

#include "upstream/backend.h"
#include "upstream/health.h"

enum { PERCENT = 100 };

bool
panic_review(struct backend *b)
{
	struct panic *p = &b->state->panic;
	const struct targets *t = backend_targets(b);
	bool was = p->on;

	p->well = p->n = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		p->well += health_is_well(t->v[i].endpoint);
		p->n += health_may_panic(t->v[i].endpoint);
	}
	p->on = (uint64_t)p->well * PERCENT < (uint64_t)p->n * b->panic;
	if (p->on && t->groups.n > 1) /* the others may be there for just this */
		p->on = !groups_suffice(&t->groups);
	for (uint32_t i = 0; i < t->n; i++)
		health_panic(t->v[i].endpoint, p->on);
	return p->on != was;
}
