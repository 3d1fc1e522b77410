#include "farm.h"

/* The greatest of what each got, divided by what its weight says. */
static double
farm_worst(const struct farm *f, uint64_t picks)
{
	double worst = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		double due = (double)picks * f->targets[i].weight / (double)farm_weight(f);

		if ((double)f->counts[i] / due > worst)
			worst = (double)f->counts[i] / due;
	}
	return worst;
}

enum { KEYS = 50000 };

static void
farm_map(struct farm *f, struct endpoint **map)
{
	for (uint32_t i = 0; i < KEYS; i++)
		map[i] = f->targets[farm_pick(f, key_of(i))].endpoint;
}

static const enum balance_kind hashes[] = {BALANCE_KIND_MAGLEV, BALANCE_KIND_RING};

static void
hashing_is_even(void **state)
{
	static const struct {
		uint32_t n;
		weight_fn *weight;
		const char *what;
		double most[2]; /* maglev, ring */
	} rows[] = {
	    {3, even, "equal", {1.03, 1.25}},
	    {10, even, "equal", {1.05, 1.30}},
	    {100, even, "equal", {1.20, 1.45}},
	    {10, one_to_five, "1-5", {1.10, 1.30}},
	    {100, one_to_five, "1-5", {1.35, 1.55}},
	};

	(void)state;
	for (size_t r = 0; r < nelem(rows); r++) {
		for (size_t h = 0; h < nelem(hashes); h++) {
			struct farm *f = farm_new(hashes[h], rows[r].n, rows[r].weight, 0);
			double worst;

			for (uint32_t i = 0; i < KEYS; i++)
				f->counts[farm_pick(f, key_of(i))]++;
			worst = farm_worst(f, KEYS);
			print_message("# %-6s %3u endpoints, weights %s: the most popular has %.3f "
				      "of its share of the keys\n",
			    f->balance->ops->name, f->n, rows[r].what, worst);
			assert_true(worst < rows[r].most[h]);
			farm_free(f);
		}
	}
}

static void
hashing_does_not_see_the_order_of_the_list(void **state)
{
	static const uint32_t sizes[] = {2, 10, 150};

	(void)state;
	for (size_t h = 0; h < nelem(hashes); h++) {
		for (size_t s = 0; s < nelem(sizes); s++) {
			struct farm *f = farm_new(hashes[h], sizes[s], one_to_five, 0);
			static struct endpoint *before[KEYS], *after[KEYS];

			farm_map(f, before);
			for (uint32_t i = f->n - 1; i > 0; i--) {
				uint32_t k = (uint32_t)(rnd(f) % (i + 1));
				struct balance_target t = f->targets[i];

				f->targets[i] = f->targets[k];
				f->targets[k] = t;
			}
			farm_rebuild(f, hashes[h], 0);
			farm_map(f, after);
			assert_memory_equal(before, after, sizeof(before));
			farm_free(f);
		}
	}
}

/* Written down once: another process, another machine, another release must agree. */
static void
hashing_is_the_same_everywhere(void **state)
{
	static const uint32_t wanted[2][8] = {
	    {3, 4, 8, 3, 9, 2, 4, 0},
	    {2, 0, 5, 9, 5, 0, 6, 4},
	};

	(void)state;
	for (size_t h = 0; h < nelem(hashes); h++) {
		struct farm *f = farm_new(hashes[h], 10, even, 0);

		for (uint32_t i = 0; i < nelem(wanted[h]); i++)
			assert_int_equal(farm_pick(f, key_of(i)), wanted[h][i]);
		farm_free(f);
	}
}

/* Keys that moved although their endpoint is still there, in percent of all. */
static double
moved_in_vain(struct endpoint **before, struct endpoint **after, const struct endpoint *gone)
{
	uint32_t moved = 0;

	for (uint32_t i = 0; i < KEYS; i++)
		moved += before[i] != gone && after[i] != gone && before[i] != after[i];
	return 100.0 * moved / KEYS;
}

static void
hashing_moves_little_when_one_goes_or_fails(void **state)
{
	static const uint32_t sizes[] = {3, 10, 100};
	static weight_fn *const weights[] = {even, one_to_five, odd_sizes};
	static const double most[] = {6.0, 6.0, 12.0}; /* percent */
	static struct endpoint *all[KEYS], *less[KEYS];

	(void)state;
	for (size_t r = 0; r < nelem(hashes) * nelem(sizes) * nelem(weights); r++) {
		size_t h = r % 2, w = r / 2 % nelem(weights), s = r / 2 / nelem(weights);
		struct farm *f = farm_new(hashes[h], sizes[s], weights[w], 0);
		struct endpoint *gone = &f->endpoints[f->n / 2];
		double out;

		farm_map(f, all);
		farm_down(f, f->n / 2, true);
		farm_map(f, less);
		assert_true(moved_in_vain(all, less, gone) <= 0);
		farm_down(f, f->n / 2, false);
		f->targets[f->n / 2] = f->targets[f->n - 1];
		f->n--;
		farm_rebuild(f, hashes[h], 0);
		farm_map(f, less);
		out = moved_in_vain(all, less, gone);
		print_message(
		    "# %-6s %3u endpoints, weights %s, one leaves: %.2f%% of the keys move "
		    "from one that stays\n",
		    f->balance->ops->name, f->n + 1,
		    w == 0   ? "equal"
		    : w == 1 ? "1-5  "
			     : "7-997",
		    out);
		/* Equal ones own their points whoever else is there. */
		assert_true(out <= (hashes[h] == BALANCE_KIND_RING && w == 0 ? 0 : most[w]));
		farm_free(f);
	}
}

