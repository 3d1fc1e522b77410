/* farm - endpoints without a registry and one balancer over them, for the tests of balancing. */
#ifndef TESTS_UNIT_FARM_H
#define TESTS_UNIT_FARM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "upstream/balance.h"

enum { N_MAX = 1000 };

/* Endpoints without a registry, and one balancer over them. */
struct farm {
	struct endpoint endpoints[N_MAX];
	char names[N_MAX][24];
	struct balance_target targets[N_MAX];
	uint32_t n, held_n;
	uint32_t held[32 * N_MAX];
	uint64_t counts[N_MAX];
	_Atomic uint32_t in_flight;
	uint64_t random;
	struct balance *balance;
};

static inline uint64_t
rnd(struct farm *f)
{
	uint64_t z = f->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

typedef uint32_t weight_fn(uint32_t i);

static inline uint32_t
even(uint32_t i)
{
	(void)i;
	return 1;
}

static inline uint32_t
one_to_five(uint32_t i)
{
	return i % 5 + 1;
}

static inline uint32_t
canary(uint32_t i)
{
	return i == 0 ? 1 : 99;
}

static inline uint32_t
one_giant(uint32_t i)
{
	return i == 0 ? 1000 : 1;
}

static inline uint32_t
odd_sizes(uint32_t i)
{
	return 7 + i * 389 % 991;
}

static inline void
farm_rebuild(struct farm *f, enum balance_kind kind, uint32_t bound)
{
	struct balance_spec spec = {kind, f->targets, f->n, bound, &f->in_flight};

	balance_free(&f->balance);
	f->balance = balance_new(&spec);
}

static inline struct farm *
farm_new(enum balance_kind kind, uint32_t n, weight_fn *weight, uint32_t bound)
{
	struct farm *f = aligned_alloc(CACHE_LINE, sizeof(*f));

	assert_true(f != NULL && n <= N_MAX);
	memset(f, 0, sizeof(*f));
	f->n = n;
	for (uint32_t i = 0; i < n; i++) {
		snprintf(f->names[i], sizeof(f->names[i]), "10.0.%u.%u:80", i / 250, i % 250 + 1);
		f->endpoints[i].name = str_from(f->names[i]);
		f->targets[i] =
		    (struct balance_target){.endpoint = &f->endpoints[i], .weight = weight(i)};
		atomic_store(&f->endpoints[i].word, ENDPOINT_USABLE | ENDPOINT_FULL);
	}
	farm_rebuild(f, kind, bound);
	return f;
}

static inline void
farm_free(struct farm *f)
{
	balance_free(&f->balance);
	assert_null(f->balance);
	free(f);
}

static inline void
farm_down(struct farm *f, uint32_t i, bool down)
{
	atomic_store(&f->targets[i].endpoint->word, down ? 0 : ENDPOINT_USABLE | ENDPOINT_FULL);
}

/* From now on only so many thousandths of its weight count. */
static inline void
farm_warm(struct farm *f, uint32_t i, uint32_t factor)
{
	atomic_store(&f->targets[i].endpoint->word, ENDPOINT_USABLE | factor);
}

static inline uint64_t
farm_weight(const struct farm *f)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < f->n; i++)
		sum += f->targets[i].weight;
	return sum;
}

static inline uint32_t
farm_pick(struct farm *f, uint64_t key)
{
	struct balance_pick pick = {.key = key, .random = rnd(f)};

	return balance_next(f->balance, &pick);
}

/* One more request, which stays. */
static inline uint32_t
farm_hold(struct farm *f, uint64_t key)
{
	uint32_t i;

	f->in_flight++;
	i = farm_pick(f, key);
	assert_int_not_equal(i, BALANCE_NONE);
	f->targets[i].endpoint->in_flight++;
	f->held[f->held_n++] = i;
	return i;
}

/* A random one of those that stay is done. */
static inline void
farm_let_go(struct farm *f)
{
	uint32_t at = (uint32_t)(rnd(f) % f->held_n);

	f->targets[f->held[at]].endpoint->in_flight--;
	f->in_flight--;
	f->held[at] = f->held[--f->held_n];
}

static inline void
farm_count(struct farm *f, uint32_t picks)
{
	memset(f->counts, 0, sizeof(f->counts));
	for (uint32_t i = 0; i < picks; i++)
		f->counts[farm_pick(f, rnd(f))]++;
}

static inline uint64_t
key_of(uint32_t i)
{
	return balance_hash(str_of((const char *)&i, sizeof(i)));
}

#endif
