/* Connections that carry many streams, against a real listening socket: the codec is a count of
 * streams with a limit that the test sets, as a peer would. */
#include "pair.h"

#include <unistd.h>

#include "observe/stats.h"
#include "upstream/pool.c"

enum { ASKERS = 150 };

struct many { /* a codec that carries `limit` streams at once */
	struct codec codec;
	uint32_t streams;
};

struct rig {
	struct loop *loop;
	struct meters *meters;
	struct registry *registry;
	struct backend *backend;
	struct endpoint *endpoint;
	struct pools *pools;
	uint64_t connect_us, idle_us;
	int door;
};

struct asker { /* as an attempt */
	struct task task;
	struct waiter waiter;
	struct upstream *upstream;
	unsigned woken;
};

extern const struct codec_ops codec_many;
static uint32_t limit; /* of every connection in the test; the codecs have no room for it */

/* ---- the codec ---- */

static struct codec *
many_open(struct conn *conn, const struct codec_spec *spec)
{
	struct many *m = xcalloc(1, sizeof(*m));

	(void)spec;
	m->codec.ops = &codec_many;
	m->codec.conn = conn;
	return &m->codec;
}

static void
many_close(struct codec **c)
{
	free(container_of(*c, struct many, codec));
	*c = NULL;
}

static uint32_t
many_room(struct codec *c)
{
	struct many *m = container_of(c, struct many, codec);

	return c->done || m->streams >= limit ? 0 : limit - m->streams;
}

/* One byte from the peer is its word to go away; its end is the end. */
static enum io
many_feed(struct codec *c)
{
	char byte;
	size_t got;
	enum io io = c->conn->may_read ? conn_read(c->conn, &byte, 1, &got) : IO_MORE;

	if (io == IO_DONE || io == IO_EOF || io == IO_FAILED)
		c->done = true;
	return io;
}

const struct codec_ops codec_many = {
    .many = true,
    .open = many_open,
    .close = many_close,
    .room = many_room,
    .feed = many_feed,
};

/* ---- the rig ---- */

static void
asker_run(struct task *t)
{
	container_of(t, struct asker, task)->woken++;
}

static void
rig_open(struct rig *r, const struct codec_ops *codec)
{
	struct addr at;
	struct balance_target target = {.weight = 1};
	struct backend_spec spec = {
	    .name = STR("b"), .balance = {BALANCE_KIND_LEAST, &target, 1, 0, NULL}, .codec = codec};

	limit = 100;
	*r = (struct rig){.connect_us = 1000000, .idle_us = 1000000};
	r->loop = loop_new(NULL);
	r->meters = meters_new(1);
	r->registry =
	    registry_new(r->meters, sizeof(struct backend_stats), sizeof(struct endpoint_stats));
	r->door = pair_listen(&at);
	r->endpoint = target.endpoint = registry_endpoint(r->registry, STR("b"), STR("e"), &at);
	r->backend = backend_new(r->registry, &spec);
	r->pools =
	    pools_new(&(struct pools_spec){r->loop, &r->connect_us, &r->connect_us, &r->idle_us});
	backend_publish(r->backend, NULL);
}

/* Whatever happened: nothing is open, nothing is counted. */
static void
rig_close(struct rig *r)
{
	pools_close_idle(r->pools);
	pair_turn(r->loop);
	assert_int_equal(r->endpoint->conns, 0);
	assert_int_equal(r->backend->state->guard.conns, 0);
	pools_free(&r->pools);
	backend_free(&r->backend);
	registry_free(&r->registry);
	meters_free(&r->meters);
	loop_free(&r->loop);
	close(r->door);
}

static void
ask(struct rig *r, struct asker *a)
{
	*a = (struct asker){.task = {.run = asker_run}};
	a->waiter.task = &a->task;
	a->upstream = upstream_take(r->pools, r->backend, r->endpoint);
	if (a->upstream == NULL)
		a->upstream = upstream_join(r->pools, r->backend, r->endpoint, &a->waiter);
	if (a->upstream != NULL)
		return;
	assert_int_equal(backend_conn_open(r->backend, r->endpoint), FAULT_none);
	a->upstream = upstream_dial(r->pools, r->backend, r->endpoint, &a->waiter);
}

