/* The rules of trying again, as a table: the pool is a script, endpoints and counters are real. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow/attempt.c"

enum { TRIES_MAX = 4, ASKS = POLICY_RESET | POLICY_TIMEOUT };

struct pools { /* what each way to an endpoint comes to, in order */
	const char *script;
	struct upstream conns[TRIES_MAX];
	struct endpoint *asked[TRIES_MAX];  /* whose connection it was */
	struct endpoint *opened[TRIES_MAX]; /* of each dial */
	unsigned n, dropped, given, looked, joined, dialled, alone;
};

struct rig {
	struct meters *meters;
	struct registry *registry;
	struct backend *backend;
	struct pools pools;
	struct loop *loop; /* owned; only its clock is looked at */
	struct worker worker;
	struct task owner;
};

/* ---- the pool: k a kept one, c connects, w waits, j waits for another's dial, r refused, u
 * unroutable, t too late ---- */

static struct upstream *
pools_next(struct pools *p, struct endpoint *e)
{
	struct upstream *u = &p->conns[p->n];

	assert_true(p->n < TRIES_MAX);
	*u = (struct upstream){.endpoint = e, .pools = p};
	p->asked[p->n++] = e;
	switch (*p->script++) {
	case 'k':
		u->reused = true;
		u->at = UPSTREAM_LENT;
		break;
	case 'c':
		u->at = UPSTREAM_LENT;
		break;
	case 'j':
	case 'w':
		u->at = UPSTREAM_DIALS;
		break;
	case 'r':
		u->at = UPSTREAM_CLOSED;
		u->fault = FAULT_connection_refused;
		break;
	case 'u':
		u->at = UPSTREAM_CLOSED;
		u->fault = FAULT_destination_ip_unroutable;
		break;
	case 't':
		u->at = UPSTREAM_CLOSED;
		u->fault = FAULT_connection_timeout;
		break;
	default:
		fail_msg("one more try than the script has");
	}
	return u;
}

struct upstream *
upstream_take(struct pools *p, const struct backend *b, const struct endpoint *e)
{
	(void)b;
	p->looked++;
	return *p->script == 'k' ? pools_next(p, (struct endpoint *)(uintptr_t)e) : NULL;
}

struct upstream *
upstream_join(struct pools *p, const struct backend *b, const struct endpoint *e, struct waiter *w)
{
	(void)b;
	assert_non_null(w->task);
	if (*p->script != 'j')
		return NULL;
	p->joined++;
	return pools_next(p, (struct endpoint *)(uintptr_t)e);
}

bool
upstream_admits(const struct upstream *u)
{
	return !u->timed_out;
}

struct upstream *
upstream_dial(struct pools *p, const struct backend *b, struct endpoint *e, struct waiter *w)
{
	(void)b;
	assert_non_null(w->task);
	assert_true(*p->script != 'k' && *p->script != 'j');
	p->opened[p->dialled++] = e;
	return pools_next(p, e);
}

struct upstream *
upstream_dial_alone(struct pools *p, const struct backend *b, struct endpoint *e, struct waiter *w)
{
	p->alone++;
	return upstream_dial(p, b, e, w);
}

void
upstream_give(struct upstream **u)
{
	(*u)->pools->given++;
	*u = NULL;
}

void
upstream_drop(struct upstream **u)
{
	if (*u != NULL)
		(*u)->pools->dropped++;
	*u = NULL;
}

bool
upstream_evict(struct pools *p, const struct backend *b)
{
	(void)p;
	(void)b;
	return false;
}

uint64_t
worker_random(struct worker *w)
{
	(void)w;
	return 7;
}

/* ---- */

