/* How evenly the balancers spread requests, by simulation over their own code: this program is
 * linked with the library that weir is made of. Requests come at random moments (Poisson) and take
 * times that are random too (exponential), so that PER_ENDPOINT of them are in flight at an
 * endpoint on average. Each row: what, algorithm, endpoints, value; the same on every machine.
 *
 * There is no clock: the next event is one of the arrivals and departures, each as likely as it is
 * frequent, and a request at a slow endpoint ignores most of its calls to depart. */
#include <stdio.h>
#include <stdlib.h>

#include "upstream/balance_draw.h"

enum {
	N_MAX = 1000,
	PER_ENDPOINT = 10,
	WARM_UP = 60, /* service times before anything is measured */
	SPAN = 40,    /* and while it is */
	SAMPLES = 4,  /* in a service time */
	SLOW_TIMES = 10,
	BOUND = 125,         /* percent */
	POPULAR = 10000,     /* keys, of which the k-th is asked for 1/k as often as the first */
	MAPPED = 100 * 1000, /* keys whose place is compared before and after */
	HELD_MAX = 4 * PER_ENDPOINT * N_MAX,
	PERCENT = 100,
	NOBODY = N_MAX,
};

static const uint32_t sizes[] = {10, 30, 100, 300, 1000};

struct algorithm {
	const char *name;
	enum balance_kind kind;
	uint32_t bound;
	bool hashes;
};
static const struct algorithm algorithms[] = {
    {"least-requests", BALANCE_KIND_LEAST, 0, false},
    {"round-robin", BALANCE_KIND_ROUND, 0, false},
    {"random", BALANCE_KIND_RANDOM, 0, false},
    {"maglev", BALANCE_KIND_MAGLEV, 0, true},
    {"ring", BALANCE_KIND_RING, 0, true},
    {"maglev, bound 125%", BALANCE_KIND_MAGLEV, BOUND, true},
};

struct sim {
	struct endpoint endpoints[N_MAX];
	char names[N_MAX][32];
	struct balance_target targets[N_MAX];
	uint32_t n, slow; /* slow: an index, or NOBODY */
	uint64_t weight;  /* of all */
	bool popular;     /* keys are those of POPULAR; else each request has its own */
	uint32_t held[HELD_MAX], held_n; /* where each request in flight is */
	uint64_t got[N_MAX];             /* requests since they are measured */
	_Atomic uint32_t in_flight;
	uint64_t random;
	struct balance *balance;
};

static double popular[POPULAR]; /* the part of the requests that is for this key or one before */

static void
popular_init(void)
{
	double sum = 0;

	for (uint32_t k = 0; k < POPULAR; k++)
		popular[k] = sum += 1.0 / (k + 1);
	for (uint32_t k = 0; k < POPULAR; k++)
		popular[k] /= sum;
}

