#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "io/buf.h"

enum { SOURCE = 1000, STEPS = 200000 };

static void
a_chunk_goes_back_with_its_last_reference(void **state)
{
	struct chunks pools;
	struct chunk *small, *large;
	struct slices q = {.n = 0};

	(void)state;
	chunks_init(&pools);
	small = chunk_take(&pools.small);
	large = chunk_take(&pools.large);
	assert_int_equal(small->size, BUF_SMALL - sizeof(struct chunk));
	assert_int_equal(large->size, BUF_LARGE - sizeof(struct chunk));
	assert_true(slices_add(&q, small, 0, 10));
	assert_int_equal(small->refs, 2);
	chunk_unref(small);
	assert_int_equal(pools.small.in_use, 1);
	slices_drop(&q, 9);
	assert_int_equal(pools.small.in_use, 1);
	slices_drop(&q, 1);
	assert_int_equal(pools.small.in_use, 0);
	chunk_unref(large);
	chunks_fini(&pools);
}

static void
pieces_that_touch_are_one(void **state)
{
	struct chunks pools;
	struct chunk *a, *b;
	struct slices q = {.n = 0};

	(void)state;
	chunks_init(&pools);
	a = chunk_take(&pools.small);
	b = chunk_take(&pools.small);
	assert_true(slices_add(&q, a, 0, 10));
	assert_true(slices_add(&q, a, 10, 10));
	assert_int_equal(q.n, 1);
	assert_true(slices_add(&q, b, 20, 10)); /* touches by number only */
	assert_int_equal(q.n, 2);
	assert_true(slices_add(&q, b, 31, 1));
	assert_true(slices_add(&q, a, 0, 1));
	assert_true(slices_full(&q));
	assert_true(slices_add(&q, a, 1, 1)); /* still joins */
	assert_true(slices_add(&q, a, 9, 0)); /* nothing always fits */
	assert_false(slices_add(&q, a, 9, 1));
	assert_int_equal(q.bytes, 33);
	assert_int_equal(slices_first(&q)->len, 20);
	assert_int_equal(a->refs, 3);
	chunk_unref(a);
	chunk_unref(b);
	slices_clear(&q);
	assert_int_equal(q.n, 0);
	chunks_fini(&pools);
}

/* ---- two queues against two strings ---- */

struct model {
	struct chunks pools;
	struct chunk *source[3];
	struct slices q[2];
	char *text[2]; /* what each holds; owned */
	size_t len[2];
	uint32_t random;
};

static uint32_t
rnd(struct model *m, uint32_t n)
{
	m->random = m->random * 1664525 + 1013904223;
	return (m->random >> 8) % n;
}

static void
assert_same(struct model *m, unsigned i)
{
	const struct slices *q = &m->q[i];
	size_t at = 0;

	assert_int_equal(q->bytes, m->len[i]);
	for (uint32_t k = 0; k < q->n; k++) {
		const struct slice *s = &q->v[(q->first + k) % BUF_SLICES];

		assert_true(s->len > 0 && at + s->len <= m->len[i]);
		assert_memory_equal(s->chunk->bytes + s->off, m->text[i] + at, s->len);
		at += s->len;
	}
	assert_int_equal(at, m->len[i]);
}

static void
model_add(struct model *m, unsigned i)
{
	struct chunk *c = m->source[rnd(m, nelem(m->source))];
	uint32_t off = rnd(m, SOURCE), len = rnd(m, SOURCE - off + 1);

	if (!slices_add(&m->q[i], c, off, len)) {
		assert_true(slices_full(&m->q[i]));
		return;
	}
	memcpy(m->text[i] + m->len[i], c->bytes + off, len);
	m->len[i] += len;
}

static void
model_drop(struct model *m, unsigned i, size_t n)
{
	memmove(m->text[i], m->text[i] + n, m->len[i] - n);
	m->len[i] -= n;
}

static void
model_move(struct model *m, unsigned to, unsigned from, bool share)
{
	size_t max = rnd(m, (uint32_t)m->len[from] + 100);
	size_t n = share ? slices_share(&m->q[to], &m->q[from], max)
			 : slices_move(&m->q[to], &m->q[from], max);

	assert_true(n <= max && n <= m->len[from]);
	assert_true(n == max || n == m->len[from] || slices_full(&m->q[to]));
	memcpy(m->text[to] + m->len[to], m->text[from], n);
	m->len[to] += n;
	if (!share)
		model_drop(m, from, n);
}

static void
model_step(struct model *m)
{
	unsigned i = rnd(m, 2);
	size_t n;

	switch (rnd(m, 6)) {
	case 0:
		model_move(m, i, 1 - i, false);
		break;
	case 1:
		model_move(m, i, 1 - i, true);
		break;
	case 2:
		n = rnd(m, (uint32_t)m->len[i] + 1);
		slices_drop(&m->q[i], n);
		model_drop(m, i, n);
		break;
	default:
		model_add(m, i);
	}
	assert_same(m, 0);
	assert_same(m, 1);
}

static void
queues_hold_what_strings_would(void **state)
{
	struct model m = {.random = 1};

	(void)state;
	chunks_init(&m.pools);
	for (size_t i = 0; i < nelem(m.source); i++) {
		m.source[i] = chunk_take(&m.pools.small);
		for (size_t k = 0; k < SOURCE; k++)
			m.source[i]->bytes[k] = (char)rnd(&m, 256);
	}
	for (unsigned i = 0; i < 2; i++)
		m.text[i] = malloc((size_t)BUF_SMALL * BUF_SLICES * 4);
	for (unsigned step = 0; step < STEPS; step++) {
		/* joined pieces could grow for ever */
		for (unsigned i = 0; i < 2; i++)
			if (m.len[i] > (size_t)BUF_SMALL * BUF_SLICES) {
				slices_clear(&m.q[i]);
				m.len[i] = 0;
			}
		model_step(&m);
	}
	for (unsigned i = 0; i < 2; i++) {
		slices_clear(&m.q[i]);
		free(m.text[i]);
	}
	for (size_t i = 0; i < nelem(m.source); i++) {
		assert_int_equal(m.source[i]->refs, 1);
		chunk_unref(m.source[i]);
	}
	chunks_fini(&m.pools);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_chunk_goes_back_with_its_last_reference),
	    cmocka_unit_test(pieces_that_touch_are_one),
	    cmocka_unit_test(queues_hold_what_strings_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
