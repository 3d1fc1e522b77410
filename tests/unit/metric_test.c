#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/metric.h"

enum { WORKERS = 4 };

static void
finds_a_meter_by_kind_and_labels(void **state)
{
	struct meters *m = meters_new(WORKERS);
	struct meter *ab = meter_get(m, METER_ENDPOINT, STR("a"), STR("b"), 8);
	struct meter *again = meter_get(m, METER_ENDPOINT, STR("a"), STR("b"), 8);
	struct meter *others[] = {
	    meter_get(m, METER_ENDPOINT, STR("ab"), STR(""), 8),
	    meter_get(m, METER_ENDPOINT, STR(""), STR("ab"), 8),
	    meter_get(m, METER_BACKEND, STR("a"), STR("b"), 16),
	    meter_get(m, METER_WORKER, STR_NONE, STR_NONE, 8),
	};

	(void)state;
	assert_ptr_equal(ab, again);
	assert_true(str_eq(ab->label, STR("a")) && str_eq(ab->label2, STR("b")));
	for (size_t i = 0; i < nelem(others); i++) {
		assert_ptr_not_equal(ab, others[i]);
		meter_unref(&others[i]);
		assert_null(others[i]);
	}
	assert_int_equal(ab->refs, 2);
	meter_unref(&ab);
	meter_unref(&again);
	meters_free(&m);
	assert_null(m);
}

static void
makes_no_block_before_it_counts(void **state)
{
	struct meters *m = meters_new(WORKERS);
	struct meter *meter = meter_get(m, METER_ROUTE, STR("r"), STR_NONE, 100);
	uint64_t *mine;

	(void)state;
	for (uint32_t i = 0; i < WORKERS; i++)
		assert_null(meter->blocks[i]);
	mine = meter_block(meter, 2);
	assert_int_equal((uintptr_t)mine % CACHE_LINE, 0);
	assert_int_equal(*mine, 0);
	assert_ptr_equal(meter_block(meter, 2), mine);
	assert_null(meter->blocks[1]);
	meter_unref(&meter);
	meters_free(&m);
}

static void
count_meter(void *arg, struct meter *meter)
{
	(void)meter;
	++*(size_t *)arg;
}

static size_t
meters_count(struct meters *m, enum meter_kind kind)
{
	size_t n = 0;

	meters_each(m, kind, count_meter, &n);
	return n;
}

static void
keeps_the_counters_of_what_comes_back(void **state)
{
	struct meters *m = meters_new(1);
	struct meter *meter = meter_get(m, METER_ROUTE, STR("r"), STR_NONE, 8);
	uint64_t *block = meter_block(meter, 0);

	(void)state;
	COUNTER_ADD(*block, 7);
	meter_unref(&meter);
	assert_int_equal(meters_count(m, METER_ROUTE), 1);
	meter = meter_get(m, METER_ROUTE, STR("r"), STR_NONE, 8);
	assert_int_equal(COUNTER_READ(*(uint64_t *)meter_block(meter, 0)), 7);
	meter_unref(&meter);
	meters_free(&m);
}

/* Names that never come back, as many as there are reloads, must not fill the memory. */
static void
bounds_what_nobody_uses(void **state)
{
	struct meters *m = meters_new(1);
	struct meter *used[100];
	char name[32];

	(void)state;
	for (size_t i = 0; i < nelem(used); i++) {
		snprintf(name, sizeof(name), "used-%zu", i);
		used[i] = meter_get(m, METER_ROUTE, str_from(name), STR_NONE, 8);
		COUNTER_ADD(*(uint64_t *)meter_block(used[i], 0), i);
	}
	for (size_t i = 0; i < 50000; i++) {
		struct meter *meter;

		snprintf(name, sizeof(name), "gone-%zu", i);
		meter = meter_get(m, METER_ROUTE, str_from(name), STR_NONE, 8);
		meter_unref(&meter);
		if (i % 100 == 0)
			assert_true(meters_count(m, METER_ROUTE) <= 2 * nelem(used) + 4096);
	}
	for (size_t i = 0; i < nelem(used); i++) {
		struct meter *meter;

		snprintf(name, sizeof(name), "used-%zu", i);
		meter = meter_get(m, METER_ROUTE, str_from(name), STR_NONE, 8);
		assert_ptr_equal(meter, used[i]);
		assert_int_equal(*(uint64_t *)meter_block(meter, 0), i);
		meter_unref(&meter);
		meter_unref(&used[i]);
	}
	meters_free(&m);
}

