#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <pthread.h>

#include "place.h"
#include "upstream/backend.h"
#include "upstream/health.h"

static struct endpoint *
endpoint(struct place *p, const char *backend, uint16_t port)
{
	char name[32];
	struct addr a;

	snprintf(name, sizeof(name), "10.0.0.1:%u", port);
	assert_true(addr_parse(str_from(name), false, &a));
	return registry_endpoint(p->registry, str_from(backend), str_from(name), &a);
}

static struct backend *
backend(struct place *p, const char *name, uint32_t n, uint32_t max_conns, uint32_t max_requests)
{
	struct balance_target targets[8];
	struct backend_spec spec = {.name = str_from(name),
	    .balance = {BALANCE_KIND_LEAST, targets, n, 0, NULL},
	    .guard = {.max_connections = max_conns, .max_requests = max_requests}};
	struct backend *b;

	assert_true(n <= nelem(targets));
	for (uint32_t i = 0; i < n; i++)
		targets[i] = (struct balance_target){
		    .endpoint = endpoint(p, name, (uint16_t)(i + 1)), .weight = 1};
	b = backend_new(p->registry, &spec);
	backend_publish(b, NULL);
	return b;
}

static struct endpoint *
pick_one(struct backend *b, const struct balance_pick *pick)
{
	enum fault why;

	return backend_pick(b, pick, &why);
}

static enum fault
enter(struct backend *b, struct guard_pass *p)
{
	return guard_enter(&b->state->guard, &b->guard, p, 0);
}

static void
leave(struct backend *b, struct guard_pass *p)
{
	guard_leave(&b->state->guard, p);
}

static void
holds_exactly_as_many_connections_as_the_limit(void **state)
{
	struct backend *b = backend(*state, "b", 1, 2, 0);
	struct backend_state *s = b->state;
	struct endpoint *e = backend_targets(b)->v[0].endpoint;

	for (int i = 0; i < 2; i++)
		assert_int_equal(backend_conn_open(b, e), FAULT_none);
	assert_int_equal(backend_conn_open(b, e), FAULT_connection_limit_reached);
	assert_int_equal(s->guard.conns, 2);
	assert_int_equal(e->conns, 2);
	backend_conn_closed(s, e);
	b->guard.endpoint_connections = 1;
	assert_int_equal(backend_conn_open(b, e), FAULT_connection_limit_reached);
	backend_conn_closed(s, e);
	assert_int_equal(backend_conn_open(b, e), FAULT_none);
	backend_conn_closed(s, e);
	assert_int_equal(s->guard.conns, 0);
	backend_free(&b);
	assert_null(b);
}

static void
passes_over_endpoints_that_have_all_they_may(void **state)
{
	struct backend *b = backend(*state, "b", 3, 0, 0);
	const struct balance_target *v = backend_targets(b)->v;
	const struct balance_pick pick = {.limit = 2}, unlimited = {0};
	enum fault why = FAULT_none;

	for (int i = 0; i < 6; i++)
		assert_non_null(backend_pick(b, &pick, &why));
	for (int i = 0; i < 3; i++)
		assert_int_equal(v[i].endpoint->in_flight, 2);
	assert_null(backend_pick(b, &pick, &why));
	assert_int_equal(why, FAULT_connection_limit_reached);
	backend_pick_done(v[1].endpoint);
	assert_ptr_equal(backend_pick(b, &pick, &why), v[1].endpoint);
	assert_non_null(backend_pick(b, &unlimited, &why));
	for (int i = 0; i < 3; i++)
		while (v[i].endpoint->in_flight > 0)
			backend_pick_done(v[i].endpoint);
	backend_free(&b);
}

static void
counts_on_over_a_reload(void **state)
{
	struct place *p = *state;
	struct backend *old = backend(p, "b", 2, 0, 2), *new;
	struct backend_state *s = old->state;
	struct guard_pass before = {0}, after = {0}, third = {0};
	struct balance_pick pick = {0};
	struct endpoint *e;

	assert_int_equal(enter(old, &before), FAULT_none);
	e = pick_one(old, &pick);
	assert_int_equal(e->in_flight, 1);
	new = backend(p, "b", 1, 0, 2);
	assert_ptr_equal(new->state, s);
	assert_int_equal(enter(new, &after), FAULT_none);
	assert_int_equal(enter(new, &third), FAULT_connection_limit_reached);
	leave(old, &before);
	backend_free(&old);
	registry_sweep(p->registry);
	assert_int_equal(s->guard.requests, 1);
	assert_int_equal(e->in_flight, 1); /* not freed, even if the new file has it no more */
	backend_pick_done(e);
	leave(new, &after);
	backend_free(&new);
}