static void
stream(struct asker *a, int more)
{
	struct many *m;

	if (a->upstream->codec == NULL)
		upstream_speak(a->upstream);
	m = container_of(a->upstream->codec, struct many, codec);
	m->streams += (uint32_t)more;
}

/* Asks, waits for the connection and opens a stream on it. */
static void
begin(struct rig *r, struct asker *a)
{
	ask(r, a);
	PAIR_UNTIL(r->loop, a->upstream->at != UPSTREAM_DIALS);
	assert_int_equal(a->upstream->at, UPSTREAM_LENT);
	stream(a, 1);
}

static void
end(struct asker *a)
{
	stream(a, -1);
	upstream_give(&a->upstream);
}

/* ---- */

static void
a_burst_waits_for_one_connection(void **state)
{
	struct asker *a = xcalloc(ASKERS, sizeof(*a));
	struct rig r;

	(void)state;
	rig_open(&r, &codec_many);
	for (unsigned i = 0; i < ASKERS; i++)
		ask(&r, &a[i]);
	assert_int_equal(r.endpoint->conns, 2); /* no more wait for one than one may carry */
	assert_ptr_equal(a[0].upstream, a[POOL_WAITERS - 1].upstream);
	assert_ptr_not_equal(a[0].upstream, a[POOL_WAITERS].upstream);
	PAIR_UNTIL(r.loop, a[0].woken > 0 && a[ASKERS - 1].woken > 0);
	for (unsigned i = 0; i < ASKERS; i++) {
		assert_int_equal(a[i].woken, 1);
		assert_int_equal(a[i].upstream->at, UPSTREAM_LENT);
		assert_true(upstream_admits(a[i].upstream));
		stream(&a[i], 1);
	}
	for (unsigned i = 0; i < ASKERS; i++)
		end(&a[i]);
	assert_int_equal(r.endpoint->conns, 2);
	rig_close(&r);
	free(a);
}

static void
a_connection_is_found_while_it_has_room(void **state)
{
	struct asker a, b, c, d;
	struct rig r;

	(void)state;
	rig_open(&r, &codec_many);
	limit = 2;
	begin(&r, &a);
	assert_false(a.upstream->reused);
	begin(&r, &b);
	assert_ptr_equal(a.upstream, b.upstream);
	begin(&r, &c); /* it is full */
	assert_ptr_not_equal(a.upstream, c.upstream);
	end(&a);
	end(&c);
	begin(&r, &d); /* the one whose stream ended last; it has served before */
	assert_int_equal(r.endpoint->conns, 2);
	assert_true(d.upstream->reused);
	end(&d);
	end(&b);
	rig_close(&r);
}

static void
a_peer_that_allows_more_is_found_again(void **state)
{
	struct asker a, b;
	struct rig r;

	(void)state;
	rig_open(&r, &codec_many);
	limit = 1;
	begin(&r, &a);
	assert_null(upstream_take(r.pools, r.backend, r.endpoint));
	limit = 2;
	upstream_run(&a.upstream->conn.task); /* as after its SETTINGS */
	begin(&r, &b);
	assert_ptr_equal(a.upstream, b.upstream);
	end(&a);
	end(&b);
	rig_close(&r);
}

static void
who_goes_away_gets_no_new_stream_and_ends_with_the_last(void **state)
{
	struct asker a, b, c;
	struct rig r;
	int peer;

	(void)state;
	rig_open(&r, &codec_many);
	begin(&r, &a);
	begin(&r, &b);
	peer = accept(r.door, NULL, NULL);
	assert_int_equal(write(peer, "g", 1), 1);
	PAIR_UNTIL(r.loop, a.upstream->codec->done);
	begin(&r, &c);
	assert_ptr_not_equal(a.upstream, c.upstream);
	end(&a);
	assert_int_equal(b.upstream->at, UPSTREAM_LENT);
	assert_int_equal(r.endpoint->conns, 2);
	end(&b);
	assert_int_equal(r.endpoint->conns, 1);
	end(&c);
	close(peer);
	rig_close(&r);
}

