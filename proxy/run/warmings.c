#include "run/warmings.h"

#include "run/server.h"

static void
warmings_step(struct timer *t)
{
	struct server *s = container_of(t, struct server, warmings.timer);
	bool any = false;

	for (uint32_t i = 0; i < s->snapshot->n_backends; i++)
		any |= warming_step(s->snapshot->backends[i], s->loop->now);
	if (any)
		timer_set(s->loop, t, s->loop->now + WARMING_STEP);
}

void
warmings_open(struct server *s)
{
	s->warmings.timer.fire = warmings_step;
}

void
warmings_wake(struct server *s)
{
	timer_set(s->loop, &s->warmings.timer, s->loop->now);
}
