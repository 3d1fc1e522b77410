#include "upstream/balance_hash.h"

#include <stdlib.h>

struct named {
	uint64_t name;
	uint32_t at;
};

static int
named_cmp(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static struct named *
named_sorted(const struct hashing *h, uint32_t n)
{
	struct named *v = xmalloc(n * sizeof(*v));

	for (uint32_t i = 0; i < n; i++)
		v[i] = (struct named){h->names[i], i};
	qsort(v, n, sizeof(*v), named_cmp);
	return v;
}

/* The same name twice is one endpoint listed twice: the second one gets a name of its own, or it
 * would hide behind the first. */
static void
hashing_part_twins(struct hashing *h, uint32_t n)
{
	struct named *v = named_sorted(h, n);
	uint32_t twins = 0;

	for (uint32_t i = 1; i < n; i++) {
		twins = v[i].name == v[i - 1].name ? twins + 1 : 0;
		if (twins > 0)
			h->names[v[i].at] = hashing_mix(v[i].name, twins);
	}
	free(v);
}

void
hashing_init(struct hashing *h, const struct balance_spec *spec)
{
	*h = (struct hashing){.bound = spec->bound, .in_flight = spec->in_flight};
	h->names = xmalloc(spec->n * sizeof(*h->names));
	for (uint32_t i = 0; i < spec->n; i++) {
		h->names[i] = balance_hash(spec->targets[i].endpoint->name);
		h->weight += spec->targets[i].weight;
	}
	hashing_part_twins(h, spec->n);
}

void
hashing_fini(struct hashing *h)
{
	free(h->names);
	h->names = NULL;
}

uint32_t *
hashing_order(const struct hashing *h, uint32_t n)
{
	struct named *v = named_sorted(h, n);
	uint32_t *order = xmalloc(n * sizeof(*order));

	for (uint32_t i = 0; i < n; i++)
		order[i] = v[i].at;
	free(v);
	return order;
}

struct hashing_pick
hashing_begin(const struct hashing *h, const struct balance *b, const struct balance_pick *pick)
{
	struct hashing_pick p = {.balance = b, .pick = pick, .hashing = h};

	if (h->bound > 0 && h->in_flight != NULL)
		p.in_flight = atomic_load_explicit(h->in_flight, memory_order_relaxed);
	if (p.in_flight == 0)
		p.in_flight = 1; /* this request */
	return p;
}

static uint64_t
hashing_weight_up(const struct balance *b)
{
	static const struct balance_pick nothing_tried;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < b->n; i++)
		if (balance_allows(b, &nothing_tried, i))
			sum += balance_weight(b, i);
	return sum;
}

/* Is load < ceil(bound/100 * all in flight * its weight / weight of all)? Without the division. */
static bool
hashing_below(const struct hashing_pick *p, uint32_t i, uint64_t weight)
{
	enum { PERCENT = 100 };
	const struct endpoint *e = p->balance->targets[i].endpoint;
	uint64_t load = atomic_load_explicit(&e->in_flight, memory_order_relaxed);
	uint64_t share = balance_weight(p->balance, i);

	return load * PERCENT * weight < p->hashing->bound * p->in_flight * share;
}

/* An endpoint of which only a part counts has that part of its keys, always the same ones: a key
 * that has come while it warms stays. */
static bool
hashing_counts(const struct hashing_pick *p, uint32_t i)
{
	uint32_t factor = balance_factor(p->balance, i);

	return likely(factor == ENDPOINT_FULL) ||
	       hashing_mix(p->pick->key, p->hashing->names[i]) % ENDPOINT_FULL < factor;
}

/* The average is that of the endpoints which are usable. To count them is O(n), so it is done only
 * when the endpoint is above what it may have with all of them up, which is never more. */
bool
hashing_takes(struct hashing_pick *p, uint32_t i)
{
	if (!balance_allows(p->balance, p->pick, i) || !hashing_counts(p, i))
		return false;
	if (p->hashing->bound == 0 || hashing_below(p, i, p->hashing->weight * ENDPOINT_FULL))
		return true;
	if (p->weight_up == 0)
		p->weight_up = hashing_weight_up(p->balance);
	return hashing_below(p, i, p->weight_up);
}

/* Rendezvous hashing (Thaler and Ravishankar): each key has an order of its own over all endpoints,
 * so what a full or lost one leaves behind spreads over all others. An endpoint that is
 * full, or whose part this key is not, still serves before nobody does. */
uint32_t
hashing_any(struct hashing_pick *p)
{
	uint32_t best = BALANCE_NONE, best_full = BALANCE_NONE;
	uint64_t score = 0, score_full = 0;

	for (uint32_t i = 0; i < p->balance->n; i++) {
		uint64_t s = hashing_mix(p->pick->key, p->hashing->names[i]);

		if (best_full == BALANCE_NONE || s > score_full) {
			if (!balance_allows(p->balance, p->pick, i))
				continue;
			best_full = i;
			score_full = s;
		}
		if ((best == BALANCE_NONE || s > score) && hashing_takes(p, i)) {
			best = i;
			score = s;
		}
	}
	return best != BALANCE_NONE ? best : best_full;
}
