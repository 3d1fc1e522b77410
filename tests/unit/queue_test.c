#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "upstream/queue.h"

enum { WORKERS = 3, S = 1000000, ROUNDS = 3000, GUESTS = 8 };

static const struct queue_spec spec = {.size = 4, .timeout_us = S / 50};

struct guest {
	struct task task;
	struct queue_wait wait;
	char name;
};

struct inn {
	struct queue queue;
	struct loop *loop;
	struct guest guests[GUESTS];
	char woken[32]; /* names in the order in which they were listed */
	size_t n;
};

static struct inn *the_inn; /* of a single-threaded test: tasks know only themselves */

static void
guest_run(struct task *t)
{
	struct guest *g = container_of(t, struct guest, task);

	the_inn->woken[the_inn->n++] = g->wait.late ? (char)(g->name - 'a' + 'A') : g->name;
	loop_stop(the_inn->loop);
}

static void
nothing(struct task *t)
{
	(void)t;
}

static int
inn_open(void **state)
{
	static struct inn inn;

	memset(&inn, 0, sizeof(inn));
	the_inn = &inn;
	queue_init(&inn.queue, WORKERS);
	inn.loop = loop_new(&inn);
	for (unsigned i = 0; i < GUESTS; i++)
		inn.guests[i] = (struct guest){.task.run = guest_run,
		    .wait.owner = &inn.guests[i].task,
		    .name = (char)('a' + i)};
	*state = &inn;
	return 0;
}

static int
inn_close(void **state)
{
	struct inn *inn = *state;

	for (unsigned i = 0; i < GUESTS; i++)
		queue_leave(&inn->queue, &inn->guests[i].wait, true);
	queue_fini(&inn->queue);
	loop_free(&inn->loop);
	return 0;
}

static bool
joins(struct inn *inn, unsigned i, uint8_t priority)
{
	inn->guests[i].wait.priority = priority;
	return queue_join(&inn->queue, &spec, 0, inn->loop, &inn->guests[i].wait);
}

/* Who has been woken, once somebody was. */
static const char *
woken(struct inn *inn)
{
	struct task turn = {.run = nothing};

	inn->loop->stop = false;
	loop_again(inn->loop, &turn); /* the first turn does not sleep */
	loop_run(inn->loop);
	return inn->woken;
}

static void
wakes_the_oldest_first(void **state)
{
	struct inn *inn = *state;

	assert_true(joins(inn, 0, 1) && joins(inn, 1, 1));
	queue_wake(&inn->queue, 0);
	queue_wake(&inn->queue, 0);
	assert_string_equal(woken(inn), "ab");
}

static void
wakes_by_priority_before_age(void **state)
{
	struct inn *inn = *state;

	assert_true(joins(inn, 0, 2) && joins(inn, 1, 1) && joins(inn, 2, 0));
	for (int i = 0; i < 3; i++)
		queue_wake(&inn->queue, 0);
	assert_string_equal(woken(inn), "cba");
}

static void
keeps_the_place_of_one_that_was_woken_for_nothing(void **state)
{
	struct inn *inn = *state;

	assert_true(joins(inn, 0, 1) && joins(inn, 1, 1));
	queue_wake(&inn->queue, 0);
	assert_string_equal(woken(inn), "a");
	assert_true(joins(inn, 0, 1)); /* another had taken it */
	queue_wake(&inn->queue, 0);
	assert_string_equal(woken(inn), "aa");
}

static void
passes_the_word_on_when_a_woken_one_leaves(void **state)
{
	struct inn *inn = *state;

	assert_true(joins(inn, 0, 1) && joins(inn, 1, 1));
	queue_wake(&inn->queue, 0);
	queue_leave(&inn->queue, &inn->guests[0].wait, false);
	task_unlist(inn->loop, &inn->guests[0].task);
	assert_string_equal(woken(inn), "b");
}

