/* ring: a key always goes to the same endpoint, the owner of the next point on a circle (Karger et
 * al., "Consistent hashing and random trees"; libketama). Each endpoint owns points that follow
 * from its name alone, 160 per unit of weight; one that comes or goes moves exactly its own keys.
 * Maglev is more even and faster; this one moves the fewest keys. */
#include "upstream/balance.h"

#include <stdlib.h>

#include "upstream/balance_hash.h"

enum {
	RING_POINTS = 160,         /* per unit of weight; fewer, but at least one, to stay below */
	RING_POINTS_MEAN = 1024,   /* so many per endpoint on average */
	RING_POINTS_MAX = 1 << 17, /* and in total */
	RING_PROBES = 64,          /* points looked at before all endpoints are */
};

struct ring_point {
	uint64_t at;
	uint32_t target;
};

struct ring {
	struct balance balance;
	struct hashing hashing;
	uint32_t points_n;
	struct ring_point *points; /* owned, sorted; NULL: fewer than two endpoints */
};

static int
ring_point_cmp(const void *a, const void *b)
{
	const struct ring_point *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static uint32_t
ring_points_of(const struct ring *r, const struct balance_spec *spec, uint32_t i)
{
	uint64_t want = (uint64_t)spec->targets[i].weight * RING_POINTS;
	uint64_t all = r->hashing.weight * RING_POINTS;
	uint64_t most = (uint64_t)spec->n * RING_POINTS_MEAN;

	if (most > RING_POINTS_MAX)
		most = RING_POINTS_MAX;
	if (all > most)
		want = want * most / all;
	return want > 0 ? (uint32_t)want : 1;
}

/* Fewer points are the first of more, so a change of the scale moves few keys. */
static void
ring_fill(struct ring *r, const struct balance_spec *spec)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < spec->n; i++)
		r->points_n += ring_points_of(r, spec, i);
	r->points = xmalloc(r->points_n * sizeof(*r->points));
	for (uint32_t i = 0; i < spec->n; i++)
		for (uint32_t k = ring_points_of(r, spec, i); k > 0; k--)
			r->points[n++] =
			    (struct ring_point){hashing_mix(r->hashing.names[i], k), i};
	qsort(r->points, r->points_n, sizeof(*r->points), ring_point_cmp);
}

static struct balance *
ring_build(const struct balance_spec *spec)
{
	struct ring *r = xcalloc(1, sizeof(*r));

	hashing_init(&r->hashing, spec);
	if (spec->n >= 2)
		ring_fill(r, spec);
	return &r->balance;
}

static void
ring_free(struct balance *b)
{
	struct ring *r = container_of(b, struct ring, balance);

	hashing_fini(&r->hashing);
	free(r->points);
	free(r);
}

/* Index of the first point at or after the key; behind the last comes the first. */
static uint32_t
ring_seek(const struct ring *r, uint64_t key)
{
	uint32_t low = 0, high = r->points_n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (r->points[mid].at < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low < r->points_n ? low : 0;
}

static uint32_t
ring_pick(struct balance *b, const struct balance_pick *pick)
{
	struct ring *r = container_of(b, struct ring, balance);
	struct hashing_pick p = hashing_begin(&r->hashing, b, pick);
	uint32_t point;

	if (r->points == NULL)
		return hashing_any(&p);
	point = ring_seek(r, pick->key);
	for (int i = 0; i < RING_PROBES; i++) {
		if (hashing_takes(&p, r->points[point].target))
			return r->points[point].target;
		if (++point == r->points_n)
			point = 0;
	}
	return hashing_any(&p);
}

const struct balance_ops balance_ring = {
    .name = "ring",
    .build = ring_build,
    .pick = ring_pick,
    .free = ring_free,
};
