#include "run/endpoints.h"

#include "upstream/health.h"

void
endpoints_check(struct server *s, const struct backend *b, struct endpoint *e, bool trusted)
{
	bool nameless = health_holds(e, HEALTH_NAMELESS);

	probes_keep(s->probes, e, nameless ? NULL : b->check, trusted);
}

/* Who was in use before there were checks is trusted until they say otherwise. */
void
endpoints_follow(struct server *s, const struct backend *b)
{
	const struct targets *t = backend_targets(b);

	for (uint32_t i = 0; i < t->n; i++) {
		struct endpoint *e = t->v[i].endpoint;
		bool new = health_list(e, t->v[i].weight);

		if (!health_holds(e, HEALTH_BY_HAND))
			endpoints_check(s, b, e, !new);
	}
}

void
endpoints_settle(struct server *s)
{
	health_drain_unlisted(s->registry);
	probes_sweep(s->probes); /* then: who is gone is not to be well for a moment */
	hands_follow(s);
}
