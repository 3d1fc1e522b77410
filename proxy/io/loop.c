#include "io/loop.h"

#include "io/pipe.h"
#include "io/wire.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
	LOOP_US = 1000000,
	LOOP_WIRES = 64,         /* free queues kept: those of a busy turn */
	LOOP_FLUSH_BATCH = 32,   /* conns that wait to send before they do */
	LOOP_FLUSH_BYTES = 8192, /* of body weigh as much as one more conn */
};

struct loop_private {
	struct event alarm; /* bounds the sleep to the wheel's next timer */
	uint64_t alarm_at;  /* what it is set to; 0: not set */
	struct event post;  /* the mailbox' eventfd */
	int post_fd;
	void *owner;
	/* The mailbox: a stack that other threads push to and the turn takes whole. */
	CACHE_ALIGNED struct letter *_Atomic letters;
	_Atomic bool asleep; /* somebody must write to post_fd */
};

static uint64_t
loop_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * LOOP_US + (uint64_t)ts.tv_nsec / 1000;
}

static void
task_list_init(struct task_list *list)
{
	list->first = NULL;
	list->last = &list->first;
}

static void
task_list_add(struct task_list *list, struct task *t)
{
	if (t->listed)
		return;
	t->listed = true;
	t->next = NULL;
	*list->last = t;
	list->last = &t->next;
}

void
loop_ready(struct loop *l, struct task *t)
{
	task_list_add(&l->ready, t);
}

void
loop_again(struct loop *l, struct task *t)
{
	task_list_add(&l->again, t);
}

void
loop_flush(struct loop *l, struct task *t)
{
	task_list_add(&l->flush, t);
	l->flushes++;
}

void
loop_hurry(struct loop *l, size_t bytes)
{
	l->flushes += (uint32_t)(bytes / LOOP_FLUSH_BYTES);
}

static bool
task_list_remove(struct task_list *list, struct task *t)
{
	for (struct task **at = &list->first; *at != NULL; at = &(*at)->next)
		if (*at == t) {
			*at = t->next;
			if (list->last == &t->next)
				list->last = at;
			t->listed = false;
			return true;
		}
	return false;
}

void
task_unlist(struct loop *l, struct task *t)
{
	if (t->listed)
		ASSERT(task_list_remove(&l->ready, t) || task_list_remove(&l->again, t) ||
		       task_list_remove(&l->flush, t));
}

static struct task *
task_list_take(struct task_list *list)
{
	struct task *t = list->first;

	if (t == NULL)
		return NULL;
	list->first = t->next;
	if (list->first == NULL)
		list->last = &list->first;
	t->listed = false;
	return t;
}

static void
loop_flush_run(struct loop *l)
{
	struct task *t;

	while ((t = task_list_take(&l->flush)) != NULL)
		t->run(t);
	l->flushes = 0;
}

/* Flushing in batches, not once for hundreds of conns: what waits to leave is still in the cache,
 * and few chunks serve many. */
static void
loop_run_ready(struct loop *l)
{
	struct task *t;

	do {
		while ((t = task_list_take(&l->ready)) != NULL) {
			t->run(t);
			if (l->flushes >= LOOP_FLUSH_BATCH)
				loop_flush_run(l);
		}
		loop_flush_run(l);
	} while (l->ready.first != NULL);
}

void
loop_reap(struct loop *l, struct reap *r, void (*free)(struct reap *))
{
	r->free = free;
	r->next = l->reap;
	l->reap = r;
}

static void
loop_reap_run(struct loop *l)
{
	struct reap *r;

	while ((r = l->reap) != NULL) {
		l->reap = r->next;
		r->free(r);
	}
}

static void
loop_on_alarm(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd;
	(void)what;
	l->private->alarm_at = 0;
}

/* The eventfd is edge-triggered and never read: each write is a new edge. The turn empties the
 * mailbox whatever woke it. */