static void
puts_times_into_their_bucket(void **state)
{
	struct histogram h = {0};

	(void)state;
	histogram_add(&h, 0);
	histogram_add(&h, metric_bucket_us[0]);
	histogram_add(&h, metric_bucket_us[0] + 1);
	histogram_add(&h, metric_bucket_us[METRIC_BUCKETS - 1]);
	histogram_add(&h, metric_bucket_us[METRIC_BUCKETS - 1] + 1);
	assert_int_equal(h.buckets[0], 2);
	assert_int_equal(h.buckets[1], 1);
	assert_int_equal(h.buckets[METRIC_BUCKETS - 1], 1);
	assert_int_equal(h.buckets[METRIC_BUCKETS], 1);
	assert_int_equal(h.sum_us, 1000 + 1001 + 10000000 + 10000001);
	for (size_t i = 1; i < METRIC_BUCKETS; i++)
		assert_true(metric_bucket_us[i] > metric_bucket_us[i - 1]);
}

static void
knows_what_most_times_are_below(void **state)
{
	struct histogram h = {0};

	(void)state;
	assert_int_equal(histogram_percentile(&h, 95), 0);
	h.buckets[0] = 90; /* up to 1 ms */
	h.buckets[4] = 10; /* 10-25 ms */
	assert_int_equal(histogram_percentile(&h, 45), 500);
	assert_int_equal(histogram_percentile(&h, 90), 1000);
	assert_int_equal(histogram_percentile(&h, 95), 17500);
	assert_int_equal(histogram_percentile(&h, 100), 25000);
	h.buckets[METRIC_BUCKETS] = 900; /* above all: then it is the most that is known */
	assert_int_equal(histogram_percentile(&h, 95), metric_bucket_us[METRIC_BUCKETS - 1]);
}

static void
counts_the_keys_that_fit(void **state)
{
	struct code_counts c = {0};

	(void)state;
	for (int round = 0; round < 3; round++)
		for (uint32_t key = 200; key < 200 + METRIC_CODES - 1; key++)
			code_count(&c, key);
	code_count(&c, 0);
	code_count(&c, 999);
	code_count(&c, 1000);
	code_count(&c, 200);
	assert_int_equal(c.keys[0], 0);
	assert_int_equal(c.counts[0], 3);
	assert_int_equal(c.keys[1], 200);
	assert_int_equal(c.counts[1], 4);
	for (uint32_t i = 2; i < METRIC_CODES; i++)
		assert_int_equal(c.counts[i], 3);
}

struct counting {
	struct meter *meter;
	uint32_t worker;
};

enum { ROUNDS = 20000 };

static void *
count_as_worker(void *arg)
{
	struct counting *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		COUNTER_ADD(*(uint64_t *)meter_block(c->meter, c->worker), 1);
	}
	meter_unref(&c->meter);
	return NULL;
}

/* To be run under TSan, too. */
static void
adds_up_over_workers_while_it_is_read(void **state)
{
	struct meters *m = meters_new(WORKERS);
	struct meter *meter = meter_get(m, METER_LISTENER, STR("l"), STR_NONE, 8);
	struct counting c[WORKERS];
	pthread_t threads[WORKERS];
	uint64_t sum = 0;

	(void)state;
	for (uint32_t i = 0; i < WORKERS; i++) {
		c[i] = (struct counting){meter_get(m, METER_LISTENER, STR("l"), STR_NONE, 8), i};
		assert_int_equal(pthread_create(&threads[i], NULL, count_as_worker, &c[i]), 0);
	}
	for (int k = 0; k < 1000; k++) {
		for (uint32_t i = 0; i < WORKERS; i++) {
			uint64_t *block = atomic_load(&meter->blocks[i]);

			assert_true(block == NULL || COUNTER_READ(*block) <= ROUNDS);
		}
	}
	for (uint32_t i = 0; i < WORKERS; i++) {
		pthread_join(threads[i], NULL);
		sum += COUNTER_READ(*(uint64_t *)meter_block(meter, i));
	}
	assert_int_equal(sum, (uint64_t)WORKERS * ROUNDS);
	assert_int_equal(meter->refs, 1);
	meter_unref(&meter);
	meters_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_a_meter_by_kind_and_labels),
	    cmocka_unit_test(makes_no_block_before_it_counts),
	    cmocka_unit_test(keeps_the_counters_of_what_comes_back),
	    cmocka_unit_test(bounds_what_nobody_uses),
	    cmocka_unit_test(puts_times_into_their_bucket),
	    cmocka_unit_test(knows_what_most_times_are_below),
	    cmocka_unit_test(counts_the_keys_that_fit),
	    cmocka_unit_test(adds_up_over_workers_while_it_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
