#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fault.h"

static void
every_row_is_whole(void **state)
{
	(void)state;
	for (unsigned f = 0; f < FAULT_COUNT; f++) {
		const struct fault_row *row = fault_row((enum fault)f);

		assert_true(row->word.len > 0);
		assert_true(row->sentence.len > 0);
		assert_true(row->http >= 200 && row->http <= 599);
		assert_true(row->grpc <= 16);
		/* a sentence is set behind "weir: " and before a full stop of somebody else */
		assert_true(row->sentence.p[row->sentence.len - 1] != '.');
		for (size_t i = 0; i < row->word.len; i++)
			assert_non_null(strchr("abcdefghijklmnopqrstuvwxyz_", row->word.p[i]));
	}
}

static void
words_are_unlike(void **state)
{
	(void)state;
	for (unsigned a = 0; a < FAULT_COUNT; a++)
		for (unsigned b = 0; b < a; b++)
			assert_false(
			    str_eq(fault_row((enum fault)a)->word, fault_row((enum fault)b)->word));
}

/* The reply tells whose fault it was: 4xx the client's, 5xx anybody else's. */
static void
the_status_matches_whose_it_is(void **state)
{
	(void)state;
	for (unsigned f = 1; f < FAULT_COUNT; f++) {
		const struct fault_row *row = fault_row((enum fault)f);

		if (row->whose == WHOSE_UPSTREAM)
			assert_true(row->http >= 502 && row->http <= 504);
		if (row->whose == WHOSE_CLIENT)
			assert_true(row->http < 500 || f == FAULT_not_implemented ||
				    f == FAULT_version_unsupported);
		assert_int_not_equal(row->whose, WHOSE_NOBODY);
	}
	assert_int_equal(fault_row(FAULT_none)->whose, WHOSE_NOBODY);
}

/* Sending a request again is only for what an endpoint cannot have acted on. */
static void
only_these_may_be_tried_again(void **state)
{
	static const enum fault_retry kinds[FAULT_COUNT] = {
	    [FAULT_stream_refused] = RETRY_SAFE,
	    [FAULT_connection_goaway] = RETRY_SAFE,
	    [FAULT_dns_error] = RETRY_ELSEWHERE,
	    [FAULT_connection_refused] = RETRY_ELSEWHERE,
	    [FAULT_connection_timeout] = RETRY_ELSEWHERE,
	    [FAULT_destination_ip_unroutable] = RETRY_ELSEWHERE,
	    [FAULT_tls_certificate_error] = RETRY_ELSEWHERE,
	    [FAULT_tls_protocol_error] = RETRY_ELSEWHERE,
	    [FAULT_connection_terminated] = RETRY_REUSED,
	    [FAULT_http_response_incomplete] = RETRY_RESET,
	    [FAULT_connection_write_timeout] = RETRY_TIMEOUT,
	    [FAULT_http_response_timeout] = RETRY_TIMEOUT,
	    [FAULT_try_timeout] = RETRY_TIMEOUT,
	};

	(void)state;
	for (unsigned f = 0; f < FAULT_COUNT; f++)
		assert_int_equal(fault_row((enum fault)f)->retry, kinds[f]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_row_is_whole),
	    cmocka_unit_test(words_are_unlike),
	    cmocka_unit_test(the_status_matches_whose_it_is),
	    cmocka_unit_test(only_these_may_be_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