static void
rig_open(struct rig *r, uint32_t endpoints, uint32_t max_requests, const char *script)
{
	struct balance_target targets[4];
	struct backend_spec spec = {.name = STR("b"),
	    .balance = {BALANCE_KIND_LEAST, targets, endpoints, 0, NULL},
	    .guard.max_requests = max_requests};

	*r = (struct rig){.meters = meters_new(1), .pools.script = script};
	r->registry =
	    registry_new(r->meters, sizeof(struct backend_stats), sizeof(struct endpoint_stats));
	for (uint32_t i = 0; i < endpoints; i++) {
		char name[32];
		struct addr at;

		(void)snprintf(name, sizeof(name), "10.0.0.1:%u", i + 1);
		assert_true(addr_parse(str_from(name), false, &at));
		targets[i] = (struct balance_target){
		    .endpoint = registry_endpoint(r->registry, STR("b"), str_from(name), &at),
		    .weight = 1};
	}
	r->backend = backend_new(r->registry, &spec);
	backend_publish(r->backend, NULL);
	r->worker.loop = r->loop = xcalloc(1, sizeof(*r->loop));
	r->worker.pools = &r->pools;
}

/* Whatever happened: nothing is counted as in flight, every connection went somewhere. */
static void
rig_close(struct rig *r, struct attempt *a)
{
	attempt_end(a);
	attempt_end(a);
	assert_null(a->upstream);
	assert_null(a->endpoint);
	assert_int_equal(r->pools.dropped + r->pools.given, r->pools.n);
	assert_int_equal(r->backend->state->guard.requests, 0);
	attempt_forget(a);
	for (uint32_t i = 0; i < backend_targets(r->backend)->n; i++) {
		const struct endpoint *e = backend_targets(r->backend)->v[i].endpoint;

		assert_int_equal(e->in_flight, 0);
		assert_int_equal(e->mentions, 0);
	}
	for (unsigned i = 0; i < r->pools.dialled; i++) /* no conn was real */
		backend_conn_closed(r->backend->state, r->pools.opened[i]);
	backend_free(&r->backend);
	free(r->loop);
	registry_free(&r->registry);
	meters_free(&r->meters);
}

static uint64_t
code_sum(const struct code_counts *c)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < METRIC_CODES; i++)
		sum += c->counts[i];
	return sum;
}

static void
connecting_is_tried_on_two_endpoints_at_most(void **state)
{
	static const struct {
		const char *script;
		uint32_t endpoints;
		enum attempt_at at;
		enum fault fault;
		uint8_t tries;
	} rows[] = {
	    {"c", 2, ATTEMPT_READY, FAULT_none, 1},
	    {"k", 2, ATTEMPT_READY, FAULT_none, 1},
	    {"w", 2, ATTEMPT_WAIT, FAULT_none, 1},
	    {"rc", 2, ATTEMPT_READY, FAULT_none, 2},
	    {"uw", 2, ATTEMPT_WAIT, FAULT_destination_ip_unroutable, 2},
	    {"tk", 2, ATTEMPT_READY, FAULT_none, 2},
	    {"rr", 2, ATTEMPT_FAILED, FAULT_connection_refused, 2},
	    {"ru", 3, ATTEMPT_FAILED, FAULT_destination_ip_unroutable, 2},
	    /* alone, a refusal is the answer: asking the same again tells nothing new */
	    {"r", 1, ATTEMPT_FAILED, FAULT_connection_refused, 1},
	    {"", 0, ATTEMPT_FAILED, FAULT_destination_unavailable, 0},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct attempt a = {0};
		struct rig r;

		rig_open(&r, rows[i].endpoints, 0, rows[i].script);
		attempt_begin(&a, &r.worker, r.backend, &policy_plain, &r.owner);
		assert_int_equal(attempt_run(&a), rows[i].at);
		assert_int_equal(a.fault, rows[i].fault);
		assert_int_equal(a.tries, rows[i].tries);
		assert_string_equal(r.pools.script, "");
		if (r.pools.n == 2)
			assert_ptr_not_equal(r.pools.asked[0], r.pools.asked[1]);
		rig_close(&r, &a);
	}
}