static uint64_t
popular_key(uint64_t random)
{
	double at = (double)(random >> 11) / (double)(UINT64_C(1) << 53);
	uint32_t low = 0, high = POPULAR - 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (popular[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return balance_hash(str_of((const char *)&low, sizeof(low)));
}

static void
sim_build(struct sim *s, const struct algorithm *a)
{
	const struct balance_spec spec = {a->kind, s->targets, s->n, a->bound, &s->in_flight};

	if (s->balance != NULL)
		balance_free(&s->balance);
	s->balance = balance_new(&spec);
}

static struct sim *
sim_new(const struct algorithm *a, uint32_t n, uint32_t weights)
{
	struct sim *s = aligned_alloc(CACHE_LINE, sizeof(*s));

	ASSERT(s != NULL && n <= N_MAX);
	memset(s, 0, sizeof(*s));
	s->n = n;
	s->slow = NOBODY;
	for (uint32_t i = 0; i < n; i++) {
		(void)snprintf(s->names[i], sizeof(s->names[i]), "10.0.%u.%u:80", i / 250, i % 250);
		s->endpoints[i].name = str_from(s->names[i]);
		atomic_store(&s->endpoints[i].word, ENDPOINT_USABLE | ENDPOINT_FULL);
		s->targets[i] = (struct balance_target){
		    .endpoint = &s->endpoints[i], .weight = i % weights + 1};
		s->weight += s->targets[i].weight;
	}
	sim_build(s, a);
	return s;
}

static void
sim_free(struct sim *s)
{
	balance_free(&s->balance);
	free(s);
}

static uint32_t
sim_pick(struct sim *s, uint64_t key)
{
	const struct balance_pick pick = {.key = key, .random = draw_next(&s->random)};
	uint32_t i = balance_next(s->balance, &pick);

	ASSERT(i != BALANCE_NONE);
	return i;
}

static void
sim_arrive(struct sim *s)
{
	uint64_t random = draw_next(&s->random);
	uint32_t i;

	s->in_flight++; /* as weir counts: with this one */
	i = sim_pick(s, s->popular ? popular_key(random) : random);
	s->endpoints[i].in_flight++;
	s->got[i]++;
	ASSERT(s->held_n < HELD_MAX);
	s->held[s->held_n++] = i;
}

static void
sim_depart(struct sim *s, uint32_t at)
{
	uint32_t i = s->held[at];

	if (i == s->slow && draw_below(draw_next(&s->random), SLOW_TIMES) != 0)
		return;
	s->endpoints[i].in_flight--;
	s->in_flight--;
	s->held[at] = s->held[--s->held_n];
}

static void
sim_run(struct sim *s, uint32_t arrivals)
{
	while (arrivals > 0) {
		uint32_t rate = s->n * PER_ENDPOINT;
		uint32_t event = draw_below(draw_next(&s->random), rate + s->held_n);

		if (event < rate) {
			sim_arrive(s);
			arrivals--;
		} else {
			sim_depart(s, event - rate);
		}
	}
}

static double
sim_load(const struct sim *s, uint32_t i)
{
	return (double)s->endpoints[i].in_flight / s->targets[i].weight;
}

/* The load of the fullest one, by what is the mean's. */
static double
sim_fullest(const struct sim *s)
{
	double most = 0;

	for (uint32_t i = 0; i < s->n; i++)
		if (sim_load(s, i) > most)
			most = sim_load(s, i);
	return most * (double)s->weight / s->in_flight;
}

/* The load of the slow one, by what is the mean of the others. */
static double
sim_slowest(const struct sim *s)
{
	double load = sim_load(s, s->slow);

	return load * (double)(s->weight - s->targets[s->slow].weight) / (s->in_flight - load);
}

/* The mean over many moments. */
static double
sim_measure(struct sim *s, double (*value)(const struct sim *s))
{
	double sum = 0;

	sim_run(s, WARM_UP * s->n * PER_ENDPOINT);
	memset(s->got, 0, sizeof(s->got));
	for (int i = 0; i < SPAN * SAMPLES; i++) {
		sim_run(s, s->n * PER_ENDPOINT / SAMPLES);
		sum += value(s);
	}
	return sum / (SPAN * SAMPLES);
}

static void
row(const char *what, const struct algorithm *a, uint32_t n, double value)
{
	printf("%s\t%s\t%u\t%.3f\n", what, a->name, n, value);
}

static void
measure_load(const char *what, const struct algorithm *a, uint32_t n, uint32_t weights, bool keys)
{
	struct sim *s = sim_new(a, n, weights);

	s->popular = keys;
	row(what, a, n, sim_measure(s, sim_fullest));
	sim_free(s);
}

static void
measure_slow(const struct algorithm *a, uint32_t n)
{
	struct sim *s = sim_new(a, n, 1);
	uint64_t all = 0;

	s->slow = n / 2;
	row("slow", a, n, sim_measure(s, sim_slowest));
	for (uint32_t i = 0; i < n; i++)
		all += s->got[i];
	row("slow-share", a, n, (double)s->got[s->slow] * n / (double)all);
	sim_free(s);
}

/* One leaves: how many of all keys go elsewhere? 1/n have to. */
static void
measure_moves(const struct algorithm *a, uint32_t n)
{
	static const struct endpoint *before[MAPPED];
	struct sim *s = sim_new(a, n, 1);
	uint32_t moved = 0;

	for (uint32_t k = 0; k < MAPPED; k++)
		before[k] =
		    s->targets[sim_pick(s, balance_hash(str_of((char *)&k, sizeof(k))))].endpoint;
	s->targets[n / 2] = s->targets[--s->n];
	sim_build(s, a);
	for (uint32_t k = 0; k < MAPPED; k++)
		moved +=
		    before[k] !=
		    s->targets[sim_pick(s, balance_hash(str_of((char *)&k, sizeof(k))))].endpoint;
	row("moves", a, n, (double)PERCENT * moved / MAPPED);
	sim_free(s);
}

int
main(void)
{
	enum { WEIGHTS = 5 };

	popular_init();
	for (size_t i = 0; i < nelem(algorithms) * nelem(sizes); i++) {
		const struct algorithm *a = &algorithms[i / nelem(sizes)];
		uint32_t n = sizes[i % nelem(sizes)];

		measure_load("equal", a, n, 1, false);
		measure_load("weights", a, n, WEIGHTS, false);
		measure_slow(a, n);
		if (a->hashes)
			measure_load("popular", a, n, 1, true);
		if (a->hashes && a->bound == 0)
			measure_moves(a, n);
	}
	return 0;
}
