#include <pthread.h>

#include "farm.h"

static const enum balance_kind kinds[] = {BALANCE_KIND_LEAST, BALANCE_KIND_ROUND,
    BALANCE_KIND_RANDOM, BALANCE_KIND_MAGLEV, BALANCE_KIND_RING};

static void
none_is_none(void **state)
{
	(void)state;
	for (size_t k = 0; k < nelem(kinds); k++) {
		struct farm *f = farm_new(kinds[k], 0, even, 125);

		assert_int_equal(farm_pick(f, 1), BALANCE_NONE);
		farm_free(f);
		f = farm_new(kinds[k], 1, even, 125);
		assert_int_equal(farm_pick(f, 1), 0);
		farm_down(f, 0, true);
		assert_int_equal(farm_pick(f, 1), BALANCE_NONE);
		farm_free(f);
	}
}

static void
check_allowed(struct farm *f)
{
	for (int round = 0; round < 300; round++) {
		struct balance_pick pick = {.key = rnd(f), .random = rnd(f)};
		uint32_t got, allowed = 0;

		for (uint32_t i = 0; i < f->n; i++)
			farm_down(f, i, rnd(f) % 100 < (uint64_t)round / 2);
		pick.n_tried = (uint32_t)(rnd(f) % (BALANCE_TRIED_MAX + 1));
		for (uint32_t i = 0; i < pick.n_tried; i++)
			pick.tried[i] = &f->endpoints[rnd(f) % f->n];
		for (uint32_t i = 0; i < f->n; i++)
			allowed += balance_allows(f->balance, &pick, i);
		got = balance_next(f->balance, &pick);
		assert_int_equal(got == BALANCE_NONE, allowed == 0);
		if (got != BALANCE_NONE)
			assert_true(balance_allows(f->balance, &pick, got));
	}
}

static void
takes_only_what_is_allowed_and_whatever_is(void **state)
{
	static const uint32_t sizes[] = {1, 2, 3, 4, 5, 12, 100, 200};
	static weight_fn *const weights[] = {even, one_to_five, one_giant};

	(void)state;
	for (size_t k = 0; k < nelem(kinds); k++) {
		for (size_t s = 0; s < nelem(sizes); s++) {
			for (size_t w = 0; w < nelem(weights); w++) {
				struct farm *f =
				    farm_new(kinds[k], sizes[s], weights[w], s % 2 ? 125 : 0);

				check_allowed(f);
				farm_free(f);
			}
		}
	}
}

/* In each stretch of `cycle` turns each endpoint has exactly its weight; the greatest distance from
 * the even flow on the way, in requests. */
static double
round_distance(struct farm *f, uint64_t cycle, uint64_t unit)
{
	double worst = 0, weight = (double)farm_weight(f);

	for (int again = 0; again < 3; again++) {
		memset(f->counts, 0, sizeof(f->counts));
		for (uint64_t t = 1; t <= cycle; t++) {
			uint32_t i = farm_pick(f, 0);
			double off;

			f->counts[i]++;
			off = (double)f->counts[i] - (double)t * f->targets[i].weight / weight;
			worst = off > worst ? off : worst;
		}
		for (uint32_t i = 0; i < f->n; i++)
			assert_int_equal(f->counts[i] * unit, f->targets[i].weight);
	}
	return worst;
}

static void
round_robin_is_exact_and_smooth(void **state)
{
	static const struct {
		uint32_t n;
		weight_fn *weight;
		const char *what;
	} rows[] = {
	    {3, even, "equal"},
	    {100, even, "equal"},
	    {3, one_to_five, "1 to 5"},
	    {10, one_to_five, "1 to 5"},
	    {100, one_to_five, "1 to 5"},
	    {2, canary, "1 and 99"},
	    {20, one_giant, "1000 and 1"},
	    {100, odd_sizes, "odd sizes"},
	};

	(void)state;
	for (size_t r = 0; r < nelem(rows); r++) {
		struct farm *f = farm_new(BALANCE_KIND_ROUND, rows[r].n, rows[r].weight, 0);
		double off = round_distance(f, farm_weight(f), 1);

		print_message("# round-robin, %u endpoints, weights %s: at most %.2f requests "
			      "ahead of the even flow\n",
		    rows[r].n, rows[r].what, off);
		assert_true(off < 5);
		farm_free(f);
	}
}

static void
round_robin_divides_the_rest_by_weight_when_some_are_down(void **state)
{
	struct farm *f = farm_new(BALANCE_KIND_ROUND, 10, one_to_five, 0);
	uint64_t left = farm_weight(f) - 5 - 5 - 1;

	(void)state;
	farm_down(f, 4, true);
	farm_down(f, 9, true);
	farm_down(f, 0, true);
	farm_count(f, (uint32_t)left * 100);
	for (uint32_t i = 0; i < f->n; i++) {
		bool down = i == 4 || i == 9 || i == 0;
		uint64_t due = down ? 0 : f->targets[i].weight * 100;

		assert_true(f->counts[i] + 3 >= due && f->counts[i] <= due + 3);
	}
	farm_free(f);
}

/* Within five standard deviations of the binomial distribution. */
static void
check_shares(struct farm *f, uint32_t picks)
{
	double weight = (double)farm_weight(f);

	farm_count(f, picks);
	for (uint32_t i = 0; i < f->n; i++) {
		double p = f->targets[i].weight / weight;
		double off = (double)f->counts[i] - p * picks;

		assert_true(off * off < 25 * picks * p * (1 - p) + 1);
	}
}