/* What is taken away gets no new request, and what runs on it keeps it alive. */
static void
lets_endpoints_come_and_go(void **state)
{
	struct place *p = *state;
	struct backend *old = backend(p, "b", 3, 0, 0), *new;
	struct endpoint *gone = backend_targets(old)->v[2].endpoint, *picked;
	struct balance_pick pick = {
	    .tried = {backend_targets(old)->v[0].endpoint, backend_targets(old)->v[1].endpoint},
	    .n_tried = 2};

	assert_int_equal(gone->listed, 1);
	picked = pick_one(old, &pick);
	assert_ptr_equal(picked, gone);
	new = backend(p, "b", 2, 0, 0);
	assert_int_equal(gone->listed, 0);
	assert_int_equal(backend_targets(new)->v[0].endpoint->listed, 1);
	assert_null(pick_one(old, &pick)); /* an exchange of the old snapshot sees it, too */
	endpoint_mention(gone);
	backend_pick_done(gone);
	registry_sweep(p->registry);
	assert_string_equal(gone->name.p, "10.0.0.1:3"); /* its line in the log is still to come */
	endpoint_mention_done(gone);
	registry_sweep(p->registry);
	backend_free(&old);
	backend_state_withdraw(new->state);
	assert_int_equal(backend_targets(new)->v[0].endpoint->listed, 0);
	backend_free(&new);
}

/* A file that is only looked at changes nothing of what runs. */
static void
stages_targets_until_they_are_published(void **state)
{
	struct place *p = *state;
	struct backend *b = backend(p, "b", 2, 0, 0), *looked_at;
	struct backend_spec spec = {.name = STR("b")};

	looked_at = backend_new(p->registry, &spec);
	assert_int_equal(backend_targets(looked_at)->n, 0);
	assert_int_equal(backend_targets(b)->n, 2);
	assert_int_equal(backend_targets_now(looked_at)->n, 2);
	backend_free(&looked_at);
	assert_int_equal(backend_targets(b)->v[0].endpoint->listed, 1);
	backend_free(&b);
}

static void
keeps_the_state_while_a_connection_is_open(void **state)
{
	struct place *p = *state;
	struct backend *b = backend(p, "b", 1, 0, 0);
	struct backend_state *s = b->state, *again;
	struct endpoint *e = backend_targets(b)->v[0].endpoint;

	assert_int_equal(backend_conn_open(b, e), FAULT_none);
	backend_free(&b);
	registry_sweep(p->registry);
	again = registry_backend_state(p->registry, STR("b"));
	assert_ptr_equal(again, s);
	backend_state_unref(&again);
	backend_conn_closed(s, e);
	registry_sweep(p->registry);
}

static void
nothing(void *owner)
{
	(void)owner;
}

/* Who gave back the last of what is counted may still look at the queue. */
static void
keeps_a_dead_state_for_a_round(void **state)
{
	struct place *p = *state;
	struct loop *home = loop_new(NULL), *reader = loop_new(NULL);
	struct grace *g = grace_new(&(struct grace_spec){home, nothing, nothing});
	struct backend *b = backend(p, "b", 1, 0, 0);
	struct backend_state *s = b->state, *again;
	struct endpoint *e = backend_targets(b)->v[0].endpoint;

	grace_join(g, reader);
	registry_graces(p->registry, g);
	backend_free(&b);
	registry_sweep(p->registry);
	again = registry_backend_state(p->registry, STR("b"));
	assert_ptr_not_equal(again, s);
	assert_true(queue_is_empty(&s->guard.queue)); /* as a worker looks, in its turn */
	assert_int_equal(e->refs, 1);
	backend_state_unref(&again);
	registry_graces(p->registry, NULL);
	loop_free(&reader); /* runs its letters: it has passed */
	grace_alone(g);
	loop_free(&home);
	grace_free(&g);
	assert_int_equal(e->refs, 0);
	registry_sweep(p->registry);
}