/* After the request went out: what may be sent again, and where to. */
static void
only_what_nobody_can_have_acted_on_is_sent_again(void **state)
{
	static const struct {
		enum fault why;
		bool reused, kept, idempotent, again;
		uint32_t asks;
		bool non_idempotent;
	} rows[] = {
	    /* a kept connection was closed meanwhile: the one case (RFC 9110 section 9.2.2) */
	    {FAULT_connection_terminated, true, true, true, true, 0, false},
	    {FAULT_connection_terminated, false, true, true, false, 0, false},
	    {FAULT_connection_terminated, true, false, true, false, 0, false},
	    {FAULT_connection_terminated, true, true, false, false, 0, false},
	    {FAULT_http_response_incomplete, true, true, true, false, 0, false},
	    {FAULT_http_response_timeout, true, true, true, false, 0, false},
	    {FAULT_try_timeout, true, true, true, false, 0, false},
	    {FAULT_connection_read_timeout, true, true, true, false, ASKS, true},
	    {FAULT_connection_write_timeout, true, true, true, false, 0, false},
	    {FAULT_http_protocol_error, true, true, true, false, ASKS, true},
	    {FAULT_http_upgrade_failed, true, true, true, false, ASKS, true},
	    {FAULT_client_gone, true, true, true, false, ASKS, true},
	    {FAULT_proxy_internal_error, true, true, true, false, ASKS, true},
	    /* the endpoint says that it did not look at it: any method, if it is still whole */
	    {FAULT_stream_refused, false, true, false, true, 0, false},
	    {FAULT_connection_goaway, true, false, true, false, ASKS, true},
	    /* asked for, for what may be repeated */
	    {FAULT_connection_terminated, false, true, true, true, POLICY_RESET, false},
	    {FAULT_connection_terminated, false, true, true, false, POLICY_TIMEOUT, false},
	    {FAULT_http_response_incomplete, false, true, true, true, POLICY_RESET, false},
	    {FAULT_http_response_timeout, false, true, true, true, POLICY_TIMEOUT, false},
	    {FAULT_http_response_timeout, false, true, true, false, POLICY_RESET, false},
	    {FAULT_try_timeout, false, true, true, true, POLICY_TIMEOUT, false},
	    {FAULT_connection_write_timeout, false, true, true, true, POLICY_TIMEOUT, false},
	    {FAULT_http_response_incomplete, false, true, false, false, ASKS, false},
	    {FAULT_http_response_incomplete, false, false, true, false, ASKS, true},
	    {FAULT_connection_terminated, true, true, false, true, POLICY_RESET, true},
	    {FAULT_connection_terminated, true, true, false, false, 0, true},
	    {FAULT_http_response_timeout, false, true, false, true, POLICY_TIMEOUT, true},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		const struct policy p = {
		    .retries = 1, .asks = rows[i].asks, .non_idempotent = rows[i].non_idempotent};
		enum attempt_sent sent = rows[i].kept ? ATTEMPT_SENT_KEPT : ATTEMPT_SENT_LOST;
		struct attempt a = {0};
		struct rig r;

		rig_open(&r, 1, 0, rows[i].reused ? "kc" : "cc");
		attempt_begin(&a, &r.worker, r.backend, &p, &r.owner);
		a.idempotent = rows[i].idempotent;
		assert_int_equal(attempt_run(&a), ATTEMPT_READY);
		assert_int_equal(attempt_retry(&a, rows[i].why, sent), rows[i].again);
		assert_int_equal(a.fault, rows[i].why);
		assert_null(a.upstream);
		assert_int_equal(r.pools.dropped, 1);
		if (rows[i].again) { /* there is one endpoint: the same, but a new conn */
			assert_int_equal(attempt_run(&a), ATTEMPT_READY);
			assert_false(a.upstream->reused);
			assert_int_equal(a.tries, 2);
			/* and that was the last time */
			a.reused = true;
			assert_false(attempt_retry(&a, rows[i].why, sent));
		}
		rig_close(&r, &a);
	}
}