static void
a_reset_stream_does_not_end_the_others(void **state)
{
	struct asker a, b;
	struct rig r;

	(void)state;
	rig_open(&r, &codec_many);
	begin(&r, &a);
	begin(&r, &b);
	stream(&a, -1);
	upstream_drop(&a.upstream);
	assert_int_equal(b.upstream->at, UPSTREAM_LENT);
	stream(&b, -1);
	upstream_drop(&b.upstream);
	assert_int_equal(r.endpoint->conns, 1); /* idle */
	assert_non_null(r.pools->v[r.endpoint->id].open);
	rig_close(&r);
}

static void
a_refusal_is_told_to_all_who_wait(void **state)
{
	struct asker a, b;
	struct rig r;

	(void)state;
	rig_open(&r, &codec_many);
	close(r.door);
	ask(&r, &a);
	ask(&r, &b);
	assert_ptr_equal(a.upstream, b.upstream);
	PAIR_UNTIL(r.loop, a.woken + b.woken == 2);
	assert_int_equal(a.upstream->at, UPSTREAM_CLOSED);
	assert_int_equal(b.upstream->fault, FAULT_connection_refused);
	upstream_drop(&a.upstream);
	upstream_drop(&b.upstream);
	r.door = -1;
	rig_close(&r);
}

static void
who_gives_up_waiting_leaves_the_dial_to_the_others(void **state)
{
	struct asker a, b;
	struct rig r;

	(void)state;
	rig_open(&r, &codec_many);
	ask(&r, &a);
	ask(&r, &b);
	waiter_leave(&a.waiter);
	upstream_drop(&a.upstream);
	PAIR_UNTIL(r.loop, b.upstream->at == UPSTREAM_LENT);
	assert_int_equal(a.woken, 0);
	stream(&b, 1);
	end(&b);
	ask(&r, &a);
	assert_int_equal(a.upstream->at, UPSTREAM_LENT);
	upstream_drop(&a.upstream);
	ask(&r, &a);
	upstream_give(&a.upstream);
	rig_close(&r);
}

static void
a_dial_nobody_waits_for_is_given_up(void **state)
{
	struct asker a;
	struct rig r;

	(void)state;
	rig_open(&r, &codec_many);
	ask(&r, &a);
	waiter_leave(&a.waiter);
	upstream_drop(&a.upstream);
	assert_int_equal(r.endpoint->conns, 0);
	rig_close(&r);
}

static void
an_idle_one_ends_in_time_and_a_busy_one_does_not(void **state)
{
	struct asker a, b;
	struct rig r;

	(void)state;
	rig_open(&r, &codec_many);
	r.idle_us = 20000;
	limit = 1;
	begin(&r, &a);
	begin(&r, &b);
	end(&a);
	PAIR_UNTIL(r.loop, r.endpoint->conns == 1);
	assert_int_equal(b.upstream->at, UPSTREAM_LENT);
	end(&b);
	PAIR_UNTIL(r.loop, r.endpoint->conns == 0);
	rig_close(&r);
}

static void
only_an_idle_one_makes_room_under_a_limit(void **state)
{
	struct asker a, b;
	struct rig r;

	(void)state;
	rig_open(&r, &codec_many);
	limit = 1;
	begin(&r, &a);
	begin(&r, &b);
	limit = 2;
	end(&a);
	assert_true(upstream_evict(r.pools, r.backend));
	assert_false(upstream_evict(r.pools, r.backend));
	assert_int_equal(b.upstream->at, UPSTREAM_LENT);
	end(&b);
	rig_close(&r);
}

static void
an_endpoint_that_is_gone_keeps_its_streams_to_their_end(void **state)
{
	struct asker a, b;
	struct rig r;

	(void)state;
	rig_open(&r, &codec_many);
	begin(&r, &a);
	begin(&r, &b);
	backend_state_withdraw(r.backend->state);
	pools_close_unlisted(r.pools);
	end(&a);
	assert_int_equal(b.upstream->at, UPSTREAM_LENT);
	end(&b);
	assert_int_equal(r.endpoint->conns, 0);
	rig_close(&r);
}

static void
one_of_an_old_protocol_is_not_found_after_a_reload(void **state)
{
	struct codec_ops other = codec_many;
	struct asker a, b, c;
	struct rig r;

	(void)state;
	rig_open(&r, &codec_many);
	limit = 1;
	begin(&r, &a);
	begin(&r, &b);
	end(&b);
	limit = 2;
	upstream_run(&a.upstream->conn.task); /* both could be found */
	r.backend->codec = &other;
	assert_null(upstream_take(r.pools, r.backend, r.endpoint));
	assert_int_equal(r.endpoint->conns, 1); /* the idle one is closed */
	begin(&r, &c);
	assert_ptr_equal(c.upstream->speaks, &other);
	end(&a);
	end(&c);
	rig_close(&r);
}