static void
loop_on_post(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

void
loop_post(struct loop *l, struct letter *letter)
{
	struct loop_private *p = l->private;
	uint64_t one = 1;

	letter->next = atomic_load_explicit(&p->letters, memory_order_relaxed);
	while (!atomic_compare_exchange_weak(&p->letters, &letter->next, letter))
		;
	if (atomic_exchange(&p->asleep, false))
		ASSERT(write(p->post_fd, &one, sizeof(one)) == sizeof(one) || errno == EAGAIN);
}

static void
loop_letters(struct loop *l)
{
	struct letter *stack, *queue = NULL;

	if (likely(atomic_load_explicit(&l->private->letters, memory_order_relaxed) == NULL))
		return;
	stack = atomic_exchange(&l->private->letters, NULL);
	while (stack != NULL) { /* oldest first */
		struct letter *next = stack->next;

		stack->next = queue;
		queue = stack;
		stack = next;
	}
	while (queue != NULL) {
		struct letter *next = queue->next;

		queue->run(queue, l->private->owner);
		queue = next;
	}
}

static void
loop_set_alarm(struct loop *l)
{
	uint64_t next = wheel_next(&l->wheel), in;

	if (next == UINT64_MAX || (l->private->alarm_at != 0 && l->private->alarm_at <= next))
		return;
	in = next > l->now ? next - l->now : 1;
	event_add(&l->private->alarm,
	    &(struct timeval){(time_t)(in / LOOP_US), (suseconds_t)(in % LOOP_US)});
	l->private->alarm_at = next;
}

/* Sleeps until there is something to do, at most until the next timer. */
static void
loop_wait(struct loop *l)
{
	struct loop_private *p = l->private;
	int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;
	uint64_t slept_at, busy;

	if (l->again.first != NULL) {
		flags |= EVLOOP_NONBLOCK;
	} else {
		loop_set_alarm(l);
		/* Order matters: say that we sleep, then look; a poster pushes, then looks. */
		atomic_store(&p->asleep, true);
		if (atomic_load(&p->letters) != NULL)
			flags |= EVLOOP_NONBLOCK;
	}
	slept_at = loop_clock();
	busy = slept_at - l->now;
	ASSERT(event_base_loop(l->base, flags) >= 0);
	atomic_store_explicit(&p->asleep, false, memory_order_relaxed);
	l->now = loop_clock();
	if (l->waited != NULL)
		l->waited(p->owner, l->now - slept_at, busy);
}

static void
loop_turn(struct loop *l)
{
	struct task_list again;

	loop_wait(l);
	loop_letters(l);
	wheel_advance(&l->wheel, l->now);
	again = l->again;
	if (again.first != NULL) { /* behind what the events listed */
		*l->ready.last = again.first;
		l->ready.last = again.last;
		task_list_init(&l->again);
	}
	loop_run_ready(l);
	loop_reap_run(l);
}

void
loop_run(struct loop *l)
{
	l->now = loop_clock();
	while (!l->stop)
		loop_turn(l);
	loop_reap_run(l);
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}

static struct event_base *
loop_base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	ASSERT(config != NULL);
	/* One thread owns the base, so no locks; the environment must not choose a backend. */
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
	event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

struct loop *
loop_new(void *owner)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	struct loop_private *p = aligned_alloc(CACHE_LINE, sizeof(*p));

	ASSERT(p != NULL);
	*p = (struct loop_private){.owner = owner, .post_fd = -1};
	l->private = p;
	l->base = loop_base_new();
	p->post_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->base == NULL || p->post_fd < 0) {
		loop_free(&l);
		return NULL;
	}
	task_list_init(&l->ready);
	task_list_init(&l->again);
	task_list_init(&l->flush);
	chunks_init(&l->chunks);
	wires_init(&l->wires, LOOP_WIRES);
	l->now = loop_clock();
	wheel_init(&l->wheel, l->now);
	event_assign(&p->alarm, l->base, -1, 0, loop_on_alarm, l);
	event_assign(&p->post, l->base, p->post_fd, EV_READ | EV_ET | EV_PERSIST, loop_on_post, l);
	event_add(&p->post, NULL);
	return l;
}

void
loop_free(struct loop **lp)
{
	struct loop *l = *lp;
	struct loop_private *p;

	if (l == NULL)
		return;
	*lp = NULL;
	p = l->private;
	loop_letters(l); /* what they carry must not leak */
	if (l->base != NULL && p->post_fd >= 0) {
		event_del(&p->alarm);
		event_del(&p->post);
		slab_fini(&l->wires);
		pipes_fini(&l->pipes);
		chunks_fini(&l->chunks);
	}
	if (l->base != NULL)
		event_base_free(l->base);
	if (p->post_fd >= 0)
		close(p->post_fd);
	free(p);
	free(l);
}
