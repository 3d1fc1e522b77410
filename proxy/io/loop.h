/* loop - one thread's time and turns, and the only face of libevent's base. Callbacks of the
 * library only record: they set a bit and list a task. The turn acts:
 *
 *	wait for events -> due timers -> ready tasks -> flush tasks -> reap -> (again)
 *
 * A task that lists another one runs it in the same turn; one that wants to go on after its share
 * lists itself with loop_again and runs in the next turn, after new events: nobody starves.
 * Everything here but loop_post belongs to the loop's own thread. */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "io/buf.h"
#include "io/wheel.h"

struct event_base;

struct task { /* embedded in what it moves; listed at most once */
	struct task *next;
	void (*run)(struct task *);
	bool listed;
};

struct task_list {
	struct task *first, **last;
};

struct reap { /* embedded in what is to be freed at the end of the turn */
	struct reap *next;
	void (*free)(struct reap *);
};

struct letter { /* work posted by another thread; the run function owns it from then on */
	struct letter *next;
	void (*run)(struct letter *, void *owner);
};

struct loop {
	uint64_t now; /* microseconds, CLOCK_MONOTONIC, read once a turn */
	struct task_list ready, again, flush;
	uint32_t flushes; /* weight of what was listed since */
	struct reap *reap;
	struct chunks chunks;
	struct pipes pipes;
	struct slab wires;       /* wire.c's queues */
	struct event_base *base; /* for io/ only */
	struct wheel wheel;
	struct loop_private *private; /* libevent's objects and the mailbox */
	/* told after each wait how long it was, and how long the turn before it took */
	void (*waited)(void *owner, uint64_t asleep_us, uint64_t busy_us);
	bool stop;
};

/* owner: handed to every letter's run. NULL when the kernel refuses (errno says why). */
struct loop *loop_new(void *owner);
void loop_free(struct loop **l);
void loop_run(struct loop *l); /* until loop_stop */
void loop_stop(struct loop *l);
void loop_post(struct loop *l, struct letter *letter); /* any thread; wakes it if it sleeps */

void loop_ready(struct loop *l, struct task *t);
void loop_again(struct loop *l, struct task *t);
void loop_flush(struct loop *l, struct task *t); /* when many wait, or this turn's tasks are done */
void loop_hurry(struct loop *l, size_t bytes);   /* so much body waits too: flush sooner */
void task_unlist(struct loop *l, struct task *t);
void loop_reap(struct loop *l, struct reap *r, void (*free)(struct reap *));

/* t->fire is called in the first turn at or after `at`; it lists a task. */
static inline void
timer_set(struct loop *l, struct timer *t, uint64_t at)
{
	wheel_set(&l->wheel, t, at);
}

static inline void
timer_clear(struct loop *l, struct timer *t)
{
	wheel_clear(&l->wheel, t);
}

#endif