static void
has_nobody_to_pick_when_all_are_down(void **state)
{
	struct backend *none = backend(*state, "none", 0, 0, 0);
	struct backend *b = backend(*state, "b", 3, 0, 0);
	const struct balance_target *v = backend_targets(b)->v;
	struct balance_pick pick = {.tried = {v[0].endpoint, v[2].endpoint}, .n_tried = 2};

	assert_null(pick_one(none, &pick));
	assert_ptr_equal(pick_one(b, &pick), v[1].endpoint);
	backend_pick_done(v[1].endpoint);
	health_hold(v[1].endpoint, HEALTH_BY_HAND, "by root");
	assert_null(pick_one(b, &pick));
	assert_int_equal(v[1].endpoint->in_flight, 0);
	backend_free(&b);
	backend_free(&none);
}

enum { THREADS = 4, ROUNDS = 20000, LIMIT = 3 };

struct crowd {
	struct backend *backend;
	_Atomic uint32_t inside, most, refused;
};

static void
note_most(struct crowd *c, uint32_t inside)
{
	uint32_t most = atomic_load(&c->most);

	while (inside > most && !atomic_compare_exchange_weak(&c->most, &most, inside))
		;
}

static void *
come_and_go(void *arg)
{
	struct crowd *c = arg;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct balance_pick pick = {.random = i * 0x9e3779b97f4a7c15};
		struct guard_pass pass = {0};

		if (enter(c->backend, &pass) != FAULT_none) {
			atomic_fetch_add(&c->refused, 1);
			continue;
		}
		note_most(c, atomic_fetch_add(&c->inside, 1) + 1);
		backend_pick_done(pick_one(c->backend, &pick));
		atomic_fetch_sub(&c->inside, 1);
		leave(c->backend, &pass);
	}
	return NULL;
}

/* To be run under TSan, too. */
static void
never_lets_one_too_many_in_whoever_comes(void **state)
{
	struct crowd c = {.backend = backend(*state, "b", 4, 0, LIMIT)};
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &c), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_true(c.most <= LIMIT);
	assert_int_equal(c.backend->state->guard.requests, 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(backend_targets(c.backend)->v[i].endpoint->in_flight, 0);
	backend_free(&c.backend);
}

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Printed, not asserted: a slow machine is no failure. */
static void
builds_ten_thousand_small_ones(void **state)
{
	enum { N = 10000 };
	static struct backend *all[N];
	struct place *p = *state;
	uint64_t from = now_us(), built, freed;

	for (int i = 0; i < N; i++) {
		struct balance_target target = {.weight = 1};
		struct backend_spec spec = {
		    .balance = {(enum balance_kind)(i % 5), &target, 1, 0, NULL}};
		char name[32];

		snprintf(name, sizeof(name), "backend-%d", i);
		spec.name = str_from(name);
		target.endpoint = endpoint(p, name, 80);
		all[i] = backend_new(p->registry, &spec);
	}
	built = now_us();
	for (int i = 0; i < N; i++)
		backend_free(&all[i]);
	registry_sweep(p->registry);
	freed = now_us();
	print_message("# 10,000 backends of one endpoint: built in %llu us, freed in %llu us\n",
	    (unsigned long long)(built - from), (unsigned long long)(freed - built));
}

#define BACKEND_TEST(f) cmocka_unit_test_setup_teardown(f, place_open, place_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BACKEND_TEST(holds_exactly_as_many_connections_as_the_limit),
	    BACKEND_TEST(passes_over_endpoints_that_have_all_they_may),
	    BACKEND_TEST(counts_on_over_a_reload),
	    BACKEND_TEST(lets_endpoints_come_and_go),
	    BACKEND_TEST(stages_targets_until_they_are_published),
	    BACKEND_TEST(keeps_the_state_while_a_connection_is_open),
	    BACKEND_TEST(keeps_a_dead_state_for_a_round),
	    BACKEND_TEST(has_nobody_to_pick_when_all_are_down),
	    BACKEND_TEST(never_lets_one_too_many_in_whoever_comes),
	    BACKEND_TEST(builds_ten_thousand_small_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
