#include "pair.h"

#include <pthread.h>

#include "io/loop.h"

enum { TRACE = 64, POSTERS = 3, LETTERS = 20000 };

/* What ran, in order, as letters. */
struct trace {
	struct loop *loop;
	char text[TRACE];
	size_t n;
};

struct step {
	struct task task;
	struct reap reap;
	struct timer timer;
	struct trace *trace;
	char name;
	struct step *ready, *again, *flush; /* what it lists when it runs */
	unsigned times;                     /* how often it lists itself again */
};

static void
note(struct trace *t, char c)
{
	assert_true(t->n + 1 < TRACE);
	t->text[t->n++] = c;
}

static void
step_run(struct task *task)
{
	struct step *s = container_of(task, struct step, task);

	note(s->trace, s->name);
	if (s->ready != NULL)
		loop_ready(s->trace->loop, &s->ready->task);
	if (s->again != NULL)
		loop_again(s->trace->loop, &s->again->task);
	if (s->flush != NULL)
		loop_flush(s->trace->loop, &s->flush->task);
	if (s->times > 0) {
		s->times--;
		loop_again(s->trace->loop, task);
	}
}

static void
step_reaped(struct reap *r)
{
	struct step *s = container_of(r, struct step, reap);

	note(s->trace, 'R');
}

static void
step_fire(struct timer *t)
{
	struct step *s = container_of(t, struct step, timer);

	note(s->trace, 'T');
	loop_ready(s->trace->loop, &s->task);
}

#define STEP(trace_, name_)                                                                        \
	{                                                                                          \
		.task = {.run = step_run}, .trace = (trace_), .name = (name_)                      \
	}

static void
turn_ends(struct task *t)
{
	(void)t;
}

/* Turns until nothing is listed, each followed by a bar. */
static void
turns(struct trace *t, unsigned n)
{
	while (n-- > 0) {
		pair_turn(t->loop);
		note(t, '|');
	}
}

static void
trace_close(struct trace *t, const char *want)
{
	t->text[t->n] = '\0';
	assert_string_equal(t->text, want);
	loop_free(&t->loop);
}

static void
ready_then_flush_then_reap(void **state)
{
	struct trace t = {.loop = loop_new(NULL)};
	struct step a = STEP(&t, 'a'), b = STEP(&t, 'b'), f = STEP(&t, 'f'), g = STEP(&t, 'g');

	(void)state;
	loop_reap(t.loop, &a.reap, step_reaped);
	loop_flush(t.loop, &f.task);
	loop_ready(t.loop, &a.task);
	loop_ready(t.loop, &a.task); /* once is enough */
	a.ready = &b;                /* in the same turn, before any flush */
	f.ready = &g;                /* what a flush wakes is in the same turn too */
	turns(&t, 2);
	trace_close(&t, "abfgR||");
}

static void
again_is_the_next_turn_behind_what_is_ready(void **state)
{
	struct trace t = {.loop = loop_new(NULL)};
	struct step a = STEP(&t, 'a'), b = STEP(&t, 'b');

	(void)state;
	a.times = 2;
	b.again = &a; /* listed already: stays where it is */
	loop_again(t.loop, &a.task);
	turns(&t, 1);
	loop_ready(t.loop, &b.task);
	turns(&t, 3);
	trace_close(&t, "a|ba|a||");
}

static void
an_unlisted_task_does_not_run(void **state)
{
	struct trace t = {.loop = loop_new(NULL)};
	struct step s[] = {STEP(&t, '0'), STEP(&t, '1'), STEP(&t, '2'), STEP(&t, '3')};
	void (*const lists[])(struct loop *, struct task *) = {loop_ready, loop_again, loop_flush};

	(void)state;
	for (size_t list = 0; list < nelem(lists); list++) {
		for (size_t gone = 0; gone < nelem(s); gone++) {
			for (size_t i = 0; i < nelem(s); i++)
				lists[list](t.loop, &s[i].task);
			task_unlist(t.loop, &s[gone].task);
			task_unlist(t.loop, &s[gone].task); /* not listed: nothing */
			task_unlist(t.loop, &s[3].task);
			lists[list](t.loop, &s[3].task); /* the end of the list still works */
			t.n = 0;
			turns(&t, 1);
			assert_int_equal(t.n, (gone == 3 ? 4 : 3) + 1);
			for (size_t i = 0, at = 0; i < nelem(s); i++)
				if (i != gone || gone == 3)
					assert_int_equal(t.text[at++], s[i].name);
		}
	}
	t.n = 0;
	trace_close(&t, "");
}

static void
unlisted_by_another_in_the_same_turn(struct task *task)
{
	struct step *s = container_of(task, struct step, task);

	note(s->trace, s->name);
	task_unlist(s->trace->loop, &s->ready->task);
}

static void
a_task_may_take_another_one_out(void **state)
{
	struct trace t = {.loop = loop_new(NULL)};
	struct step a = STEP(&t, 'a'), b = STEP(&t, 'b'), c = STEP(&t, 'c');

	(void)state;
	a.task.run = unlisted_by_another_in_the_same_turn;
	a.ready = &c;
	loop_ready(t.loop, &a.task);
	loop_ready(t.loop, &b.task);
	loop_ready(t.loop, &c.task);
	turns(&t, 1);
	loop_ready(t.loop, &a.task);
	loop_again(t.loop, &c.task);
	turns(&t, 1);
	trace_close(&t, "ab|a|");
}