/* An endpoint that takes leave of a connection has not tried. */
static void
what_a_leaving_connection_left_out_moves_to_another_within_the_try(void **state)
{
	struct attempt a = {0};
	struct rig r;

	(void)state;
	rig_open(&r, 2, 0, "kwc");
	attempt_begin(&a, &r.worker, r.backend, &policy_plain, &r.owner);
	assert_int_equal(attempt_run(&a), ATTEMPT_READY);
	assert_true(attempt_retry(&a, FAULT_connection_goaway, ATTEMPT_SENT_KEPT));
	assert_int_equal(attempt_run(&a), ATTEMPT_WAIT);
	assert_ptr_equal(r.pools.asked[0], r.pools.asked[1]);
	assert_int_equal(a.tries, 1);
	a.moves = ATTEMPT_MOVES_MAX; /* who does nothing but leave has been tried */
	assert_true(attempt_retry(&a, FAULT_connection_goaway, ATTEMPT_SENT_NOTHING));
	assert_int_equal(attempt_run(&a), ATTEMPT_READY);
	assert_ptr_not_equal(r.pools.asked[0], r.pools.asked[2]);
	assert_int_equal(a.tries, 2);
	rig_close(&r, &a);
}

/* The clock stands still until it is told to go on. */
static void
begin(struct attempt *a, struct rig *r, const struct policy *p)
{
	attempt_begin(a, &r->worker, r->backend, p, &r->owner);
	a->idempotent = true;
	r->loop->now = 1000;
}

static void
the_first_retry_elsewhere_comes_at_once_and_later_ones_after_a_pause(void **state)
{
	const struct policy p = {.retries = 3, .backoff_us = 4, .backoff_max_us = 1000};
	struct attempt a = {0};
	struct rig r;

	(void)state;
	rig_open(&r, 4, 0, "rrrc");
	begin(&a, &r, &p);
	assert_int_equal(attempt_run(&a), ATTEMPT_WAIT);
	assert_int_equal(a.tries, 2);
	assert_true(a.pauses);
	assert_int_equal(a.due, 1000 + 7); /* of 0 to 8, by the random number there is */
	r.loop->now = a.due - 1;
	assert_int_equal(attempt_run(&a), ATTEMPT_WAIT);
	assert_int_equal(a.tries, 2);
	r.loop->now = a.due;
	assert_int_equal(attempt_run(&a), ATTEMPT_WAIT);
	assert_int_equal(a.tries, 3);
	assert_int_equal(a.due, 1007 + 7); /* of 0 to 16 */
	r.loop->now = a.due;
	assert_int_equal(attempt_run(&a), ATTEMPT_READY);
	assert_int_equal(a.due, 0);
	for (unsigned i = 0; i < 4; i++)
		for (unsigned j = 0; j < i; j++)
			assert_ptr_not_equal(r.pools.asked[i], r.pools.asked[j]);
	rig_close(&r, &a);
}

static void
when_all_were_tried_the_last_one_is_asked_last(void **state)
{
	const struct policy p = {.retries = 3, .backoff_us = 4, .backoff_max_us = 1000};
	struct attempt a = {0};
	struct rig r;

	(void)state;
	rig_open(&r, 2, 0, "rrrc");
	begin(&a, &r, &p);
	while (attempt_run(&a) == ATTEMPT_WAIT)
		r.loop->now = a.due;
	assert_int_equal(a.tries, 4);
	for (unsigned i = 1; i < 4; i++)
		assert_ptr_not_equal(r.pools.asked[i], r.pools.asked[i - 1]);
	rig_close(&r, &a);
}

