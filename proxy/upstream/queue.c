#include "upstream/queue.h"

#include <stdatomic.h>
#include <stdlib.h>

TAILQ_HEAD(queue_waits, queue_wait);

struct queue_line {
	struct queue *queue;
	struct loop *loop;
	uint32_t worker;
	struct queue_waits waits[QUEUE_PRIORITIES];
	uint32_t n;          /* in this line; written by its worker, looked at by others */
	_Atomic bool posted; /* the letter is under way */
	struct letter letter;
};

void
queue_init(struct queue *q, uint32_t workers)
{
	q->workers = workers;
	q->lines = xcalloc(workers, sizeof(*q->lines));
}

void
queue_fini(struct queue *q)
{
	ASSERT(queue_is_empty(q));
	for (uint32_t i = 0; i < q->workers; i++)
		free(atomic_load_explicit(&q->lines[i], memory_order_acquire));
	free(q->lines);
	q->lines = NULL;
}

/* The first that nobody has woken yet. */
static struct queue_wait *
queue_first(struct queue_line *line)
{
	struct queue_wait *w;

	for (unsigned p = 0; p < QUEUE_PRIORITIES; p++)
		TAILQ_FOREACH(w, &line->waits[p], entry)
			if (!w->woken)
				return w;
	return NULL;
}

bool
queue_turn(const struct queue_wait *w)
{
	return w->woken || queue_first(w->line) == w;
}

static bool
queue_wake_line(struct queue_line *line)
{
	struct queue_wait *w = queue_first(line);

	if (w == NULL)
		return false;
	w->woken = true;
	loop_ready(line->loop, w->owner);
	return true;
}

/* The letter counts among the waiting, so that nobody frees its queue under it. */
static void
queue_on_letter(struct letter *letter, void *owner)
{
	struct queue_line *line = container_of(letter, struct queue_line, letter);
	struct queue *q = line->queue;

	(void)owner;
	atomic_store_explicit(&line->posted, false, memory_order_release);
	if (!queue_wake_line(line))
		queue_wake(q, line->worker); /* they have left meanwhile: somebody else's turn */
	atomic_fetch_sub_explicit(&q->waiting, 1, memory_order_release);
}

static struct queue_line *
queue_line(struct queue *q, uint32_t worker, struct loop *l)
{
	struct queue_line *line = atomic_load_explicit(&q->lines[worker], memory_order_relaxed);

	if (line != NULL)
		return line;
	line = xcalloc(1, sizeof(*line));
	line->queue = q;
	line->loop = l;
	line->worker = worker;
	line->letter.run = queue_on_letter;
	for (unsigned p = 0; p < QUEUE_PRIORITIES; p++)
		TAILQ_INIT(&line->waits[p]);
	atomic_store_explicit(&q->lines[worker], line, memory_order_release);
	return line;
}

static void
queue_late(struct timer *t)
{
	struct queue_wait *w = container_of(t, struct queue_wait, timer);

	w->late = true;
	loop_ready(w->line->loop, w->owner);
}

bool
queue_join(struct queue *q, const struct queue_spec *spec, uint32_t worker, struct loop *l,
    struct queue_wait *w)
{
	w->woken = false;
	if (w->line != NULL)
		return true;
	if (atomic_fetch_add(&q->waiting, 1) >= spec->size) {
		atomic_fetch_sub_explicit(&q->waiting, 1, memory_order_relaxed);
		return false;
	}
	w->line = queue_line(q, worker, l);
	w->since = l->now;
	w->late = false;
	w->timer = (struct timer){.fire = queue_late};
	TAILQ_INSERT_TAIL(&w->line->waits[w->priority], w, entry);
	COUNTER_ADD(w->line->n, 1);
	timer_set(l, &w->timer, l->now + spec->timeout_us);
	return true;
}

void
queue_leave(struct queue *q, struct queue_wait *w, bool took)
{
	struct queue_line *line = w->line;

	if (line == NULL)
		return;
	TAILQ_REMOVE(&line->waits[w->priority], w, entry);
	timer_clear(line->loop, &w->timer);
	COUNTER_ADD(line->n, -1);
	w->line = NULL;
	if (w->woken && !took)
		queue_wake(q, line->worker);
	atomic_fetch_sub_explicit(&q->waiting, 1, memory_order_release);
}

/* From the next worker on, so that none is always the first to be asked. */
static void
queue_wake_other(struct queue *q, uint32_t worker)
{
	for (uint32_t i = 1; i < q->workers; i++) {
		struct queue_line *line = atomic_load_explicit(
		    &q->lines[(worker + i) % q->workers], memory_order_acquire);

		if (line == NULL || COUNTER_READ(line->n) == 0)
			continue;
		if (atomic_exchange_explicit(&line->posted, true, memory_order_acquire))
			continue; /* it is about to look */
		atomic_fetch_add_explicit(&q->waiting, 1, memory_order_relaxed);
		loop_post(line->loop, &line->letter);
		return;
	}
}

void
queue_wake(struct queue *q, uint32_t worker)
{
	struct queue_line *line;

	if (likely(queue_is_empty(q)))
		return;
	line = atomic_load_explicit(&q->lines[worker], memory_order_relaxed);
	if (line == NULL || !queue_wake_line(line))
		queue_wake_other(q, worker);
}
