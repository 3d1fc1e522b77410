#include "upstream/backend_state.h"

#include <stdlib.h>

#include "upstream/registry.h"

struct backend_state *
registry_backend_state(struct registry *r, struct str name)
{
	enum { FIRST_ROOM = 16 };
	struct backend_state *s = map_get(&r->state_by_name, name);

	if (s != NULL) {
		atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
		return s;
	}
	s = aligned_alloc(CACHE_LINE, sizeof(*s));
	ASSERT(s != NULL);
	memset(s, 0, sizeof(*s));
	s->name = str_of(str_dup(name), name.len);
	s->meter = meter_get(r->meters, METER_BACKEND, name, STR_NONE, r->backend_block);
	guard_init(&s->guard, meters_workers(r->meters));
	atomic_init(&s->refs, 1);
	if (r->states_n == r->states_room) {
		r->states_room = r->states_room ? r->states_room * 2 : FIRST_ROOM;
		r->states = xrealloc(r->states, r->states_room * sizeof(*r->states));
	}
	r->states[r->states_n++] = s;
	map_put(&r->state_by_name, s->name, s);
	return s;
}

/* Release, so that all this thread did with the state comes before the sweep that frees it. */
void
backend_state_unref(struct backend_state **s)
{
	uint32_t refs;

	if (*s == NULL)
		return;
	refs = atomic_fetch_sub_explicit(&(*s)->refs, 1, memory_order_release);
	ASSERT(refs > 0);
	*s = NULL;
}

void
backend_state_withdraw(struct backend_state *s)
{
	if (s->listed)
		targets_unlist(atomic_load_explicit(&s->targets, memory_order_relaxed));
	s->listed = false;
}

static bool
backend_state_is_dead(const struct backend_state *s)
{
	return atomic_load_explicit(&s->refs, memory_order_acquire) == 0 &&
	       guard_is_unused(&s->guard);
}

static void
backend_state_reap(struct reap *r)
{
	struct backend_state *s = container_of(r, struct backend_state, reap);
	struct targets *targets = atomic_load_explicit(&s->targets, memory_order_relaxed);

	targets_free(&targets);
	meter_unref(&s->meter);
	guard_fini(&s->guard);
	free((char *)(uintptr_t)s->name.p);
	free(s);
}

/* Who gave back the last of what is counted may still look at the queue, until its turn ends. */
void
backend_states_sweep(struct registry *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->states_n; i++) {
		struct backend_state *s = r->states[i];

		if (!backend_state_is_dead(s)) {
			r->states[kept++] = s;
			continue;
		}
		map_remove(&r->state_by_name, s->name);
		backend_state_withdraw(s);
		grace_retire(r->grace, &s->reap, backend_state_reap);
	}
	r->states_n = kept;
}
