/* queue - requests that wait for a place at a backend. Each worker has its own line, ordered by
 * priority and then by arrival; whoever gives a place back wakes the first of its own line, or,
 * when nobody waits there, has another worker wake the first of its. A woken one keeps its place in
 * line until it has got what it waited for. Nothing here counts places (guard.h does). */
#ifndef UPSTREAM_QUEUE_H
#define UPSTREAM_QUEUE_H

#include <stdatomic.h>
#include <sys/queue.h>

#include "io/loop.h"

enum { QUEUE_PRIORITIES = 3 }; /* 0 first */

struct queue_line; /* of one worker, for one backend */

struct queue {                    /* of a backend, process-wide */
	_Atomic uint32_t waiting; /* in all lines; also the letters that are under way */
	uint32_t workers;
	struct queue_line *_Atomic *lines; /* owned; one per worker, made by it at first use */
};

struct queue_wait { /* embedded in who waits; zeroed: does not wait */
	TAILQ_ENTRY(queue_wait) entry;
	struct queue_line *line; /* NULL: not in one */
	struct task *owner;
	struct timer timer;
	uint64_t since; /* when the waiting began */
	uint8_t priority;
	bool woken; /* a place became free: try */
	bool late;  /* has waited too long */
};

struct queue_spec {
	uint32_t size; /* may wait at once; 0: nobody */
	uint64_t timeout_us;
};

void queue_init(struct queue *q, uint32_t workers);
void queue_fini(struct queue *q); /* nobody waits, no loop of a worker runs any more or uses it */

/* Gets in line, or is in it still and sleeps on. The owner is listed when it is woken or late.
 * False: the queue is full. */
bool queue_join(struct queue *q, const struct queue_spec *spec, uint32_t worker, struct loop *l,
    struct queue_wait *w) NODISCARD;
/* Leaves the line; safe when not in it. One that was woken and took nothing wakes the next. */
void queue_leave(struct queue *q, struct queue_wait *w, bool took);
/* A place became free, on this worker's thread. Who joins says so and then looks for a place once
 * more; who gives one back does that and then looks for who waits. Both orders are sequentially
 * consistent, so that one of the two sees the other. */
void queue_wake(struct queue *q, uint32_t worker);

static inline bool
queue_is_empty(const struct queue *q)
{
	return atomic_load(&q->waiting) == 0;
}

/* Is it this one's turn to look for a place? In line, the first; a newcomer when nobody is. */
bool queue_turn(const struct queue_wait *w);
static inline bool
queue_may_pass(const struct queue *q, const struct queue_wait *w)
{
	return w->line != NULL ? queue_turn(w) : queue_is_empty(q);
}

#endif
