/* waiter - a place in a queue, embedded in who waits; its task is listed when the wait is over. On
 * one queue of its own thread at most. Who gives up leaves; who is woken has left already. */
#ifndef UPSTREAM_WAITER_H
#define UPSTREAM_WAITER_H

#include <sys/queue.h>

#include "io/loop.h"

struct waiter {
	struct task *task;
	TAILQ_ENTRY(waiter) entry;
	struct waiters *queue; /* NULL: does not wait */
};

TAILQ_HEAD(waiters, waiter);

static inline void
waiter_join(struct waiter *w, struct waiters *queue)
{
	ASSERT(w->queue == NULL);
	w->queue = queue;
	TAILQ_INSERT_TAIL(queue, w, entry);
}

static inline void
waiter_leave(struct waiter *w)
{
	if (w->queue == NULL)
		return;
	TAILQ_REMOVE(w->queue, w, entry);
	w->queue = NULL;
}

static inline void
waiter_wake(struct waiter *w, struct loop *l)
{
	waiter_leave(w);
	loop_ready(l, w->task);
}

#endif
