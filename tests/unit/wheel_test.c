/* The wheel against a plain list: every timer fires once, never early, at most a tick late, however
 * time jumps and whatever fire does to other timers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "io/wheel.h"

enum { TIMERS = 300, SEEDS = 40, STEPS = 1500 };

#define TICK   ((uint64_t)1 << WHEEL_TICK_SHIFT)
#define MS     UINT64_C(1000)
#define SECOND (1000 * MS)
#define HOUR   (3600 * SECOND)

struct model;

struct clock { /* one timer and what the list knows of it */
	struct timer timer;
	struct model *model;
	bool set;
	uint64_t at, due; /* due: at, or when it was set if that was later */
	unsigned fired;
};

struct model {
	struct wheel wheel;
	struct clock clocks[TIMERS];
	uint64_t now, random;
	bool meddle; /* fire sets and clears timers */
};

static uint64_t
rnd(struct model *m, uint64_t n)
{
	uint64_t z = m->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % n;
}

/* Near, far, beyond the last level, in the past, and on the edges of slots. */
static uint64_t
some_time(struct model *m)
{
	static const uint64_t spans[] = {
	    10, 5 * MS, SECOND, 2 * SECOND, 60 * SECOND, 300 * SECOND, HOUR, 30 * HOUR};
	uint64_t at = m->now + rnd(m, spans[rnd(m, nelem(spans))]);

	switch (rnd(m, 8)) {
	case 0:
		return at >> 20 << 20;
	case 1:
		return (at >> 20 << 20) - TICK;
	case 2:
		return rnd(m, m->now);
	default:
		return at;
	}
}

static void
clock_set(struct clock *c, uint64_t at)
{
	c->set = true;
	c->at = at;
	c->due = at > c->model->now ? at : c->model->now;
	wheel_set(&c->model->wheel, &c->timer, at);
}

static void
clock_clear(struct clock *c)
{
	c->set = false;
	wheel_clear(&c->model->wheel, &c->timer);
}

static void
clock_fire(struct timer *t)
{
	struct clock *c = container_of(t, struct clock, timer);
	struct model *m = c->model;

	assert_true(c->set);
	assert_true(c->at <= m->now);
	assert_int_equal(c->at, t->at);
	c->set = false;
	c->fired++;
	if (!m->meddle)
		return;
	for (unsigned n = (unsigned)rnd(m, 3); n > 0; n--) {
		struct clock *other = &m->clocks[rnd(m, TIMERS)];

		if (rnd(m, 2) == 0)
			clock_set(other, m->now + 1 + rnd(m, 2 * HOUR));
		else
			clock_clear(other);
	}
}

static struct model *
model_new(uint64_t seed)
{
	struct model *m = calloc(1, sizeof(*m));

	m->random = seed;
	m->now = rnd(m, 1000 * HOUR);
	wheel_init(&m->wheel, m->now);
	for (unsigned i = 0; i < TIMERS; i++) {
		m->clocks[i].model = m;
		m->clocks[i].timer.fire = clock_fire;
	}
	return m;
}

/* Time goes on; nothing that is due by whole ticks is left. */
static void
model_advance(struct model *m, uint64_t now)
{
	m->now = now;
	wheel_advance(&m->wheel, now);
	for (unsigned i = 0; i < TIMERS; i++)
		if (m->clocks[i].set)
			assert_true(m->clocks[i].due + TICK > now);
}

/* When the next one is due, by looking at all. */
static uint64_t
model_next(const struct model *m)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < TIMERS; i++)
		if (m->clocks[i].set && m->clocks[i].at < next)
			next = m->clocks[i].at;
	return next;
}

