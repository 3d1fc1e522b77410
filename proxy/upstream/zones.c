#include "upstream/zones.h"

enum { ZONES_ENOUGH = 6 /* endpoints that are well: of fewer each counts too much */ };

struct zones_sum {
	uint64_t well, usable;
	uint32_t n_well;
	const struct zone_part *home; /* NULL: nobody of ours */
	bool known;                   /* of each endpoint it is said where it is */
	bool panic;                   /* some are used that are not well */
};

static struct zones_sum
zones_sum(const struct zones *z, const struct zone_part *v, uint32_t n)
{
	struct zones_sum sum = {.known = true};

	for (uint32_t i = 0; i < n; i++) {
		sum.well += v[i].well;
		sum.usable += v[i].usable;
		sum.n_well += v[i].n_well;
		sum.known &= v[i].zone != NULL;
		if (v[i].zone != NULL && v[i].zone == z->here)
			sum.home = &v[i];
	}
	sum.panic = sum.usable > sum.well;
	return sum;
}

/* A zone whose endpoints are more than its part of all, by so much. */
static uint64_t
zones_surplus(const struct zone_part *p, const struct zones_sum *sum, uint32_t zones)
{
	return p->well * zones > sum->well ? p->well * zones - sum->well : 0;
}

/* With U our part of the endpoints and L = 1/zones our part of the requests: if U is not less, all
 * stay; else U/L of them, and the others have the rest as they have more than they need. */
static void
zones_divide_in_proportion(
    struct zone_part *v, uint32_t n, const struct zones_sum *sum, uint32_t share)
{
	uint32_t zones = n + (sum->home == NULL);
	uint64_t home = sum->home != NULL ? sum->home->well * zones : 0, surplus = 0;
	uint64_t local = home < sum->well ? share * home / sum->well : share;

	for (uint32_t i = 0; i < n; i++)
		surplus += zones_surplus(&v[i], sum, zones);
	for (uint32_t i = 0; i < n; i++)
		if (&v[i] == sum->home)
			v[i].share = (uint32_t)local;
		else if (local < share)
			v[i].share = (uint32_t)((share - local) * zones_surplus(&v[i], sum, zones) /
						surplus);
}

static void
zones_divide_by_weight(struct zone_part *v, uint32_t n, const struct zones_sum *sum, uint32_t share)
{
	uint64_t all = sum->panic ? sum->usable : sum->well;

	for (uint32_t i = 0; i < n && all > 0; i++)
		v[i].share = (uint32_t)(share * (sum->panic ? v[i].usable : v[i].well) / all);
}

void
zones_divide(const struct zones *z, struct zone_part *v, uint32_t n, uint32_t share)
{
	struct zones_sum sum = zones_sum(z, v, n);
	uint32_t left = share, first = 0;

	for (uint32_t i = 0; i < n; i++)
		v[i].share = 0;
	if (z->mode == ZONES_PREFER && !sum.panic && sum.home != NULL && sum.home->well > 0)
		v[sum.home - v].share = share;
	else if (z->mode == ZONES_PROPORTIONAL && !sum.panic && sum.known &&
		 sum.n_well >= ZONES_ENOUGH)
		zones_divide_in_proportion(v, n, &sum, share);
	else
		zones_divide_by_weight(v, n, &sum, share);
	for (uint32_t i = n; i-- > 0;) {
		left -= v[i].share;
		first = v[i].share > 0 ? i : first;
	}
	if (n > 0)
		v[first].share += left; /* of rounding, or as there is nobody */
}
