/* grace - when may be freed what other loops' turns may still look at? When each of them has ended
 * the turn it was in. One letter goes to each loop and is run between two turns; what is retired
 * meanwhile waits for the next round, so a thousand changes cost a few rounds. A loop may hold what
 * it read from a shared pointer until its turn ends, and no longer.
 *
 * All of it belongs to the home loop's thread, but for `pass`. */
#ifndef IO_GRACE_H
#define IO_GRACE_H

#include "io/loop.h"

struct grace;

struct grace_spec {
	struct loop *home;
	void (*pass)(void *owner); /* in each loop's thread, as it passes; with the loop's owner */
	void (*passed)(void *owner); /* at home, when a round is over; with the home loop's owner */
};

struct grace *grace_new(const struct grace_spec *spec);
/* After grace_alone, and after home has run its letters. */
void grace_free(struct grace **g);
void grace_join(struct grace *g, struct loop *l); /* one more that reads; before it runs */
void grace_alone(struct grace *g);                /* the others have stopped: waits no more */
/* Frees it when nobody can look at it any more; at once when g is NULL: nobody else reads. */
void grace_retire(struct grace *g, struct reap *r, void (*free)(struct reap *));
/* The same with nothing to free: every loop passes once more. */
void grace_ask(struct grace *g);

#endif