static void
holds_no_more_than_its_size(void **state)
{
	struct inn *inn = *state;

	for (unsigned i = 0; i < 4; i++)
		assert_true(joins(inn, i, 1));
	assert_false(joins(inn, 4, 1));
	assert_true(joins(inn, 3, 1)); /* who is in line stays in line */
	queue_leave(&inn->queue, &inn->guests[0].wait, true);
	assert_true(joins(inn, 4, 1));
}

static void
tells_who_has_waited_too_long(void **state)
{
	struct inn *inn = *state;

	assert_true(joins(inn, 0, 1));
	assert_string_equal(woken(inn), "A");
}

static void
wakes_another_workers_line_when_its_own_is_empty(void **state)
{
	struct inn *inn = *state;

	assert_true(joins(inn, 0, 1));
	queue_wake(&inn->queue, 2);
	assert_string_equal(woken(inn), "a");
}

/* ---- all workers at once: places are never lost ---- */

struct hall {
	struct queue queue;
	_Atomic int places, served;
};

struct visitor {
	struct task task;
	struct queue_wait wait;
	struct hall *hall;
	struct loop *loop;
	uint32_t worker, rounds;
	bool inside;
};

static const struct queue_spec patient = {.size = 1000, .timeout_us = 60 * (uint64_t)S};

static bool
hall_enter(struct hall *h)
{
	if (atomic_fetch_sub(&h->places, 1) > 0)
		return true;
	atomic_fetch_add(&h->places, 1);
	return false;
}

static void
visitor_run(struct task *t)
{
	struct visitor *v = container_of(t, struct visitor, task);
	struct hall *h = v->hall;

	assert_false(v->wait.late);
	if (v->inside) {
		v->inside = false;
		atomic_fetch_add(&h->places, 1);
		queue_wake(&h->queue, v->worker);
		atomic_fetch_add(&h->served, 1);
		if (--v->rounds == 0) {
			loop_stop(v->loop);
			return;
		}
	}
	/* Try, get in line, try again: a place freed in between is not missed. */
	v->inside = hall_enter(h);
	if (!v->inside) {
		assert_true(queue_join(&h->queue, &patient, v->worker, v->loop, &v->wait));
		v->inside = hall_enter(h);
	}
	if (!v->inside)
		return;
	queue_leave(&h->queue, &v->wait, true);
	loop_again(v->loop, t);
}

static void *
visit(void *arg)
{
	struct visitor *v = arg;

	v->loop = loop_new(v);
	loop_again(v->loop, &v->task);
	loop_run(v->loop);
	return NULL;
}

static void
serves_everybody_of_all_workers(void **state)
{
	struct hall h = {.places = 1};
	struct visitor visitors[WORKERS];
	pthread_t threads[WORKERS];

	(void)state;
	queue_init(&h.queue, WORKERS);
	for (uint32_t i = 0; i < WORKERS; i++) {
		visitors[i] = (struct visitor){.task.run = visitor_run,
		    .hall = &h,
		    .worker = i,
		    .rounds = ROUNDS,
		    .wait.owner = &visitors[i].task};
		assert_int_equal(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
	}
	for (uint32_t i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	for (uint32_t i = 0; i < WORKERS; i++)
		loop_free(&visitors[i].loop); /* with letters that came last */
	assert_int_equal(h.served, WORKERS * ROUNDS);
	queue_fini(&h.queue);
}

int
main(void)
{
#define INN(test) cmocka_unit_test_setup_teardown(test, inn_open, inn_close)
	const struct CMUnitTest tests[] = {
	    INN(wakes_the_oldest_first),
	    INN(wakes_by_priority_before_age),
	    INN(keeps_the_place_of_one_that_was_woken_for_nothing),
	    INN(passes_the_word_on_when_a_woken_one_leaves),
	    INN(holds_no_more_than_its_size),
	    INN(tells_who_has_waited_too_long),
	    INN(wakes_another_workers_line_when_its_own_is_empty),
	    cmocka_unit_test(serves_everybody_of_all_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
