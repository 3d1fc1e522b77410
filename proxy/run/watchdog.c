#include "run/watchdog.h"

#include <stdlib.h>

#include "run/notify.h"

enum { WATCHDOG_LOOKS = 3 }; /* in the time systemd waits: one may come late */

struct ping {
	struct letter letter;
	_Atomic bool answered;
	bool warned;
};

struct watchdog {
	struct loop *loop;              /* borrowed */
	const struct crew_member *crew; /* borrowed */
	struct ping *pings;             /* owned; one per worker */
	uint32_t n;
	uint64_t every_us;
	struct timer timer;
};

/* In the worker's thread. */
static void
watchdog_answer(struct letter *letter, void *owner)
{
	(void)owner;
	atomic_store(&container_of(letter, struct ping, letter)->answered, true);
}

static void
watchdog_ask(struct watchdog *w, uint32_t i)
{
	atomic_store(&w->pings[i].answered, false);
	loop_post(w->crew[i].worker->loop, &w->pings[i].letter);
}

static bool
watchdog_all_answered(struct watchdog *w)
{
	bool all = true;

	for (uint32_t i = 0; i < w->n; i++) {
		struct ping *p = &w->pings[i];

		if (atomic_load(&p->answered)) {
			p->warned = false;
			watchdog_ask(w, i);
			continue;
		}
		all = false;
		if (!p->warned)
			log_error("worker %u has not turned its loop for %llu ms", i,
			    (unsigned long long)w->every_us / 1000);
		p->warned = true;
	}
	return all;
}

static void
watchdog_look(struct timer *t)
{
	struct watchdog *w = container_of(t, struct watchdog, timer);

	if (watchdog_all_answered(w))
		notify_alive();
	timer_set(w->loop, t, w->loop->now + w->every_us);
}

struct watchdog *
watchdog_start(struct loop *l, const struct crew_member *crew, uint32_t n)
{
	uint64_t us = notify_watchdog_us();
	struct watchdog *w;

	if (us < WATCHDOG_LOOKS)
		return NULL;
	w = xcalloc(1, sizeof(*w));
	*w = (struct watchdog){.loop = l,
	    .crew = crew,
	    .pings = xcalloc(n, sizeof(struct ping)),
	    .n = n,
	    .every_us = us / WATCHDOG_LOOKS,
	    .timer = {.fire = watchdog_look}};
	for (uint32_t i = 0; i < n; i++) {
		w->pings[i].letter.run = watchdog_answer;
		watchdog_ask(w, i);
	}
	notify_alive();
	timer_set(l, &w->timer, l->now + w->every_us);
	return w;
}

void
watchdog_stop(struct watchdog **wp)
{
	struct watchdog *w = *wp;

	if (w == NULL)
		return;
	*wp = NULL;
	timer_clear(w->loop, &w->timer);
	free(w->pings);
	free(w);
}