static void
a_lone_endpoint_that_refuses_is_asked_again_if_more_than_one_retry_is_wanted(void **state)
{
	const struct policy p = {.retries = 2, .backoff_us = 4, .backoff_max_us = 1000};
	struct attempt a = {0};
	struct rig r;

	(void)state;
	rig_open(&r, 1, 0, "rc");
	begin(&a, &r, &p);
	assert_int_equal(attempt_run(&a), ATTEMPT_WAIT); /* not at once */
	assert_true(a.due > r.loop->now);
	r.loop->now = a.due;
	assert_int_equal(attempt_run(&a), ATTEMPT_READY);
	rig_close(&r, &a);
}

static void
a_try_has_its_own_time(void **state)
{
	const struct policy p = {.retries = 1, .asks = POLICY_TIMEOUT, .try_us = 500};
	struct attempt a = {0};
	struct rig r;

	(void)state;
	rig_open(&r, 2, 0, "wc");
	begin(&a, &r, &p);
	a.idempotent = false; /* nothing was sent, so it does not matter */
	assert_int_equal(attempt_run(&a), ATTEMPT_WAIT);
	assert_int_equal(a.due, 1500);
	r.loop->now = 1500;
	assert_true(attempt_retry(&a, FAULT_try_timeout, ATTEMPT_SENT_NOTHING));
	assert_int_equal(attempt_run(&a), ATTEMPT_READY);
	assert_int_equal(a.due, 2000);
	rig_close(&r, &a);
}

static void
nothing_is_begun_behind_the_deadline(void **state)
{
	const struct policy p = {
	    .retries = 1, .asks = POLICY_RESET, .backoff_us = 10, .backoff_max_us = 10};

	(void)state;
	for (uint64_t deadline = 1007; deadline <= 1008; deadline++) {
		struct attempt a = {0};
		struct rig r;

		rig_open(&r, 2, 0, "c");
		begin(&a, &r, &p);
		a.deadline = deadline;
		assert_int_equal(attempt_run(&a), ATTEMPT_READY);
		/* the pause is 7 */
		assert_int_equal(attempt_retry(&a, FAULT_connection_terminated, ATTEMPT_SENT_KEPT),
		    deadline == 1008);
		rig_close(&r, &a);
	}
}

static void
an_answer_is_declined_if_another_can_be_had(void **state)
{
	static const struct {
		enum attempt_sent sent;
		bool idempotent, non_idempotent;
		uint32_t retries, endpoints;
		uint64_t after, deadline;
		bool again;
	} rows[] = {
	    {ATTEMPT_SENT_KEPT, true, false, 1, 2, 0, 0, true},
	    {ATTEMPT_SENT_KEPT, true, false, 1, 1, 0, 0, true},
	    {ATTEMPT_SENT_KEPT, true, false, 0, 2, 0, 0, false},
	    {ATTEMPT_SENT_LOST, true, false, 1, 2, 0, 0, false},
	    {ATTEMPT_SENT_KEPT, false, false, 1, 2, 0, 0, false},
	    {ATTEMPT_SENT_KEPT, false, true, 1, 2, 0, 0, true},
	    /* Retry-After: as long as a pause may be, or until the deadline */
	    {ATTEMPT_SENT_KEPT, true, false, 1, 2, 100, 0, true},
	    {ATTEMPT_SENT_KEPT, true, false, 1, 2, 101, 0, false},
	    {ATTEMPT_SENT_KEPT, true, false, 1, 2, 5000, 6001, true},
	    {ATTEMPT_SENT_KEPT, true, false, 1, 2, 5000, 6000, false},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		const struct policy p = {.retries = rows[i].retries,
		    .backoff_us = 5,
		    .backoff_max_us = 100,
		    .non_idempotent = rows[i].non_idempotent};
		struct attempt a = {0};
		struct rig r;

		rig_open(&r, rows[i].endpoints, 0, "cc");
		begin(&a, &r, &p);
		a.idempotent = rows[i].idempotent;
		a.deadline = rows[i].deadline;
		assert_int_equal(attempt_run(&a), ATTEMPT_READY);
		assert_int_equal(
		    attempt_decline(&a, 503, rows[i].sent, rows[i].after), rows[i].again);
		if (rows[i].again) {
			assert_non_null(a.upstream); /* until its owner has ended the stream */
			attempt_release(&a, true);
			assert_int_equal(attempt_run(&a), ATTEMPT_WAIT);
			assert_int_equal(a.due, 1000 + (rows[i].after > 1 ? rows[i].after : 1));
			r.loop->now = a.due;
			assert_int_equal(attempt_run(&a), ATTEMPT_READY);
		}
		rig_close(&r, &a);
	}
}

