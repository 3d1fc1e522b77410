#include "upstream/breaker.h"

#define GET(member)        atomic_load_explicit(&(member), memory_order_relaxed)
#define SET(member, value) atomic_store_explicit(&(member), (value), memory_order_relaxed)
#define ADD(member, value) atomic_fetch_add_explicit(&(member), (value), memory_order_relaxed)
#define SUB(member, value) atomic_fetch_sub_explicit(&(member), (value), memory_order_relaxed)

/* Everything is relaxed: the counts are a sample, and a result that lands beside a turn of the
 * state is counted on the other side of it. Only the move itself must happen once, which the
 * exchange of `at` sees to. */
static bool
breaker_enter(struct breaker *b, enum breaker_at from, enum breaker_at to, uint64_t turn_at)
{
	uint32_t at = from;

	if (!atomic_compare_exchange_strong(&b->at, &at, to))
		return false; /* another worker was first */
	SET(b->turn_at, turn_at);
	SET(b->well, 0);
	SET(b->failed, 0);
	SET(b->well_before, 0);
	SET(b->failed_before, 0);
	SET(b->probing, 0);
	SET(b->probed, 0);
	if (to == BREAKER_OPEN)
		ADD(b->opened, 1);
	return true;
}

enum breaker_pass
breaker_ask(struct breaker *b, const struct breaker_spec *spec, uint64_t now)
{
	switch ((enum breaker_at)GET(b->at)) {
	case BREAKER_CLOSED:
		return BREAKER_LETS;
	case BREAKER_OPEN:
		if (now < GET(b->turn_at))
			return BREAKER_REFUSES;
		(void)breaker_enter(b, BREAKER_OPEN, BREAKER_HALF_OPEN, 0);
		break;
	case BREAKER_HALF_OPEN:
		break;
	}
	if (ADD(b->probing, 1) + GET(b->probed) < spec->probes)
		return BREAKER_PROBES;
	SUB(b->probing, 1);
	return BREAKER_REFUSES;
}

void
breaker_spare(struct breaker *b)
{
	if (GET(b->at) == BREAKER_HALF_OPEN && GET(b->probing) > 0)
		SUB(b->probing, 1);
}

static bool
breaker_probe_result(struct breaker *b, const struct breaker_spec *spec, bool failed, uint64_t now)
{
	if (GET(b->at) != BREAKER_HALF_OPEN)
		return false; /* an earlier probe has decided */
	if (failed)
		return breaker_enter(b, BREAKER_HALF_OPEN, BREAKER_OPEN, now + spec->open_us);
	if (ADD(b->probed, 1) + 1 >= spec->probes)
		return breaker_enter(b, BREAKER_HALF_OPEN, BREAKER_CLOSED, 0);
	breaker_spare(b);
	return false;
}

/* Two half windows slide: what is judged is never younger than half the window. */
static void
breaker_slide(struct breaker *b, const struct breaker_spec *spec, uint64_t now)
{
	uint64_t turn_at = GET(b->turn_at), half = spec->window_us / 2;

	if (now < turn_at || !atomic_compare_exchange_strong(&b->turn_at, &turn_at, now + half))
		return;
	if (now >= turn_at + half) { /* quiet for longer than a window, or the first result */
		SET(b->well_before, 0);
		SET(b->failed_before, 0);
	} else {
		SET(b->well_before, GET(b->well));
		SET(b->failed_before, GET(b->failed));
	}
	SET(b->well, 0);
	SET(b->failed, 0);
}

bool
breaker_result(
    struct breaker *b, const struct breaker_spec *spec, bool probe, bool failed, uint64_t now)
{
	uint64_t all, bad;

	if (probe)
		return breaker_probe_result(b, spec, failed, now);
	if (GET(b->at) != BREAKER_CLOSED)
		return false; /* begun before it opened: known already */
	breaker_slide(b, spec, now);
	ADD(*(failed ? &b->failed : &b->well), 1);
	if (!failed)
		return false;
	bad = (uint64_t)GET(b->failed) + GET(b->failed_before);
	all = bad + GET(b->well) + GET(b->well_before);
	if (all < spec->volume || bad * 100 < all * spec->errors)
		return false;
	return breaker_enter(b, BREAKER_CLOSED, BREAKER_OPEN, now + spec->open_us);
}
