#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "io/grace.h"

enum { READERS = 3, CHANGES = 3000, ROUNDS = 20, ALIVE = 0x616c6976 };

/* What is published and read: whoever reads one that was freed reads DEAD, or the sanitizer says
 * so. */
struct thing {
	_Atomic uint32_t alive;
	struct reap reap;
};

struct scene;

struct reader {
	struct scene *scene;
	struct loop *loop;
	struct task task;
	struct letter stop;
	pthread_t thread;
	uint64_t looked;
	_Atomic uint32_t passed;
};

struct scene {
	struct loop *home;
	struct grace *grace;
	struct thing *_Atomic thing;
	struct reader readers[READERS];
	struct task publisher;
	uint32_t published, rounds;
};

static _Atomic uint32_t living;

static struct thing *
thing_new(void)
{
	struct thing *t = xcalloc(1, sizeof(*t));

	atomic_store(&t->alive, ALIVE);
	atomic_fetch_add(&living, 1);
	return t;
}

static void
thing_free(struct reap *r)
{
	struct thing *t = container_of(r, struct thing, reap);

	atomic_store(&t->alive, 0);
	atomic_fetch_sub(&living, 1);
	free(t);
}

/* Holds what it loaded for the whole of its turn's share. */
static void
reader_run(struct task *task)
{
	struct reader *r = container_of(task, struct reader, task);
	struct thing *t = atomic_load_explicit(&r->scene->thing, memory_order_acquire);

	for (int i = 0; i < 100; i++)
		assert_int_equal(atomic_load_explicit(&t->alive, memory_order_relaxed), ALIVE);
	r->looked++;
	loop_again(r->loop, task);
}

static void *
reader_main(void *arg)
{
	struct reader *r = arg;

	loop_again(r->loop, &r->task);
	loop_run(r->loop);
	return NULL;
}

static void
reader_stop(struct letter *letter, void *owner)
{
	(void)owner;
	loop_stop(container_of(letter, struct reader, stop)->loop);
}

static void
reader_passes(void *owner)
{
	atomic_fetch_add(&((struct reader *)owner)->passed, 1);
}

static void
round_over(void *owner)
{
	((struct scene *)owner)->rounds++;
}

static void
publish(struct task *task)
{
	struct scene *s = container_of(task, struct scene, publisher);
	struct thing *old = atomic_exchange_explicit(&s->thing, thing_new(), memory_order_acq_rel);

	grace_retire(s->grace, &old->reap, thing_free);
	if (++s->published < CHANGES || s->rounds < ROUNDS)
		loop_again(s->home, task);
	else
		loop_stop(s->home);
}

static void
scene_open(struct scene *s)
{
	*s = (struct scene){.publisher.run = publish};
	s->home = loop_new(s);
	s->grace = grace_new(&(struct grace_spec){s->home, reader_passes, round_over});
	atomic_store(&s->thing, thing_new());
	for (int i = 0; i < READERS; i++) {
		struct reader *r = &s->readers[i];

		*r = (struct reader){.scene = s, .task.run = reader_run, .stop.run = reader_stop};
		r->loop = loop_new(r);
		grace_join(s->grace, r->loop);
	}
}

static void
scene_close(struct scene *s)
{
	struct thing *last = atomic_load(&s->thing);

	for (int i = 0; i < READERS; i++)
		loop_free(&s->readers[i].loop);
	grace_alone(s->grace);
	loop_free(&s->home);
	grace_free(&s->grace);
	assert_null(s->grace);
	assert_int_equal(atomic_load(&living), 1);
	thing_free(&last->reap);
}

/* To be run under TSan, too. */
static void
nobody_sees_what_was_freed(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(
		    pthread_create(&s.readers[i].thread, NULL, reader_main, &s.readers[i]), 0);
	loop_again(s.home, &s.publisher);
	loop_run(s.home);
	for (int i = 0; i < READERS; i++)
		loop_post(s.readers[i].loop, &s.readers[i].stop);
	for (int i = 0; i < READERS; i++) {
		pthread_join(s.readers[i].thread, NULL);
		assert_true(s.readers[i].looked > 0);
		assert_true(s.readers[i].passed > 0);
	}
	assert_true(s.rounds <= s.published);
	print_message("# %u changes in %u rounds\n", s.published, s.rounds);
	scene_close(&s);
}

/* Letters to loops that do not turn: all that is retired waits for them, in two rounds at most. */
static void
many_changes_share_a_round(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	for (int i = 0; i < 100; i++)
		publish(&s.publisher);
	assert_int_equal(atomic_load(&living), 101);
	scene_close(&s);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(s.readers[i].passed, 1);
	assert_int_equal(s.rounds, 1);
}

static void
nobody_waits_when_nobody_reads(void **state)
{
	struct thing *t = thing_new();

	(void)state;
	grace_retire(NULL, &t->reap, thing_free);
	assert_int_equal(atomic_load(&living), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nobody_sees_what_was_freed),
	    cmocka_unit_test(many_changes_share_a_round),
	    cmocka_unit_test(nobody_waits_when_nobody_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
