#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/policy.h"

static void
knows_the_statuses_it_was_asked_for(void **state)
{
	struct policy p = {0};

	(void)state;
	statuses_add(&p.statuses, 400, 400);
	statuses_add(&p.statuses, 463, 463);
	statuses_add(&p.statuses, 464, 464);
	statuses_add(&p.statuses, 599, 599);
	for (unsigned status = 0; status < 1000; status++)
		assert_int_equal(statuses_have(&p.statuses, status),
		    status == 400 || status == 463 || status == 464 || status == 599);
}

static void
pauses_are_random_below_a_limit_that_doubles(void **state)
{
	const struct policy p = {.backoff_us = 25000, .backoff_max_us = 250000};
	static const uint64_t most[] = {25000, 50000, 100000, 200000, 250000, 250000};

	(void)state;
	for (uint32_t n = 0; n < nelem(most); n++) {
		assert_int_equal(policy_pause(&p, n, 0), 0);
		assert_int_equal(policy_pause(&p, n, most[n]), most[n]);
		assert_int_equal(policy_pause(&p, n, most[n] + 1), 0);
		assert_in_range(policy_pause(&p, n, UINT64_MAX), 0, most[n]);
	}
}

static void
a_cap_below_the_first_pause_holds(void **state)
{
	const struct policy p = {.backoff_us = 25000, .backoff_max_us = 1000}, none = {0};

	(void)state;
	for (uint64_t random = 0; random < 5000; random++)
		assert_in_range(policy_pause(&p, 0, random), 0, 1000);
	assert_int_equal(policy_pause(&none, 7, 12345), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(knows_the_statuses_it_was_asked_for),
	    cmocka_unit_test(pauses_are_random_below_a_limit_that_doubles),
	    cmocka_unit_test(a_cap_below_the_first_pause_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
