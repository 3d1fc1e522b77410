/* maglev: a key always goes to the same endpoint, found with one look into a table (Eisenbud et
 * al., "Maglev", NSDI 2016, section 3.4). Each endpoint has its own order of preference over the
 * table's slots, from its name alone; they take turns, by weight, to claim the next free slot they
 * like best. One that comes or goes changes little more than the slots it owns.
 *
 * The number of slots is part of the mapping, so it has only two values: crossing MAGLEV_FEW
 * endpoints moves the keys once. */
#include "upstream/balance.h"

#include <stdlib.h>

#include "upstream/balance_hash.h"

enum {
	MAGLEV_FEW = 128,
	MAGLEV_SLOTS_FEW = 16381,   /* prime, at least 127 slots per endpoint */
	MAGLEV_SLOTS_MANY = 131071, /* prime */
	MAGLEV_PROBES = 32,         /* slots looked at before all endpoints are */
};

struct maglev {
	struct balance balance;
	struct hashing hashing;
	uint32_t slots_n;
	uint32_t *slots; /* owned; NULL: fewer than two endpoints */
};

struct maglev_taker {
	uint32_t at, skip; /* the next slot it likes, and how far apart they are */
	uint64_t credit;   /* it has a turn when this reaches the greatest weight */
};

/* Its next free slot, in its own order. Ends, as skip and the prime number of slots have no common
 * divisor and somewhere a slot is free. */
static void
maglev_claim(struct maglev *m, struct maglev_taker *t, uint32_t target)
{
	while (m->slots[t->at] != BALANCE_NONE) {
		t->at += t->skip;
		if (t->at >= m->slots_n)
			t->at -= m->slots_n;
	}
	m->slots[t->at] = target;
}

static void
maglev_fill(struct maglev *m, const struct balance_spec *spec)
{
	struct maglev_taker *takers = xcalloc(spec->n, sizeof(*takers));
	uint32_t *order = hashing_order(&m->hashing, spec->n);
	uint32_t greatest = 0, free_n = m->slots_n;

	for (uint32_t i = 0; i < spec->n; i++) {
		uint64_t name = m->hashing.names[i];

		takers[i].at = (uint32_t)(name % m->slots_n);
		takers[i].skip = (uint32_t)(hashing_mix(name, 1) % (m->slots_n - 1)) + 1;
		if (spec->targets[i].weight > greatest)
			greatest = spec->targets[i].weight;
	}
	/* Every one starts with a full turn, so that the lightest has a slot too. */
	for (uint32_t i = 0; i < spec->n; i++)
		takers[i].credit = greatest - spec->targets[i].weight;
	while (free_n > 0) {
		for (uint32_t k = 0; k < spec->n && free_n > 0; k++) {
			struct maglev_taker *t = &takers[order[k]];

			t->credit += spec->targets[order[k]].weight;
			if (t->credit < greatest)
				continue;
			t->credit -= greatest;
			maglev_claim(m, t, order[k]);
			free_n--;
		}
	}
	free(order);
	free(takers);
}

static struct balance *
maglev_build(const struct balance_spec *spec)
{
	struct maglev *m = xcalloc(1, sizeof(*m));

	hashing_init(&m->hashing, spec);
	if (spec->n < 2)
		return &m->balance;
	m->slots_n = spec->n <= MAGLEV_FEW ? MAGLEV_SLOTS_FEW : MAGLEV_SLOTS_MANY;
	m->slots = xmalloc(m->slots_n * sizeof(*m->slots));
	for (uint32_t i = 0; i < m->slots_n; i++)
		m->slots[i] = BALANCE_NONE;
	maglev_fill(m, spec);
	return &m->balance;
}

static void
maglev_free(struct balance *b)
{
	struct maglev *m = container_of(b, struct maglev, balance);

	hashing_fini(&m->hashing);
	free(m->slots);
	free(m);
}

/* Neighbours in the table are strangers, so what one cannot take spreads over all others. */
static uint32_t
maglev_pick(struct balance *b, const struct balance_pick *pick)
{
	struct maglev *m = container_of(b, struct maglev, balance);
	struct hashing_pick p = hashing_begin(&m->hashing, b, pick);
	uint32_t slot;

	if (m->slots == NULL)
		return hashing_any(&p);
	slot = (uint32_t)(pick->key % m->slots_n);
	for (int i = 0; i < MAGLEV_PROBES; i++) {
		if (hashing_takes(&p, m->slots[slot]))
			return m->slots[slot];
		if (++slot == m->slots_n)
			slot = 0;
	}
	return hashing_any(&p);
}

const struct balance_ops balance_maglev = {
    .name = "maglev",
    .build = maglev_build,
    .pick = maglev_pick,
    .free = maglev_free,
};
