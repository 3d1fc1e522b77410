#include "flow/snapshot.h"

#include <stdlib.h>

static void
snapshot_last(struct letter *letter, void *owner)
{
	(void)owner;
	snapshot_destroy(container_of(letter, struct snapshot, letter));
}

void
snapshot_unref(struct snapshot **sp)
{
	struct snapshot *s = *sp;

	*sp = NULL;
	if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) > 1)
		return;
	if (s->home == NULL) {
		snapshot_destroy(s);
		return;
	}
	s->letter.run = snapshot_last;
	loop_post(s->home, &s->letter);
}

static void
route_free(struct route *r)
{
	arms_fini(&r->arms);
	meter_unref(&r->meter);
	free((char *)(uintptr_t)r->name.p);
	free(r);
}

static void
listener_spec_fini(struct listener_spec *l)
{
	struct tls_server *tls = atomic_load(&l->tls);

	arms_fini(&l->arms);
	sni_fini(&l->sni);
	tls_server_unref(&tls);
	meter_unref(&l->meter);
	free((char *)(uintptr_t)l->name.p);
	free(l->proxy_from);
}

void
snapshot_destroy(struct snapshot *s)
{
	table_free(&s->table);
	for (uint32_t i = 0; i < s->n_routes; i++)
		route_free(s->routes[i]);
	for (uint32_t i = 0; i < s->n_listeners; i++)
		listener_spec_fini(&s->listeners[i]);
	for (uint32_t i = 0; i < s->n_backends; i++)
		backend_free(&s->backends[i]);
	map_free(&s->backends_by_name);
	MAP_EACH(&s->policies, slot)
		free(slot->value);
	map_free(&s->policies);
	free(s->routes);
	free(s->listeners);
	free(s->backends);
	free(s->trusted);
	free(s);
}

void
snapshot_publish(const struct snapshot *s, const struct snapshot *old, struct grace *g)
{
	for (uint32_t i = 0; i < s->n_backends; i++)
		backend_publish(s->backends[i], g);
	for (uint32_t i = 0; old != NULL && i < old->n_backends; i++)
		if (map_get(&s->backends_by_name, old->backends[i]->name) == NULL)
			backend_state_withdraw(old->backends[i]->state);
}

void
listener_states_free(struct map *states)
{
	MAP_EACH(states, slot) {
		struct listener_state *state = slot->value;

		free(state->key);
		free(state);
	}
	map_free(states);
}
