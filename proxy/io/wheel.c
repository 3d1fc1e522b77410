#include "io/wheel.h"

enum { WHEEL_BITS = 8, WHEEL_MASK = WHEEL_SLOTS - 1 };
#define WHEEL_SPAN(level)                                                                          \
	((uint64_t)1 << (WHEEL_BITS * ((level) + 1))) /* ticks a level reaches                     \
						       */

void
wheel_init(struct wheel *w, uint64_t now)
{
	*w = (struct wheel){.tick = now >> WHEEL_TICK_SHIFT};
}

static void
wheel_link(struct timer **head, struct timer *t)
{
	t->next = *head;
	if (t->next != NULL)
		t->next->prev = &t->next;
	*head = t;
	t->prev = head;
}

static void
wheel_insert(struct wheel *w, struct timer *t)
{
	/* Rounded up, so that it is never early; the tick being looked at is already over. */
	uint64_t due = (t->at + ((uint64_t)1 << WHEEL_TICK_SHIFT) - 1) >> WHEEL_TICK_SHIFT;
	unsigned level = 0, slot;

	if (due <= w->tick)
		due = w->tick + 1;
	if (due - w->tick > WHEEL_SPAN(WHEEL_LEVELS - 1)) /* beyond the last level: look again */
		due = w->tick + WHEEL_SPAN(WHEEL_LEVELS - 1);
	/* A whole span away is the slot of this very tick, which is over and free again: what is
	 * handed down the tick before its slot begins never goes back to where it came from. */
	while (due - w->tick > WHEEL_SPAN(level))
		level++;
	slot = (due >> (WHEEL_BITS * level)) & WHEEL_MASK;
	t->slot_at = (due >> (WHEEL_BITS * level)) << (WHEEL_BITS * level + WHEEL_TICK_SHIFT);
	wheel_link(&w->slots[level][slot], t);
	w->used[level][slot / 64] |= (uint64_t)1 << (slot % 64);
}

void
wheel_clear(struct wheel *w, struct timer *t)
{
	(void)w; /* an emptied slot keeps its bit: a wasted look is cheaper than finding the slot */
	if (t->prev == NULL)
		return;
	*t->prev = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	t->prev = NULL;
}

void
wheel_set(struct wheel *w, struct timer *t, uint64_t at)
{
	t->at = at;
	if (t->prev != NULL && at >= t->slot_at)
		return; /* lazy: put right when the slot comes up */
	wheel_clear(w, t);
	wheel_insert(w, t);
}

/* Ticks from `from` (inclusive, in units of the level's slots) to the next used slot; slots not
 * used within one turn: WHEEL_SLOTS. */
static unsigned
wheel_scan(const uint64_t used[WHEEL_SLOTS / 64], unsigned from)
{
	for (unsigned step = 0; step < WHEEL_SLOTS;) {
		unsigned slot = (from + step) & WHEEL_MASK;
		uint64_t word = used[slot / 64] >> (slot % 64);

		if (word != 0)
			return step + (unsigned)__builtin_ctzll(word);
		step += 64 - slot % 64;
	}
	return WHEEL_SLOTS;
}

static uint64_t
wheel_next_tick(const struct wheel *w)
{
	uint64_t best = UINT64_MAX;

	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		uint64_t from = (w->tick >> (WHEEL_BITS * level)) + 1;
		unsigned step = wheel_scan(w->used[level], from & WHEEL_MASK);
		uint64_t tick = (from + step) << (WHEEL_BITS * level);

		if (step < WHEEL_SLOTS && tick < best)
			best = tick;
	}
	return best;
}

uint64_t
wheel_next(const struct wheel *w)
{
	uint64_t tick = wheel_next_tick(w);

	return tick == UINT64_MAX ? tick : tick << WHEEL_TICK_SHIFT;
}

/* Empties one slot: what is due fires, the rest goes where it belongs now. */
static void
wheel_slot(struct wheel *w, unsigned level, unsigned slot, uint64_t now)
{
	struct timer *due = w->slots[level][slot];

	w->slots[level][slot] = NULL;
	w->used[level][slot / 64] &= ~((uint64_t)1 << (slot % 64));
	if (due != NULL)
		due->prev = &due;
	while (due != NULL) {
		struct timer *t = due;

		wheel_clear(w, t);
		if (t->at <= now)
			t->fire(t);
		else
			wheel_insert(w, t);
	}
}

void
wheel_advance(struct wheel *w, uint64_t now)
{
	uint64_t target = now >> WHEEL_TICK_SHIFT;

	while (w->tick < target) {
		uint64_t next = wheel_next_tick(w);

		if (next > target) {
			w->tick = target;
			return;
		}
		/* Upper levels first: what they hand down may be due in this very tick, which is
		 * only over when the lowest level was looked at. */
		w->tick = next - 1;
		for (unsigned level = WHEEL_LEVELS - 1; level > 0; level--)
			if ((next & (WHEEL_SPAN(level - 1) - 1)) == 0)
				wheel_slot(
				    w, level, (next >> (WHEEL_BITS * level)) & WHEEL_MASK, now);
		w->tick = next;
		wheel_slot(w, 0, next & WHEEL_MASK, now);
	}
}
