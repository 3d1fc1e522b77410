#include "upstream/targets.h"

#include <stdlib.h>

struct targets *
targets_new(const struct balance_spec *spec, const struct zones *zones, const struct sticky *sticky)
{
	struct targets *t = xcalloc(1, sizeof(*t));

	t->n = spec->n;
	t->v = xcalloc(t->n, sizeof(*t->v));
	groups_init(&t->groups, t->v, spec, zones);
	if (sticky != NULL)
		t->seats = sticky_seats(sticky, t->v, t->n);
	return t;
}

void
targets_free(struct targets **tp)
{
	struct targets *t = *tp;

	*tp = NULL;
	if (t == NULL)
		return;
	groups_fini(&t->groups);
	for (uint32_t i = 0; i < t->n; i++)
		endpoint_unref(&t->v[i].endpoint);
	free(t->seats);
	free(t->v);
	free(t);
}

/* Relaxed: a worker that reads the old word keeps a connection that the round of letters after it
 * finds, or closes one that it might have kept. */
void
targets_list(const struct targets *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		atomic_fetch_add_explicit(&t->v[i].endpoint->listed, 1, memory_order_relaxed);
}

void
targets_unlist(const struct targets *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		atomic_fetch_sub_explicit(&t->v[i].endpoint->listed, 1, memory_order_relaxed);
}