static void
a_retry_beyond_the_budget_is_not_made_and_says_so(void **state)
{
	static const struct {
		enum fault why;
		bool reused, again;
	} rows[] = {
	    {FAULT_http_response_timeout, false, false},
	    {FAULT_connection_terminated, false, false},
	    /* nobody has worked on it: free, once */
	    {FAULT_connection_terminated, true, true},
	    {FAULT_connection_goaway, false, true},
	};
	const struct policy p = {.retries = 1, .asks = ASKS, .backoff_us = 4, .backoff_max_us = 4};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct attempt a = {0};
		struct rig r;
		struct backend_stats *stats;

		rig_open(&r, 2, 0, rows[i].reused ? "k" : "c");
		r.backend->guard.retry_budget = 20;
		r.backend->state->guard.retries = GUARD_RETRIES;
		begin(&a, &r, &p);
		assert_int_equal(attempt_run(&a), ATTEMPT_READY);
		assert_int_equal(attempt_retry(&a, rows[i].why, ATTEMPT_SENT_KEPT), rows[i].again);
		stats = meter_block(r.backend->state->meter, 0);
		assert_int_equal(a.denied == ATTEMPT_NO_BUDGET, !rows[i].again);
		assert_int_equal(code_sum(&stats->no_budget), !rows[i].again);
		r.backend->state->guard.retries = 0;
		rig_close(&r, &a);
	}
}

static void
a_retry_is_of_the_budget_until_its_answer_begins(void **state)
{
	const struct policy p = {.retries = 1, .asks = ASKS};
	struct attempt a = {0};
	struct rig r;

	(void)state;
	rig_open(&r, 2, 0, "cc");
	r.backend->guard.retry_budget = 20;
	begin(&a, &r, &p);
	assert_int_equal(attempt_run(&a), ATTEMPT_READY);
	assert_true(attempt_retry(&a, FAULT_connection_terminated, ATTEMPT_SENT_KEPT));
	assert_int_equal(r.backend->state->guard.retries, 1);
	assert_int_equal(attempt_run(&a), ATTEMPT_READY);
	attempt_answered(&a, 200);
	assert_int_equal(r.backend->state->guard.retries, 0);
	rig_close(&r, &a);
}

static void
each_failed_try_is_counted_once(void **state)
{
	struct attempt a = {0};
	struct rig r;
	struct backend_stats *b;

	(void)state;
	rig_open(&r, 2, 0, "rc");
	attempt_begin(&a, &r.worker, r.backend, &policy_plain, &r.owner);
	assert_int_equal(attempt_run(&a), ATTEMPT_READY);
	b = meter_block(r.backend->state->meter, 0);
	assert_int_equal(b->conns_opened, 2);
	assert_int_equal(b->conns_reused, 0);
	assert_ptr_equal(a.last, r.pools.asked[1]);
	assert_int_equal(r.pools.asked[0]->in_flight, 0);
	assert_int_equal(r.pools.asked[1]->in_flight, 1);
	assert_int_equal(code_sum(&b->retries), 1);
	attempt_release(&a, true);
	assert_int_equal(r.pools.given, 1);
	rig_close(&r, &a);
}

