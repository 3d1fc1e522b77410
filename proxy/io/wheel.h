/* wheel - hierarchical timer wheel: three levels of 256 slots of 4 ms, 1 s and 4.5 min. Lazy: a
 * timer that is moved later stays where it is and is put right when its old slot comes up, so the
 * usual "there was activity" costs one store. Timers never fire early, and at most one tick late.
 */
#ifndef IO_WHEEL_H
#define IO_WHEEL_H

#include "base/base.h"

enum { WHEEL_TICK_SHIFT = 12, WHEEL_LEVELS = 3, WHEEL_SLOTS = 256 };

struct timer {                         /* embedded in what has a deadline */
	struct timer *next, **prev;    /* prev NULL: not in the wheel */
	uint64_t at;                   /* due, microseconds */
	uint64_t slot_at;              /* when its slot comes up */
	void (*fire)(struct timer *t); /* records only: the turn acts */
};

struct wheel {
	uint64_t tick; /* everything up to this tick was looked at */
	struct timer *slots[WHEEL_LEVELS][WHEEL_SLOTS];
	uint64_t used[WHEEL_LEVELS][WHEEL_SLOTS / 64];
};

void wheel_init(struct wheel *w, uint64_t now);
/* Fires all timers due at `now`. */
void wheel_advance(struct wheel *w, uint64_t now);
/* When wheel_advance should next be called; UINT64_MAX: no timer. */
uint64_t wheel_next(const struct wheel *w);

void wheel_set(struct wheel *w, struct timer *t, uint64_t at);
void wheel_clear(struct wheel *w, struct timer *t);

#endif
