#include "upstream/backend.h"

#include <stdlib.h>

#include "upstream/check.h"
#include "upstream/registry.h"

struct backend *
backend_new(struct registry *r, const struct backend_spec *spec)
{
	struct backend *b = xcalloc(1, sizeof(*b));

	b->state = registry_backend_state(r, spec->name);
	b->name = b->state->name;
	b->at = spec->at;
	b->hashed = spec->hashed;
	b->hash_source = spec->hash_source;
	if (spec->hash_name.len > 0)
		b->hash_name = str_of(str_dup(spec->hash_name), spec->hash_name.len);
	b->guard = spec->guard;
	b->outlier = spec->outlier;
	b->zones = spec->zones;
	b->panic = spec->panic;
	b->warming = spec->warming;
	b->sticky = sticky_new(&spec->sticky, b->name, r->sticky_key);
	b->proxy_protocol = spec->proxy_protocol;
	b->codec = spec->codec != NULL ? spec->codec : &codec_h1;
	b->tls = spec->tls;
	b->balance = spec->balance;
	b->balance.in_flight = &b->state->guard.requests;
	b->recipe = spec->recipe;
	if (b->recipe == NULL)
		b->staged = targets_new(&b->balance, &b->zones, b->sticky);
	b->balance.targets = NULL; /* the spec's */
	b->check = spec->check;
	return b;
}

/* Who is in another zone? With strict they are not wanted at all. Returns how many are. */
static uint32_t
backend_place(const struct backend *b, struct balance_target *v, uint32_t n)
{
	const struct zones *z = &b->zones;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		bool away = z->here != NULL && v[i].zone != NULL && v[i].zone != z->here;

		atomic_store_explicit(&v[i].endpoint->away, away, memory_order_relaxed);
		if (z->mode == ZONES_STRICT && v[i].zone != z->here)
			endpoint_unref(&v[i].endpoint);
		else
			v[kept++] = v[i];
	}
	return kept;
}

void
backend_compose(struct backend *b, struct registry *r)
{
	struct balance_spec balance = b->balance;
	struct balance_target *targets = recipe_compose(b->recipe, r, b->name, &balance.n);

	balance.n = backend_place(b, targets, balance.n);
	balance.targets = targets;
	targets_free(&b->staged);
	b->staged = targets_new(&balance, &b->zones, b->sticky);
	b->staged->nameless = balance.n > 0;
	for (uint32_t i = 0; i < balance.n; i++)
		b->staged->nameless &= health_holds(targets[i].endpoint, HEALTH_NAMELESS);
	free(targets);
}

void
backend_free(struct backend **bp)
{
	struct backend *b = *bp;

	if (b == NULL)
		return;
	targets_free(&b->staged);
	recipe_free(&b->recipe);
	free((char *)(uintptr_t)b->hash_name.p);
	sticky_free(&b->sticky);
	tls_client_unref(&b->tls);
	check_unref(&b->check);
	backend_state_unref(&b->state);
	free(b);
	*bp = NULL;
}

static void
targets_reap(struct reap *r)
{
	struct targets *t = container_of(r, struct targets, reap);

	targets_free(&t);
}

/* The new ones are listed before the old ones are not, so that an endpoint of both never looks as
 * if it were gone. Release, so that who reads the pointer sees what it points at. */
void
backend_publish(struct backend *b, struct grace *g)
{
	struct backend_state *s = b->state;
	struct targets *new = b->staged, *old;

	ASSERT(new != NULL);
	b->staged = NULL;
	targets_list(new);
	old = atomic_exchange_explicit(&s->targets, new, memory_order_acq_rel);
	if (old != NULL && s->listed)
		targets_unlist(old);
	s->listed = true;
	warming_join(b);
	if (old != NULL)
		grace_retire(g, &old->reap, targets_reap);
}

const struct targets *
backend_targets(const struct backend *b)
{
	return b->staged != NULL ? b->staged : backend_targets_now(b);
}

enum fault
backend_conn_open(struct backend *b, struct endpoint *e)
{
	if (!guard_count(&e->conns, b->guard.endpoint_connections))
		return FAULT_connection_limit_reached;
	if (guard_count(&b->state->guard.conns, b->guard.max_connections))
		return FAULT_none;
	guard_uncount(&e->conns);
	return FAULT_connection_limit_reached;
}

void
backend_conn_closed(struct backend_state *s, struct endpoint *e)
{
	guard_uncount(&e->conns);
	guard_uncount(&s->guard.conns);
}

/* Nobody may be chosen: would somebody without the limit? */
static enum fault
backend_why_nobody(const struct targets *t, const struct balance_pick *pick)
{
	struct balance_pick any = *pick;

	any.limit = 0;
	if (pick->limit != 0 && groups_pick(&t->groups, &any) != NULL)
		return FAULT_connection_limit_reached;
	return t->nameless ? FAULT_dns_error : FAULT_destination_unavailable;
}

/* Choosing and counting are two steps: two workers may choose the same endpoint before either
 * counts. The next choice sees both, and a lock would cost more than that. A limit is exact all the
 * same: who counts one too many chooses again. */
struct endpoint *
backend_pick(struct backend *b, const struct balance_pick *pick, enum fault *why)
{
	const struct targets *t = backend_targets_now(b);
	struct endpoint *e;

	do {
		e = groups_pick(&t->groups, pick);
		if (unlikely(e == NULL)) {
			*why = backend_why_nobody(t, pick);
			return NULL;
		}
	} while (!guard_count(&e->in_flight, pick->limit));
	return e;
}

void
backend_pick_done(struct endpoint *e)
{
	guard_uncount(&e->in_flight);
}

struct endpoint *
backend_pick_seat(struct backend *b, const struct balance_pick *pick, const struct sticky_tag *seat,
    enum fault *why)
{
	const struct targets *t = backend_targets_now(b);
	uint32_t i = sticky_find(t->seats, t->n, seat);
	struct balance_pick any = *pick;

	any.limit = 0;
	*why = FAULT_none;
	if (i == BALANCE_NONE)
		return NULL;
	*why = FAULT_destination_unavailable;
	if (!balance_may(&any, t->v[i].endpoint))
		return NULL;
	*why = FAULT_connection_limit_reached;
	return guard_count(&t->v[i].endpoint->in_flight, pick->limit) ? t->v[i].endpoint : NULL;
}

bool
backend_has(const struct backend *b, const struct balance_pick *pick)
{
	const struct targets *t = backend_targets_now(b);
	struct balance_pick any = *pick;

	any.limit = 0;
	for (uint32_t i = 0; i < t->n; i++)
		if (balance_may(&any, t->v[i].endpoint))
			return true;
	return false;
}
