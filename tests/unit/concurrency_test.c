#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "upstream/concurrency.h"

enum { MS = 1000, WINDOW = 100 * MS };

static const struct concurrency_spec spec = {.min = 5, .max = 1000, .tolerance = 150};

/* A server with so many places: with more in flight, answers take longer in proportion. */
struct server {
	struct concurrency c;
	uint64_t now, answer_us;
	uint32_t places;
};

/* Windows of a load that always wants more than the limit, or so much. */
static void
serve(struct server *s, unsigned windows, uint32_t wanted)
{
	for (unsigned w = 0; w < windows; w++) {
		uint32_t limit = concurrency_limit(&s->c, &spec);
		uint32_t in_flight = wanted < limit ? wanted : limit;
		uint64_t us =
		    in_flight > s->places ? s->answer_us * in_flight / s->places : s->answer_us;

		s->now += WINDOW;
		for (unsigned i = 0; i < 20; i++)
			concurrency_sample(&s->c, &spec, us, in_flight, s->now);
	}
}

static void
begins_at_twenty_within_its_range(void **state)
{
	const struct concurrency_spec narrow = {.min = 50, .max = 60, .tolerance = 150};
	struct concurrency c = {0};

	(void)state;
	assert_int_equal(concurrency_limit(&c, &spec), 20);
	assert_int_equal(concurrency_limit(&c, &narrow), 50);
}

static void
grows_while_answers_are_as_quick_as_usual(void **state)
{
	struct server s = {.places = 500, .answer_us = 10 * MS, .now = WINDOW};

	(void)state;
	serve(&s, 200, UINT32_MAX);
	assert_in_range(concurrency_limit(&s.c, &spec), 200, 1000);
}

static void
settles_near_what_the_server_can_do(void **state)
{
	struct server s = {.places = 100, .answer_us = 10 * MS, .now = WINDOW};

	(void)state;
	serve(&s, 4000, UINT32_MAX);
	assert_in_range(concurrency_limit(&s.c, &spec), 90, 260);
}

static void
shrinks_when_answers_take_longer_and_comes_back(void **state)
{
	struct server s = {.places = 200, .answer_us = 10 * MS, .now = WINDOW};
	uint32_t before, during;

	(void)state;
	serve(&s, 300, UINT32_MAX);
	before = concurrency_limit(&s.c, &spec);
	s.places = 20;
	serve(&s, 30, UINT32_MAX);
	during = concurrency_limit(&s.c, &spec);
	assert_true(during < before / 3);
	s.places = 200;
	serve(&s, 300, UINT32_MAX);
	assert_true(concurrency_limit(&s.c, &spec) > before / 2);
}

static void
does_not_grow_when_nobody_needs_it(void **state)
{
	struct server s = {.places = 200, .answer_us = 10 * MS, .now = WINDOW};

	(void)state;
	serve(&s, 300, 4);
	assert_in_range(concurrency_limit(&s.c, &spec), 20, 21);
}

static void
never_leaves_its_range(void **state)
{
	struct server s = {.places = 1, .answer_us = 10 * MS, .now = WINDOW};

	(void)state;
	serve(&s, 5, 1); /* 10 ms without waiting */
	for (unsigned i = 0; i < 50; i++) {
		s.answer_us = 1000 * MS;
		serve(&s, 1, UINT32_MAX);
	}
	assert_true(concurrency_limit(&s.c, &spec) >= spec.min);
	s = (struct server){.places = 1000000, .answer_us = 1, .now = s.now};
	serve(&s, 5000, UINT32_MAX);
	assert_int_equal(concurrency_limit(&s.c, &spec), spec.max);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(begins_at_twenty_within_its_range),
	    cmocka_unit_test(grows_while_answers_are_as_quick_as_usual),
	    cmocka_unit_test(settles_near_what_the_server_can_do),
	    cmocka_unit_test(shrinks_when_answers_take_longer_and_comes_back),
	    cmocka_unit_test(does_not_grow_when_nobody_needs_it),
	    cmocka_unit_test(never_leaves_its_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
