#include "run/hands.h"

#include <stdlib.h>

#include "run/changes.h"
#include "run/doors.h"
#include "run/endpoints.h"
#include "upstream/health.h"

/* A weight is no state, so health.h has nothing to tell. */
static void
hands_weigh(struct server *s, struct endpoint *e, uint32_t weight, const char *why)
{
	uint32_t was = health_weight(e);
	char *text;

	health_weight_by_hand(e, weight);
	if (health_weight(e) == was)
		return;
	text = xasprintf("%.*s/%.*s weight %u, was %u: %s", STR_FMT(e->backend), STR_FMT(e->name),
	    health_weight(e), was, why);
	log_info("%s", text);
	doors_note(s, text, "hand");
	free(text);
	changes_follow(s);
}

/* Who was not even checked is checked before it is used. */
static void
hands_release(struct server *s, const struct backend *b, struct endpoint *e, const char *why)
{
	bool down = health_holds(e, HEALTH_BY_HAND);

	if (down)
		endpoints_check(s, b, e, false);
	health_release(e, HEALTH_BY_HAND, "%s", why);
	health_release(e, HEALTH_DRAINED, "%s", why);
	e->health->drained_until = 0;
}

/* The new reason holds before the old one does not: it is used at no moment. */
static void
hands_hold(struct server *s, const struct backend *b, struct endpoint *e, enum hands_wish wish,
    const char *why)
{
	if (wish == HANDS_DOWN) {
		health_hold(e, HEALTH_BY_HAND, "%s", why);
		health_release(e, HEALTH_DRAINED, "%s", why);
		probes_keep(s->probes, e, NULL, false);
	} else {
		health_hold(e, HEALTH_DRAINED, "%s", why);
		if (health_holds(e, HEALTH_BY_HAND))
			endpoints_check(s, b, e, false);
		health_release(e, HEALTH_BY_HAND, "%s", why);
	}
}

static void
hands_end_at(struct server *s, uint64_t *until, uint64_t span)
{
	struct timer *t = &s->hands.timer;

	*until = span > 0 ? s->loop->now + span : 0;
	if (span > 0 && (t->prev == NULL || *until < t->at))
		timer_set(s->loop, t, *until);
}

void
hands_do(
    struct server *s, const struct backend *b, struct endpoint *e, const struct hands_order *order)
{
	struct health *h = e->health;

	switch (order->wish) {
	case HANDS_DRAIN:
	case HANDS_DOWN:
		hands_hold(s, b, e, order->wish, order->who);
		hands_end_at(s, &h->drained_until, order->span);
		return;
	case HANDS_WEIGH:
		hands_weigh(s, e, order->weight, order->who);
		hands_end_at(s, &h->weighed_until, order->span);
		return;
	case HANDS_READY:
		hands_weigh(s, e, HEALTH_NO_WEIGHT, order->who);
		h->weighed_until = 0;
		hands_release(s, b, e, order->who);
		return;
	}
}

/* ---- what ends by itself ---- */

static bool
hands_over(struct server *s, uint64_t *until)
{
	uint64_t now = s->loop->now;

	if (*until > now)
		hands_end_at(s, until, *until - now);
	if (*until == 0 || *until > now)
		return false;
	*until = 0;
	return true;
}

static void
hands_look_at(struct server *s, const struct backend *b, struct endpoint *e)
{
	static const char why[] = "its time by hand is over";

	if (hands_over(s, &e->health->weighed_until))
		hands_weigh(s, e, HEALTH_NO_WEIGHT, why);
	if (hands_over(s, &e->health->drained_until))
		hands_release(s, b, e, why);
}

static void
hands_look(struct timer *t)
{
	struct server *s = container_of(t, struct server, hands.timer);

	timer_clear(s->loop, t);
	for (uint32_t i = 0; i < s->snapshot->n_backends; i++) {
		const struct backend *b = s->snapshot->backends[i];
		const struct targets *targets = backend_targets(b);

		for (uint32_t j = 0; j < targets->n; j++)
			hands_look_at(s, b, targets->v[j].endpoint);
	}
}

void
hands_open(struct server *s)
{
	s->hands.timer.fire = hands_look;
}

void
hands_follow(struct server *s)
{
	hands_look(&s->hands.timer);
}