static void
model_step(struct model *m)
{
	static const uint64_t jumps[] = {
	    100, 3 * MS, 50 * MS, SECOND, 20 * SECOND, HOUR, 80 * HOUR};
	struct clock *c = &m->clocks[rnd(m, TIMERS)];

	switch (rnd(m, 6)) {
	case 0:
		clock_clear(c);
		break;
	case 1:
		model_advance(m, m->now + rnd(m, jumps[rnd(m, nelem(jumps))]));
		break;
	case 2: /* as the loop does: sleep until the wheel says */
		if (wheel_next(&m->wheel) != UINT64_MAX && wheel_next(&m->wheel) > m->now)
			model_advance(m, wheel_next(&m->wheel));
		break;
	default:
		clock_set(c, some_time(m));
	}
	/* The wheel never lets a sleeper miss one, but may wake it for nothing. */
	if (model_next(m) != UINT64_MAX) {
		uint64_t due = (model_next(m) + TICK - 1) & ~(TICK - 1);

		assert_true(wheel_next(&m->wheel) <= due || due <= m->now);
	}
}

static void
does_what_a_plain_list_does(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct model *m = model_new(seed);

		m->meddle = seed % 2 == 0;
		for (unsigned step = 0; step < STEPS; step++)
			model_step(m);
		m->meddle = false;
		model_advance(m, m->now + 1000 * HOUR);
		assert_int_equal(model_next(m), UINT64_MAX);
		assert_int_equal(wheel_next(&m->wheel), UINT64_MAX);
		free(m);
	}
}

/* From any tick of a turn, to any tick of it: no pair is handed down into a slot already over. */
static void
every_distance_is_kept(void **state)
{
	struct model *m = model_new(7);
	struct clock *c = &m->clocks[0];

	(void)state;
	for (unsigned i = 0; i < 3 * WHEEL_SLOTS * WHEEL_SLOTS; i++) {
		uint64_t at = m->now + (uint64_t)i * TICK;

		clock_set(c, at);
		while (c->set) {
			uint64_t next = wheel_next(&m->wheel);

			assert_true(next <= ((at + TICK - 1) & ~(TICK - 1)) || at <= m->now);
			model_advance(m, next);
		}
		assert_int_equal(c->fired, i + 1);
	}
	free(m);
}

static void
later_is_lazy_earlier_is_not(void **state)
{
	struct model *m = model_new(3);
	struct clock *c = &m->clocks[0];
	uint64_t start = m->now, slot_at;

	(void)state;
	clock_set(c, start + 100 * MS);
	slot_at = c->timer.slot_at;
	clock_set(c, start + HOUR); /* stays where it was */
	assert_int_equal(c->timer.slot_at, slot_at);
	model_advance(m, start + SECOND);
	assert_int_equal(c->fired, 0);
	assert_true(c->timer.slot_at > start + SECOND);
	clock_set(c, start + 2 * SECOND);
	model_advance(m, start + 2 * SECOND - TICK);
	assert_int_equal(c->fired, 0);
	model_advance(m, start + 2 * SECOND + TICK);
	assert_int_equal(c->fired, 1);
	assert_null(c->timer.prev);
	free(m);
}

static void
clearing_twice_is_nothing(void **state)
{
	struct model *m = model_new(4);
	struct clock *c = &m->clocks[0];

	(void)state;
	clock_clear(c);
	clock_set(c, m->now + SECOND);
	clock_clear(c);
	clock_clear(c);
	model_advance(m, m->now + HOUR);
	assert_int_equal(c->fired, 0);
	free(m);
}

static void
fire_sets_itself(struct timer *t)
{
	struct clock *c = container_of(t, struct clock, timer);

	c->fired++;
	wheel_set(&c->model->wheel, t, c->model->now); /* now, again: in the next tick */
}

static void
a_timer_that_sets_itself_to_now_does_not_spin(void **state)
{
	struct model *m = model_new(5);
	struct clock *c = &m->clocks[0];

	(void)state;
	c->timer.fire = fire_sets_itself;
	wheel_set(&m->wheel, &c->timer, m->now);
	for (unsigned i = 1; i <= 10; i++) {
		m->now += HOUR;
		wheel_advance(&m->wheel, m->now);
		assert_in_range(c->fired, i, 4 * i); /* once a level at most */
	}
	free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_distance_is_kept),
	    cmocka_unit_test(does_what_a_plain_list_does),
	    cmocka_unit_test(later_is_lazy_earlier_is_not),
	    cmocka_unit_test(clearing_twice_is_nothing),
	    cmocka_unit_test(a_timer_that_sets_itself_to_now_does_not_spin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
