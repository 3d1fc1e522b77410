#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow/replay.h"

enum { BODY = 300000, ROUNDS = 200 };

static char body[BODY];
static uint64_t seed;

static uint32_t
below(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

/* Hands over the next n bytes of the body as a codec would: in chunks that hold other bytes too. */
static bool
keep(struct replay *r, struct chunks *pools, size_t *at, size_t n, uint64_t max)
{
	bool large = below(2) == 0;
	struct chunk *c = chunk_take(large ? &pools->large : &pools->small);
	uint32_t off = below(100);
	struct slices q = {.n = 0};
	bool kept;

	if (n > c->size - off)
		n = c->size - off;
	memcpy(c->bytes + off, body + *at, n);
	assert_true(slices_add(&q, c, off, (uint32_t)n));
	chunk_unref(c);
	kept = replay_keep(r, &pools->small, &q, n, max);
	*at += n;
	slices_clear(&q);
	return kept;
}

/* All of it comes out again, whatever room there is at a time. */
static void
assert_gives(struct replay *r, size_t n)
{
	struct slices to = {.n = 0};
	size_t at = 0;

	replay_rewind(r);
	while (!replay_is_done(r)) {
		replay_give(r, &to, 1 + below(50000));
		assert_true(to.bytes > 0);
		while (to.bytes > 0) {
			struct slice *s = slices_first(&to);

			assert_memory_equal(s->chunk->bytes + s->off, body + at, s->len);
			at += s->len;
			slices_drop(&to, s->len);
		}
	}
	assert_int_equal(at, n);
}

static void
gives_again_what_it_kept(void **state)
{
	struct chunks pools;

	(void)state;
	chunks_init(&pools);
	for (size_t i = 0; i < BODY; i++)
		body[i] = (char)below(256);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct replay r = {.n = 0};
		uint32_t most = below(2) == 0 ? 300 : 40000;
		size_t at = 0, end = 1 + below(BODY / 2);

		while (at < end) {
			assert_true(keep(&r, &pools, &at, 1 + below(most), UINT64_MAX));
			assert_true(replay_is_done(&r));
			if (below(8) == 0)
				assert_gives(&r, at);
		}
		assert_int_equal(r.bytes, at);
		assert_gives(&r, at);
		assert_gives(&r, at);
		replay_clear(&r);
		assert_int_equal(pools.small.in_use + pools.large.in_use, 0);
	}
	chunks_fini(&pools);
}

static void
keeps_no_more_than_it_may(void **state)
{
	struct replay r = {.n = 0};
	struct chunks pools;
	size_t at = 0;

	(void)state;
	chunks_init(&pools);
	assert_true(keep(&r, &pools, &at, 1000, 2000));
	assert_true(keep(&r, &pools, &at, 1000, 2000));
	assert_false(keep(&r, &pools, &at, 1, 2000));
	assert_gives(&r, 2000);
	replay_clear(&r);
	assert_false(keep(&r, &pools, &at, 1, 0));
	replay_clear(&r);
	chunks_fini(&pools);
}

static void
small_pieces_do_not_hold_their_chunks(void **state)
{
	struct replay r = {.n = 0};
	struct chunks pools;
	size_t at = 0;

	(void)state;
	chunks_init(&pools);
	while (at < 64 * 1024)
		assert_true(keep(&r, &pools, &at, 100, UINT64_MAX));
	assert_int_equal(pools.large.in_use, 0);
	assert_in_range(pools.small.in_use, 4, 5);
	assert_in_range(r.n, 4, 5);
	replay_clear(&r);
	chunks_fini(&pools);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gives_again_what_it_kept),
	    cmocka_unit_test(keeps_no_more_than_it_may),
	    cmocka_unit_test(small_pieces_do_not_hold_their_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