/* The array moves under the lists of those that were there before. */
static void
makes_room_for_endpoints_that_come_later(void **state)
{
	enum { LATER = 40 };
	struct endpoint *first, *later[LATER];
	struct asker a, b, c;
	struct rig r;

	(void)state;
	rig_open(&r, &codec_many);
	limit = 1;
	begin(&r, &a);
	begin(&r, &b);
	end(&a);
	first = r.endpoint;
	for (int i = 0; i < LATER; i++) {
		char name[32];

		snprintf(name, sizeof(name), "later-%d", i);
		later[i] = registry_endpoint(r.registry, STR("b"), str_from(name), &first->addr);
	}
	r.endpoint = later[LATER - 1];
	begin(&r, &c);
	assert_true(r.pools->n > later[LATER - 1]->id);
	end(&c); /* nothing lists it: not kept */
	assert_int_equal(r.endpoint->conns, 0);
	r.endpoint = first;
	assert_true(upstream_evict(r.pools, r.backend));
	end(&b);
	for (int i = 0; i < LATER; i++)
		endpoint_unref(&later[i]);
	rig_close(&r);
}

static void
one_that_names_a_client_is_nobody_elses(void **state)
{
	struct asker a, b;
	struct rig r;

	(void)state;
	rig_open(&r, &codec_many);
	a = (struct asker){.task = {.run = asker_run}};
	a.waiter.task = &a.task;
	assert_int_equal(backend_conn_open(r.backend, r.endpoint), FAULT_none);
	a.upstream = upstream_dial_alone(r.pools, r.backend, r.endpoint, &a.waiter);
	ask(&r, &b);
	assert_ptr_not_equal(a.upstream, b.upstream);
	PAIR_UNTIL(r.loop, a.woken > 0 && b.woken > 0);
	stream(&a, 1);
	end(&a);
	assert_int_equal(r.endpoint->conns, 1);
	upstream_drop(&b.upstream);
	rig_close(&r);
}

static void
one_stream_at_a_time_is_lent_to_one(void **state)
{
	struct asker a, b;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	ask(&r, &a);
	ask(&r, &b);
	assert_ptr_not_equal(a.upstream, b.upstream);
	PAIR_UNTIL(r.loop, a.woken > 0 && b.woken > 0);
	upstream_speak(a.upstream);
	upstream_speak(b.upstream);
	upstream_give(&a.upstream);
	ask(&r, &a);
	assert_int_equal(r.endpoint->conns, 2);
	assert_true(a.upstream->reused);
	upstream_drop(&b.upstream);
	upstream_give(&a.upstream);
	assert_int_equal(r.endpoint->conns, 1);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_burst_waits_for_one_connection),
	    cmocka_unit_test(a_connection_is_found_while_it_has_room),
	    cmocka_unit_test(a_peer_that_allows_more_is_found_again),
	    cmocka_unit_test(who_goes_away_gets_no_new_stream_and_ends_with_the_last),
	    cmocka_unit_test(a_reset_stream_does_not_end_the_others),
	    cmocka_unit_test(a_refusal_is_told_to_all_who_wait),
	    cmocka_unit_test(who_gives_up_waiting_leaves_the_dial_to_the_others),
	    cmocka_unit_test(a_dial_nobody_waits_for_is_given_up),
	    cmocka_unit_test(an_idle_one_ends_in_time_and_a_busy_one_does_not),
	    cmocka_unit_test(only_an_idle_one_makes_room_under_a_limit),
	    cmocka_unit_test(an_endpoint_that_is_gone_keeps_its_streams_to_their_end),
	    cmocka_unit_test(one_of_an_old_protocol_is_not_found_after_a_reload),
	    cmocka_unit_test(makes_room_for_endpoints_that_come_later),
	    cmocka_unit_test(one_that_names_a_client_is_nobody_elses),
	    cmocka_unit_test(one_stream_at_a_time_is_lent_to_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
