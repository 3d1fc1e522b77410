#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "observe/ring.h"

enum { SIZE = 256, MAX = 64 };

static bool
put(struct ring *r, size_t max, struct str line)
{
	char *p = ring_reserve(r, max);

	if (p == NULL)
		return false;
	assert_true(line.len <= max);
	memcpy(p, line.p, line.len);
	ring_commit(r, line.len);
	return true;
}

static void
an_empty_ring_has_nothing(void **state)
{
	struct ring *r = ring_new(SIZE);

	(void)state;
	assert_int_equal(ring_peek(r).len, 0);
	assert_int_equal(ring_dropped(r), 0);
	ring_consume(r, 0);
	ring_free(&r);
	assert_null(r);
	ring_free(&r);
}

static void
lines_come_out_in_order(void **state)
{
	struct ring *r = ring_new(SIZE);

	(void)state;
	assert_true(put(r, MAX, STR("one\n")));
	assert_true(put(r, MAX, STR("two\n")));
	assert_true(str_eq(ring_peek(r), STR("one\ntwo\n")));
	ring_consume(r, 2);
	assert_true(str_eq(ring_peek(r), STR("e\ntwo\n")));
	ring_consume(r, 6);
	assert_int_equal(ring_peek(r).len, 0);
	ring_free(&r);
}

static void
an_uncommitted_reservation_leaves_no_trace(void **state)
{
	struct ring *r = ring_new(SIZE);

	(void)state;
	assert_non_null(ring_reserve(r, MAX));
	assert_non_null(ring_reserve(r, MAX));
	ring_commit(r, 0);
	assert_int_equal(ring_peek(r).len, 0);
	assert_true(put(r, MAX, STR("x\n")));
	assert_true(str_eq(ring_peek(r), STR("x\n")));
	ring_free(&r);
}

static void
a_full_ring_drops_and_counts(void **state)
{
	struct ring *r = ring_new(SIZE);
	char line[MAX];

	(void)state;
	memset(line, 'x', sizeof(line));
	for (int i = 0; i < SIZE / MAX; i++)
		assert_true(put(r, MAX, str_of(line, MAX)));
	assert_false(put(r, MAX, str_of(line, MAX)));
	assert_false(put(r, 1, str_of(line, 1)));
	assert_int_equal(ring_dropped(r), 2);
	assert_int_equal(ring_peek(r).len, SIZE);
	ring_consume(r, MAX);
	assert_true(put(r, MAX, str_of(line, MAX)));
	assert_int_equal(ring_dropped(r), 2);
	ring_free(&r);
}

/* A long run of lines of all lengths against what a plain queue would hold. */
static void
wraps_without_losing_a_byte(void **state)
{
	struct ring *r = ring_new(SIZE);
	char line[MAX];
	unsigned seed = 7;
	uint64_t in = 0, out = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		size_t n = (size_t)rand_r(&seed) % (MAX + 1);
		struct str got;

		for (size_t k = 0; k < n; k++)
			line[k] = (char)(in + k);
		if (put(r, (size_t)rand_r(&seed) % 2 ? MAX : n + (n == 0), str_of(line, n)))
			in += n;
		got = ring_peek(r);
		assert_true(got.len > 0 || in == out);
		n = got.len ? (size_t)rand_r(&seed) % (got.len + 1) : 0;
		for (size_t k = 0; k < n; k++)
			assert_int_equal((unsigned char)got.p[k], (unsigned char)(out + k));
		ring_consume(r, n);
		out += n;
	}
	assert_true(in > 1000000);
	ring_free(&r);
}

enum { LINES = 200000 };

/* Lines "<number> xxx...\n" of many lengths; a dropped one leaves a gap in the numbers. */
static void *
write_lines(void *arg)
{
	struct ring *r = arg;
	unsigned long lost = 0;

	for (unsigned i = 0; i < LINES; i++) {
		char *p = ring_reserve(r, MAX);
		int n;

		if (p == NULL) {
			lost++;
			sched_yield();
			continue;
		}
		n = snprintf(p, MAX, "%u ", i);
		memset(p + n, 'x', i % 40);
		n += (int)(i % 40);
		p[n++] = '\n';
		ring_commit(r, (size_t)n);
	}
	return (void *)lost;
}

static bool
read_line(struct str *rest, unsigned *number)
{
	struct str line;
	char *end;

	if (rest->len == 0)
		return false;
	assert_true(str_cut(rest, '\n', &line));
	*number = (unsigned)strtoul(line.p, &end, 10);
	assert_int_equal(*end, ' ');
	assert_int_equal((size_t)(line.p + line.len - end - 1), *number % 40);
	return true;
}

static void
two_threads_see_whole_lines_in_order(void **state)
{
	struct ring *r = ring_new(1024);
	pthread_t writer;
	unsigned seen = 0, next = 0, number;
	void *lost;
	bool over = false;

	(void)state;
	assert_int_equal(pthread_create(&writer, NULL, write_lines, r), 0);
	for (;;) {
		struct str all = ring_peek(r), rest = all;

		if (all.len == 0) {
			if (over)
				break;
			if (pthread_tryjoin_np(writer, &lost) == 0)
				over = true;
			else
				sched_yield();
			continue;
		}
		assert_int_equal(all.p[all.len - 1], '\n');
		while (read_line(&rest, &number)) {
			assert_true(number >= next);
			next = number + 1;
			seen++;
		}
		ring_consume(r, all.len);
	}
	assert_int_equal(seen + (unsigned long)lost, LINES);
	assert_int_equal(ring_dropped(r), (unsigned long)lost);
	ring_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_ring_has_nothing),
	    cmocka_unit_test(lines_come_out_in_order),
	    cmocka_unit_test(an_uncommitted_reservation_leaves_no_trace),
	    cmocka_unit_test(a_full_ring_drops_and_counts),
	    cmocka_unit_test(wraps_without_losing_a_byte),
	    cmocka_unit_test(two_threads_see_whole_lines_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
