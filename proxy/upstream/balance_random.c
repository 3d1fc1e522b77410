/* random: each endpoint as often as its weight says, whatever is in flight. */
#include "upstream/balance.h"

#include <stdlib.h>

#include "upstream/balance_draw.h"

enum { RANDOM_DRAWS = 4 }; /* tries before those that are allowed are counted */

struct random {
	struct balance balance;
	struct draw draw;
};

static struct balance *
random_build(const struct balance_spec *spec)
{
	struct random *r = xcalloc(1, sizeof(*r));

	draw_init(&r->draw, spec->targets, spec->n);
	return &r->balance;
}

static void
random_free(struct balance *b)
{
	struct random *r = container_of(b, struct random, balance);

	draw_fini(&r->draw);
	free(r);
}

static uint32_t
random_pick(struct balance *b, const struct balance_pick *pick)
{
	struct random *r = container_of(b, struct random, balance);
	uint64_t random = pick->random;

	for (int i = 0; i < RANDOM_DRAWS && b->n > 0; i++) {
		uint32_t at = draw_any(&r->draw, draw_next(&random));

		if (draw_takes(b, pick, at, &random))
			return at;
	}
	return draw_allowed(b, pick, draw_next(&random));
}

const struct balance_ops balance_random = {
    .name = "random",
    .build = random_build,
    .pick = random_pick,
    .free = random_free,
};