/* Of each try the endpoint's streak hears one word, the first; what says nothing about it, none. */
static void
each_try_is_noted_once_for_its_endpoint(void **state)
{
	enum { NOT = 0, ONE = 1, GATEWAY = 0x10001 };
	const uint64_t local = 0x100010001;
	const struct {
		const char *script;
		enum fault why; /* before an answer, */
		uint16_t status;
		enum fault end; /* or of one that began */
		uint64_t streaks;
	} rows[] = {
	    {"c", FAULT_none, 200, FAULT_none, NOT},
	    {"c", FAULT_none, 404, FAULT_none, NOT},
	    {"c", FAULT_none, 500, FAULT_none, ONE},
	    {"c", FAULT_none, 503, FAULT_http_response_incomplete, GATEWAY},
	    {"c", FAULT_none, 200, FAULT_http_response_incomplete, local},
	    {"c", FAULT_none, 200, FAULT_client_gone, NOT},
	    {"c", FAULT_http_response_timeout, 0, FAULT_none, local},
	    {"c", FAULT_connection_terminated, 0, FAULT_none, local},
	    {"k", FAULT_connection_terminated, 0, FAULT_client_gone, NOT},
	    {"c", FAULT_connection_goaway, 0, FAULT_client_gone, NOT},
	    {"c", FAULT_request_timeout, 0, FAULT_client_gone, NOT},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct attempt a = {0};
		struct rig r;

		rig_open(&r, 1, 0, rows[i].script);
		r.backend->outlier = (struct outlier_spec){.on = true};
		attempt_begin(&a, &r.worker, r.backend, &policy_plain, &r.owner);
		assert_int_equal(attempt_run(&a), ATTEMPT_READY);
		attempt_result(&a, rows[i].why, rows[i].status);
		attempt_judge(&a, rows[i].end);
		assert_true(a.endpoint->streaks == rows[i].streaks);
		rig_close(&r, &a);
	}
}

static void
the_worker_that_sees_a_streak_writes_home(void **state)
{
	struct snapshot snapshot = {.refs = 1};
	struct snapshot_use use = {&snapshot, 1};
	struct attempt a = {0};
	struct rig r;

	(void)state;
	rig_open(&r, 1, 0, "ccc");
	snapshot.home = loop_new(NULL);
	r.worker.current = &use;
	r.backend->outlier = (struct outlier_spec){.on = true, .streak = {2}};
	for (int i = 0; i < 3; i++) {
		a = (struct attempt){0};
		attempt_begin(&a, &r.worker, r.backend, &policy_plain, &r.owner);
		assert_int_equal(attempt_run(&a), ATTEMPT_READY);
		attempt_result(&a, FAULT_none, 500);
		assert_int_equal(a.endpoint->refs, i == 0 ? 1 : 2); /* one letter, not two */
		attempt_forget(&a);
	}
	loop_free(&snapshot.home); /* with what was posted to it */
	assert_int_equal(backend_targets(r.backend)->v[0].endpoint->refs, 1);
	rig_close(&r, &a);
}

static void
a_backend_that_is_full_is_not_asked(void **state)
{
	struct attempt a = {0}, b = {0};
	struct rig r;

	(void)state;
	rig_open(&r, 2, 1, "c");
	attempt_begin(&a, &r.worker, r.backend, &policy_plain, &r.owner);
	attempt_begin(&b, &r.worker, r.backend, &policy_plain, &r.owner);
	assert_int_equal(attempt_run(&a), ATTEMPT_READY);
	assert_int_equal(attempt_run(&b), ATTEMPT_FAILED);
	assert_int_equal(b.fault, FAULT_connection_limit_reached);
	assert_int_equal(b.tries, 0);
	attempt_end(&b);
	assert_int_equal(r.backend->state->guard.requests, 1);
	rig_close(&r, &a);
}