static void
dice_and_idle_least_requests_follow_the_weights(void **state)
{
	static const uint32_t sizes[] = {2, 3, 4, 5, 10, 100};
	static weight_fn *const weights[] = {even, one_to_five, canary, odd_sizes};

	(void)state;
	for (size_t s = 0; s < nelem(sizes); s++) {
		for (size_t w = 0; w < nelem(weights); w++) {
			struct farm *f = farm_new(BALANCE_KIND_RANDOM, sizes[s], weights[w], 0);

			check_shares(f, 50000);
			farm_rebuild(f, BALANCE_KIND_LEAST, 0);
			check_shares(f, 50000);
			farm_free(f);
		}
	}
}

/* Each algorithm under the same load: 10 in flight for each unit of weight on average, the next
 * one comes when a random one is done. The fullest endpoint against its share, averaged. */
static double
fullest(struct farm *f, uint64_t hold)
{
	double sum = 0;
	enum { STEPS = 20000, EVERY = 20 };

	while (f->held_n < hold)
		farm_hold(f, rnd(f));
	for (int i = 0; i < STEPS; i++) {
		double worst = 0;

		farm_let_go(f);
		farm_hold(f, rnd(f));
		for (uint32_t k = 0; k < f->n && i % EVERY == 0; k++) {
			double due = (double)hold * f->targets[k].weight / (double)farm_weight(f);
			double load = f->targets[k].endpoint->in_flight / due;

			worst = load > worst ? load : worst;
		}
		sum += worst;
	}
	return sum / (STEPS / EVERY);
}

static void
keeps_the_fullest_near_the_average(void **state)
{
	static const uint32_t sizes[] = {3, 10, 100};
	/* least-requests: the promise; the others are printed for comparison */
	static const double most[] = {1.12, 1.25, 1.35};

	(void)state;
	for (size_t s = 0; s < nelem(sizes); s++) {
		for (int uneven = 0; uneven < 2; uneven++) {
			weight_fn *weight = uneven ? one_to_five : even;

			for (size_t k = 0; k < nelem(kinds); k++) {
				struct farm *f = farm_new(kinds[k], sizes[s], weight, 0);
				double worst = fullest(f, 10 * (uint64_t)f->n);

				print_message("# %-14s %3u endpoints, weights %s: fullest at %.2f "
					      "of its share\n",
				    f->balance->ops->name, f->n, uneven ? "1-5  " : "equal", worst);
				if (kinds[k] == BALANCE_KIND_LEAST)
					assert_true(worst < most[s] + uneven * 0.2);
				farm_free(f);
			}
		}
	}
}

/* A light endpoint must neither starve nor be flooded when there are few requests. */
static void
least_requests_treats_a_canary_fairly(void **state)
{
	static const uint64_t loads[] = {1, 2, 10, 50, 200, 1000};

	(void)state;
	for (size_t l = 0; l < nelem(loads); l++) {
		struct farm *f = farm_new(BALANCE_KIND_LEAST, 2, canary, 0);
		uint64_t n = 0;

		while (f->held_n < loads[l])
			farm_hold(f, 0);
		for (int i = 0; i < 50000; i++) {
			farm_let_go(f);
			n += farm_hold(f, 0) == 0;
		}
		print_message("# least-requests, weights 1 and 99, %4u in flight: the light one "
			      "gets %.2f%%\n",
		    (unsigned)loads[l], (double)n / 500);
		assert_true(n > 0 && n < 1500);
		farm_free(f);
	}
}

enum { THREADS = 4, ROUNDS = 5000 };

static void *
pick_much(void *arg)
{
	struct farm *f = arg;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct balance_pick pick = {.key = key_of((uint32_t)i),
		    .random = key_of((uint32_t)(uintptr_t)&i ^ (uint32_t)i)};
		uint32_t at;

		atomic_fetch_add(&f->in_flight, 1);
		at = balance_next(f->balance, &pick);
		if (at != BALANCE_NONE) {
			atomic_fetch_add(&f->endpoints[at].in_flight, 1);
			atomic_fetch_sub(&f->endpoints[at].in_flight, 1);
		}
		atomic_fetch_sub(&f->in_flight, 1);
	}
	return NULL;
}

/* To be run under TSan, too: endpoints go up and down while all pick. */
static void
is_shared_by_all_workers(void **state)
{
	(void)state;
	for (size_t k = 0; k < nelem(kinds); k++) {
		struct farm *f = farm_new(kinds[k], 8, one_to_five, 125);
		pthread_t threads[THREADS];

		for (int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, pick_much, f), 0);
		for (uint32_t i = 0; i < 2000; i++)
			farm_down(f, i % f->n, i / f->n % 2 == 0);
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		for (uint32_t i = 0; i < f->n; i++)
			assert_int_equal(f->endpoints[i].in_flight, 0);
		farm_free(f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(none_is_none),
	    cmocka_unit_test(takes_only_what_is_allowed_and_whatever_is),
	    cmocka_unit_test(round_robin_is_exact_and_smooth),
	    cmocka_unit_test(round_robin_divides_the_rest_by_weight_when_some_are_down),
	    cmocka_unit_test(dice_and_idle_least_requests_follow_the_weights),
	    cmocka_unit_test(keeps_the_fullest_near_the_average),
	    cmocka_unit_test(least_requests_treats_a_canary_fairly),
	    cmocka_unit_test(is_shared_by_all_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
