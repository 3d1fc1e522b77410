#include "upstream/probes.h"

#include <stdlib.h>
#include <sys/random.h>

#include "upstream/health.h"

enum {
	PROBES_RESERVE = 16, /* free objects kept of each kind */
	PROBES_SHARE = 64,   /* checks that begin in one turn */
};

struct probes *
probes_new(struct loop *l)
{
	struct probes *p = xcalloc(1, sizeof(*p));

	p->loop = l;
	LIST_INIT(&p->list);
	codec_slabs_init(&p->slabs, SIDE_UPSTREAM, PROBES_RESERVE);
	p->codec_spec = (struct codec_spec){
	    .side = SIDE_UPSTREAM, .slabs = &p->slabs, .draining = &p->draining};
	if (getrandom(&p->random, sizeof(p->random), 0) != sizeof(p->random))
		p->random = (uintptr_t)p; /* spread is wanted, not secrecy */
	return p;
}

static void
probes_drop(struct probe *probe)
{
	LIST_REMOVE(probe, entry);
	probe_free(&probe);
}

void
probes_free(struct probes **pp)
{
	struct probes *p = *pp;
	struct probe *probe, *next;

	*pp = NULL;
	if (p == NULL)
		return;
	LIST_FOREACH_SAFE(probe, &p->list, entry, next)
		probes_drop(probe);
	codec_slabs_fini(&p->slabs);
	free(p);
}

bool
probes_admit(struct probes *p)
{
	if (p->turn != p->loop->now)
		p->begun = 0;
	p->turn = p->loop->now;
	return p->begun++ < PROBES_SHARE;
}

void
probes_keep(struct probes *p, struct endpoint *e, struct check *c, bool trusted)
{
	struct probe *probe = e->probe;

	if (c == NULL) {
		if (probe != NULL)
			probes_drop(probe);
	} else if (probe != NULL) {
		probe_change(probe, c);
	} else {
		probe = probe_new(p, e, c, trusted);
		LIST_INSERT_HEAD(&p->list, probe, entry);
	}
}

void
probes_sweep(struct probes *p)
{
	struct probe *probe, *next;

	LIST_FOREACH_SAFE(probe, &p->list, entry, next)
		if (atomic_load_explicit(&probe->endpoint->listed, memory_order_relaxed) == 0)
			probes_drop(probe);
}

bool
probes_await(const struct probes *p)
{
	const struct probe *probe;

	LIST_FOREACH(probe, &p->list, entry)
		if (health_holds(probe->endpoint, HEALTH_IS_AWAITED))
			return true;
	return false;
}