static void
some_take_no_kept_connection(void **state)
{
	(void)state;
	for (unsigned raw = 0; raw < 2; raw++) {
		struct attempt a = {0};
		struct rig r;

		rig_open(&r, 1, 0, "w");
		attempt_begin(&a, &r.worker, r.backend, &policy_plain, &r.owner);
		a.raw = raw;
		a.alone = !raw;
		assert_int_equal(attempt_run(&a), ATTEMPT_WAIT);
		assert_int_equal(r.pools.looked, 0);
		assert_int_equal(r.pools.alone, 1);
		assert_int_equal(attempt_run(&a), ATTEMPT_WAIT); /* until it is decided */
		a.upstream->at = UPSTREAM_LENT;
		assert_int_equal(attempt_run(&a), ATTEMPT_READY);
		assert_int_equal(a.tries, 1);
		rig_close(&r, &a);
	}
}

static void
who_waits_for_a_dial_may_find_it_full(void **state)
{
	struct attempt a = {0};
	struct rig r;

	(void)state;
	rig_open(&r, 1, 0, "jc");
	attempt_begin(&a, &r.worker, r.backend, &policy_plain, &r.owner);
	assert_int_equal(attempt_run(&a), ATTEMPT_WAIT);
	assert_int_equal(r.backend->state->guard.conns, 0); /* counted by who began it */
	a.upstream->at = UPSTREAM_LENT;
	a.upstream->timed_out = true; /* full */
	assert_int_equal(attempt_run(&a), ATTEMPT_READY);
	assert_int_equal(r.pools.dialled, 1);
	assert_int_equal(a.tries, 1); /* still the same endpoint's */
	rig_close(&r, &a);
}

static void
a_dial_that_many_wait_for_fails_for_each(void **state)
{
	struct attempt a = {0};
	struct rig r;

	(void)state;
	rig_open(&r, 2, 0, "jk");
	attempt_begin(&a, &r.worker, r.backend, &policy_plain, &r.owner);
	assert_int_equal(attempt_run(&a), ATTEMPT_WAIT);
	a.upstream->at = UPSTREAM_CLOSED;
	a.upstream->fault = FAULT_connection_refused;
	assert_int_equal(attempt_run(&a), ATTEMPT_READY);
	assert_ptr_not_equal(r.pools.asked[0], r.pools.asked[1]);
	assert_int_equal(a.tries, 2);
	rig_close(&r, &a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(connecting_is_tried_on_two_endpoints_at_most),
	    cmocka_unit_test(only_what_nobody_can_have_acted_on_is_sent_again),
	    cmocka_unit_test(what_a_leaving_connection_left_out_moves_to_another_within_the_try),
	    cmocka_unit_test(the_first_retry_elsewhere_comes_at_once_and_later_ones_after_a_pause),
	    cmocka_unit_test(when_all_were_tried_the_last_one_is_asked_last),
	    cmocka_unit_test(
		a_lone_endpoint_that_refuses_is_asked_again_if_more_than_one_retry_is_wanted),
	    cmocka_unit_test(a_try_has_its_own_time),
	    cmocka_unit_test(nothing_is_begun_behind_the_deadline),
	    cmocka_unit_test(an_answer_is_declined_if_another_can_be_had),
	    cmocka_unit_test(a_retry_beyond_the_budget_is_not_made_and_says_so),
	    cmocka_unit_test(a_retry_is_of_the_budget_until_its_answer_begins),
	    cmocka_unit_test(each_failed_try_is_counted_once),
	    cmocka_unit_test(each_try_is_noted_once_for_its_endpoint),
	    cmocka_unit_test(the_worker_that_sees_a_streak_writes_home),
	    cmocka_unit_test(a_backend_that_is_full_is_not_asked),
	    cmocka_unit_test(some_take_no_kept_connection),
	    cmocka_unit_test(who_waits_for_a_dial_may_find_it_full),
	    cmocka_unit_test(a_dial_that_many_wait_for_fails_for_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
