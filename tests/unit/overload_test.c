#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/overload.h"

static const struct overload_spec spec = {.memory = 1 << 30, .loop_delay_us = 10000, .files = 90};

/* Of 100 requests, one for each way the dice can fall. */
static unsigned
shed(uint32_t memory, uint64_t delay_us, enum priority priority)
{
	struct overload o = {.memory = memory};
	unsigned n = 0;

	for (uint64_t random = 0; random < 100; random++)
		n += overload_sheds(&o, &spec, priority, delay_us, random);
	return n;
}

static void
refuses_nothing_below_the_limit(void **state)
{
	(void)state;
	assert_int_equal(shed(1000, 10000, PRIORITY_NORMAL), 0);
	assert_int_equal(shed(900, 0, PRIORITY_LOW), 0);
	assert_int_equal(shed(1100, 0, PRIORITY_HIGH), 0);
}

static void
refuses_more_and_more_above_it(void **state)
{
	(void)state;
	assert_int_equal(shed(1001, 0, PRIORITY_NORMAL), 1);
	assert_int_equal(shed(1050, 0, PRIORITY_NORMAL), 50);
	assert_int_equal(shed(1100, 0, PRIORITY_NORMAL), 100);
	assert_int_equal(shed(5000, 0, PRIORITY_NORMAL), 100);
}

static void
refuses_the_low_first_and_the_high_last(void **state)
{
	(void)state;
	assert_int_equal(shed(1000, 0, PRIORITY_LOW), 100);
	assert_int_equal(shed(1100, 0, PRIORITY_HIGH), 0);
	assert_int_equal(shed(1200, 0, PRIORITY_HIGH), 100);
}

static void
takes_the_worse_of_memory_and_delay(void **state)
{
	(void)state;
	assert_int_equal(shed(0, 10500, PRIORITY_NORMAL), 50);
	assert_int_equal(shed(1020, 10500, PRIORITY_NORMAL), 50);
	assert_int_equal(shed(1070, 10500, PRIORITY_NORMAL), 70);
}

static void
refuses_connections_when_descriptors_run_out(void **state)
{
	struct overload o = {.files = 1100};

	(void)state;
	assert_true(overload_refuses(&o, 99));
	assert_false(overload_sheds(&o, &spec, PRIORITY_NORMAL, 0, 0));
	o.files = 1000;
	assert_false(overload_refuses(&o, 0));
	o.memory = 1100;
	assert_true(overload_refuses(&o, 99));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refuses_nothing_below_the_limit),
	    cmocka_unit_test(refuses_more_and_more_above_it),
	    cmocka_unit_test(refuses_the_low_first_and_the_high_last),
	    cmocka_unit_test(takes_the_worse_of_memory_and_delay),
	    cmocka_unit_test(refuses_connections_when_descriptors_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