static void
what_a_failed_one_leaves_spreads_over_the_others(void **state)
{
	(void)state;
	for (size_t h = 0; h < nelem(hashes); h++) {
		struct farm *f = farm_new(hashes[h], 10, even, 0);
		static struct endpoint *before[KEYS];
		uint64_t moved = 0;

		farm_map(f, before);
		farm_down(f, 3, true);
		for (uint32_t i = 0; i < KEYS; i++) {
			if (before[i] == &f->endpoints[3]) {
				f->counts[farm_pick(f, key_of(i))]++;
				moved++;
			}
		}
		for (uint32_t i = 0; i < f->n; i++)
			assert_true(f->counts[i] <= moved / 4);
		farm_free(f);
	}
}

/* ceil(bound/100 * all in flight * share of the weight of those that are up) */
static uint64_t
capacity(const struct farm *f, uint32_t i, uint64_t bound, uint64_t weight)
{
	uint64_t part = bound * f->in_flight * f->targets[i].weight;

	return (part + 100 * weight - 1) / (100 * weight);
}

static void
check_bound(struct farm *f, uint32_t bound, uint64_t weight)
{
	for (int i = 0; i < 20000; i++) {
		/* half of all requests are for one key, the rest for twenty */
		uint64_t key = key_of((uint32_t)(rnd(f) % 2 ? 0 : rnd(f) % 20));
		uint32_t at;

		if (f->held_n > 0 && rnd(f) % 100 < (f->held_n < 500 ? 30 : 55))
			farm_let_go(f);
		if (f->held_n >= nelem(f->held))
			continue;
		at = farm_hold(f, key);
		assert_true(f->targets[at].endpoint->in_flight <= capacity(f, at, bound, weight));
	}
}

static void
hashing_never_fills_one_above_its_bound(void **state)
{
	static const uint32_t sizes[] = {2, 5, 50}, bounds[] = {100, 125, 200};

	(void)state;
	for (size_t h = 0; h < nelem(hashes); h++) {
		for (size_t s = 0; s < nelem(sizes); s++) {
			for (size_t b = 0; b < nelem(bounds); b++) {
				struct farm *f =
				    farm_new(hashes[h], sizes[s], one_to_five, bounds[b]);
				uint64_t down = f->targets[1].weight;

				check_bound(f, bounds[b], farm_weight(f));
				while (f->held_n > 0)
					farm_let_go(f);
				farm_down(f, 1, true);
				check_bound(f, bounds[b], farm_weight(f) - down);
				farm_free(f);
			}
		}
	}
}

static void
a_bound_that_is_not_reached_moves_no_key(void **state)
{
	static struct endpoint *free_of_bound[KEYS], *bounded[KEYS];

	(void)state;
	for (size_t h = 0; h < nelem(hashes); h++) {
		struct farm *f = farm_new(hashes[h], 10, even, 0);

		farm_map(f, free_of_bound);
		farm_rebuild(f, hashes[h], 125);
		farm_map(f, bounded);
		assert_memory_equal(free_of_bound, bounded, sizeof(bounded));
		farm_free(f);
	}
}

static void
twins_of_one_name_share(void **state)
{
	(void)state;
	for (size_t h = 0; h < nelem(hashes); h++) {
		struct farm *f = farm_new(hashes[h], 2, even, 0);

		f->endpoints[1].name = f->endpoints[0].name;
		farm_rebuild(f, hashes[h], 0);
		farm_count(f, KEYS);
		assert_true(f->counts[0] > KEYS / 3 && f->counts[1] > KEYS / 3);
		farm_free(f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hashing_is_even),
	    cmocka_unit_test(hashing_does_not_see_the_order_of_the_list),
	    cmocka_unit_test(hashing_is_the_same_everywhere),
	    cmocka_unit_test(hashing_moves_little_when_one_goes_or_fails),
	    cmocka_unit_test(what_a_failed_one_leaves_spreads_over_the_others),
	    cmocka_unit_test(hashing_never_fills_one_above_its_bound),
	    cmocka_unit_test(a_bound_that_is_not_reached_moves_no_key),
	    cmocka_unit_test(twins_of_one_name_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
