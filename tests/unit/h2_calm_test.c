#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/h2_calm.c"

enum { MS = 1000, S = 1000 * MS };

static unsigned
received_until_abuse(struct h2_credit *c, const nghttp2_frame_hd *hd, uint64_t now)
{
	unsigned n = 0;

	while (c->abuse == FAULT_none && n < 2 * H2_CREDIT) {
		h2_credit_received(c, hd, now);
		n++;
	}
	return n;
}

static void
each_kind_of_frame_has_its_price(void **state)
{
	static const struct {
		nghttp2_frame_hd hd;
		unsigned most;
		enum fault why;
	} rows[] = {
	    {{.type = NGHTTP2_PING, .length = 8}, H2_CREDIT, FAULT_frame_flood},
	    {{.type = NGHTTP2_SETTINGS}, H2_CREDIT, FAULT_frame_flood},
	    {{.type = NGHTTP2_DATA}, H2_CREDIT, FAULT_frame_flood},
	    {{.type = NGHTTP2_RST_STREAM}, H2_CREDIT / H2_COST_RESET, FAULT_stream_resets},
	    {{.type = NGHTTP2_DATA, .flags = NGHTTP2_FLAG_END_STREAM}, 2 * H2_CREDIT, FAULT_none},
	    {{.type = NGHTTP2_DATA, .length = 1}, 2 * H2_CREDIT, FAULT_none},
	    {{.type = NGHTTP2_HEADERS}, 2 * H2_CREDIT, FAULT_none},
	};

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct h2_credit c = {.at = S};
		unsigned n = received_until_abuse(&c, &rows[i].hd, S);

		assert_int_equal(n, rows[i].most + (rows[i].why != FAULT_none));
		assert_int_equal(c.abuse, rows[i].why);
	}
}

static void
time_and_what_is_sent_give_credit_back(void **state)
{
	static const nghttp2_frame_hd ping = {.type = NGHTTP2_PING};
	static const nghttp2_frame answer = {.hd = {.type = NGHTTP2_HEADERS}};
	struct h2_credit c = {.at = 0};

	(void)state;
	for (unsigned i = 0; i < H2_CREDIT; i++)
		h2_credit_received(&c, &ping, S);
	h2_credit_received(&c, &ping, S + 10 * MS);
	assert_int_equal(c.frames, H2_CREDIT);
	h2_credit_sent(&c, &answer, S);
	assert_int_equal(c.frames, H2_CREDIT - H2_EARNED);
	h2_credit_received(&c, &ping, 100 * S);
	assert_int_equal(c.frames, H2_COST_FRAME);
	assert_int_equal(c.abuse, FAULT_none);
}

static void
only_resets_of_the_peers_making_are_charged(void **state)
{
	static const uint32_t ours[] = {NGHTTP2_NO_ERROR, NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR},
			      its[] = {NGHTTP2_PROTOCOL_ERROR, NGHTTP2_FLOW_CONTROL_ERROR,
				  NGHTTP2_STREAM_CLOSED, NGHTTP2_REFUSED_STREAM};
	nghttp2_frame frame = {.hd = {.type = NGHTTP2_RST_STREAM}};
	struct h2_credit c = {.at = S};

	(void)state;
	for (size_t i = 0; i < nelem(ours); i++) {
		frame.rst_stream.error_code = ours[i];
		h2_credit_sent(&c, &frame, S);
	}
	assert_int_equal(c.resets, 0);
	for (size_t i = 0; i < nelem(its); i++) {
		frame.rst_stream.error_code = its[i];
		h2_credit_sent(&c, &frame, S);
	}
	assert_int_equal(c.resets, nelem(its) * H2_COST_RESET);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_kind_of_frame_has_its_price),
	    cmocka_unit_test(time_and_what_is_sent_give_credit_back),
	    cmocka_unit_test(only_resets_of_the_peers_making_are_charged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