static void
due_timers_list_their_tasks(void **state)
{
	struct trace t = {.loop = loop_new(NULL)};
	struct step a = STEP(&t, 'a'), b = STEP(&t, 'b');
	uint64_t start = t.loop->now;

	(void)state;
	a.timer.fire = b.timer.fire = step_fire;
	timer_set(t.loop, &a.timer, start + 20000);
	timer_set(t.loop, &b.timer, start + 10000);
	timer_clear(t.loop, &b.timer);
	PAIR_UNTIL(t.loop, t.n > 0);
	assert_true(t.loop->now >= start + 20000);
	trace_close(&t, "Ta");
}

/* The loop itself sleeps until the timer, not a turn longer. */
static void
stop_fire(struct timer *timer)
{
	struct step *s = container_of(timer, struct step, timer);

	loop_stop(s->trace->loop);
}

static void
a_sleeping_loop_wakes_for_its_timer(void **state)
{
	struct trace t = {.loop = loop_new(NULL)};
	struct step far = STEP(&t, 'a'), near = STEP(&t, 'b');
	uint64_t start = t.loop->now;

	(void)state;
	far.timer.fire = near.timer.fire = stop_fire;
	timer_set(t.loop, &far.timer, start + 3600 * UINT64_C(1000000));
	timer_set(t.loop, &near.timer, start + 30000); /* set later, due sooner */
	loop_run(t.loop);
	assert_in_range(t.loop->now - start, 30000, 3000000);
	timer_clear(t.loop, &far.timer);
	trace_close(&t, "");
}

/* ---- letters ---- */

struct poster {
	pthread_t thread;
	struct loop *loop;
	unsigned number;
};

struct note {
	struct letter letter;
	unsigned poster, number;
};

struct mailbox {
	struct loop *loop;
	unsigned next[POSTERS], total;
};

static void
note_read(struct letter *letter, void *owner)
{
	struct note *n = container_of(letter, struct note, letter);
	struct mailbox *box = owner;

	assert_int_equal(n->number, box->next[n->poster]); /* each poster's letters keep order */
	box->next[n->poster]++;
	if (++box->total == POSTERS * LETTERS)
		loop_stop(box->loop);
	free(n);
}

static void *
post_all(void *arg)
{
	struct poster *p = arg;

	for (unsigned i = 0; i < LETTERS; i++) {
		struct note *n = malloc(sizeof(*n));

		*n = (struct note){{.run = note_read}, p->number, i};
		loop_post(p->loop, &n->letter);
		if (i % 1000 == 0)
			usleep(200); /* now and then the loop falls asleep */
	}
	return NULL;
}

static void
letters_wake_a_sleeping_loop_and_keep_order(void **state)
{
	struct mailbox box = {.total = 0};
	struct poster posters[POSTERS];

	(void)state;
	box.loop = loop_new(&box);
	for (unsigned i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){.loop = box.loop, .number = i};
		assert_int_equal(
		    pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
	}
	loop_run(box.loop); /* ends with the last letter; a lost wake-up would hang here */
	for (unsigned i = 0; i < POSTERS; i++)
		pthread_join(posters[i].thread, NULL);
	assert_int_equal(box.total, POSTERS * LETTERS);
	loop_free(&box.loop);
}

static void
letters_in_the_box_of_a_freed_loop_are_read(void **state)
{
	struct mailbox box = {.total = 0};
	struct note *n = malloc(sizeof(*n));

	(void)state;
	box.loop = loop_new(&box);
	*n = (struct note){{.run = note_read}, 0, 0};
	loop_post(box.loop, &n->letter);
	loop_free(&box.loop);
	assert_int_equal(box.total, 1);
}

static void
waited(void *owner, uint64_t asleep, uint64_t busy)
{
	struct trace *t = owner;

	assert_true(asleep < 60 * UINT64_C(1000000) && busy < 60 * UINT64_C(1000000));
	note(t, 'w');
}

static void
each_wait_is_told(void **state)
{
	struct trace t = {.n = 0};
	struct task idle = {.run = turn_ends};

	(void)state;
	t.loop = loop_new(&t);
	t.loop->waited = waited;
	loop_again(t.loop, &idle);
	turns(&t, 2);
	trace_close(&t, "w|w|");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ready_then_flush_then_reap),
	    cmocka_unit_test(again_is_the_next_turn_behind_what_is_ready),
	    cmocka_unit_test(an_unlisted_task_does_not_run),
	    cmocka_unit_test(a_task_may_take_another_one_out),
	    cmocka_unit_test(due_timers_list_their_tasks),
	    cmocka_unit_test(a_sleeping_loop_wakes_for_its_timer),
	    cmocka_unit_test(letters_wake_a_sleeping_loop_and_keep_order),
	    cmocka_unit_test(letters_in_the_box_of_a_freed_loop_are_read),
	    cmocka_unit_test(each_wait_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
