/* From one socket to another and nothing lost, copied or spliced. */
#include "pair.h"

#include <signal.h>
#include <sys/stat.h>

#include "io/pump.h"

enum { BULK = 50 * 1024 * 1024, TEXT = 1 << 20, PERIOD = 65521, FDS = 64 };

struct rig {
	struct loop *loop;
	struct conn from, to;
	struct pump pump;
	int source, sink; /* the test's ends */
	enum io io;
	uint64_t put, got;
	char *pattern; /* what is sent, again and again; twice as long as its period */
	char *buf;
	unsigned before, pipes; /* open without and with a loop */
	bool spliced;
};

/* How many of the process' descriptors are pipes: who splices needs some. */
static unsigned
pipes_open(void)
{
	struct stat what;
	unsigned n = 0;

	for (int fd = 0; fd < FDS; fd++)
		n += fstat(fd, &what) == 0 && S_ISFIFO(what.st_mode);
	return n;
}

static void
rig_move(struct rig *r)
{
	r->io = pump_run(&r->pump, r->loop);
	r->spliced = r->spliced || pipes_open() > r->pipes;
	if (r->io == IO_DONE)
		loop_again(r->loop, &r->from.task);
}

static void
from_run(struct task *t)
{
	rig_move(container_of(t, struct rig, from.task));
}

static void
to_run(struct task *t)
{
	rig_move(container_of(t, struct rig, to.task));
}

static void
rig_open(struct rig *r, void (*make)(int fds[2]))
{
	int fds[2], room = TEXT; /* so that large reads can be full */

	*r = (struct rig){.before = pipes_open()};
	r->loop = loop_new(NULL);
	r->pipes = pipes_open();
	make(fds);
	r->source = fds[0];
	assert_int_equal(setsockopt(fds[1], SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
	conn_open(&r->from, r->loop, fds[1], from_run);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	make(fds);
	r->sink = fds[0];
	conn_open(&r->to, r->loop, fds[1], to_run);
	conn_watch(&r->from);
	conn_watch(&r->to);
	pump_open(&r->pump, &r->from, &r->to);
	r->pattern = malloc(2 * PERIOD);
	r->buf = malloc(TEXT);
	for (size_t i = 0; i < 2 * PERIOD; i++)
		r->pattern[i] = pair_byte(i % PERIOD * 7);
}

static void
rig_close(struct rig *r)
{
	pump_close(&r->pump);
	conn_close(&r->from);
	conn_close(&r->to);
	if (r->source >= 0)
		close(r->source);
	if (r->sink >= 0)
		close(r->sink);
	assert_int_equal(r->loop->chunks.small.in_use + r->loop->chunks.large.in_use, 0);
	loop_free(&r->loop);
	assert_int_equal(pipes_open(), r->before);
	free(r->pattern);
	free(r->buf);
}

/* Puts up to n more bytes of the pattern into the source. */
static void
put(struct rig *r, size_t n)
{
	while (n > 0) {
		size_t len = n < PERIOD ? n : PERIOD;
		ssize_t sent = write(r->source, r->pattern + r->put % PERIOD, len);

		if (sent < 0) {
			assert_int_equal(errno, EAGAIN);
			return;
		}
		r->put += (uint64_t)sent;
		n -= (size_t)sent;
	}
}

/* Takes up to n bytes from the sink and looks at each; false: it has ended. */
static bool
get(struct rig *r, size_t n)
{
	while (n > 0) {
		ssize_t len = read(r->sink, r->buf, n < PERIOD ? n : PERIOD);

		if (len <= 0)
			return len < 0;
		assert_memory_equal(r->buf, r->pattern + r->got % PERIOD, (size_t)len);
		r->got += (uint64_t)len;
		n -= (size_t)len;
	}
	return true;
}

static void
small_pieces_are_copied(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, pair_tcp);
	for (size_t n = 1; n < 20000; n += n / 2 + 1) {
		put(&r, n);
		PAIR_UNTIL(r.loop, get(&r, TEXT) && r.got == r.put);
	}
	assert_false(r.spliced);
	assert_int_equal(r.pump.bytes, r.put);
	assert_null(r.pump.held.chunk); /* idle, it owns nothing */
	assert_int_equal(r.io, IO_MORE);
	rig_close(&r);
}

static void
bulk_is_spliced_byte_for_byte(void **state)
{
	struct rig r;
	uint64_t random = 1;

	(void)state;
	rig_open(&r, pair_tcp);
	while (r.got < BULK) {
		if (r.put < BULK)
			put(&r, BULK - r.put);
		pair_turn(r.loop);
		/* the reader is now fast, now slow, now stuck */
		assert_true(
		    get(&r, pair_random(&random, 3) ? 4 * TEXT : pair_random(&random, 999)));
	}
	assert_true(r.spliced);
	assert_int_equal(r.got, BULK);
	assert_int_equal(r.pump.bytes, BULK);

	/* and again in small pieces, and more of them than a pipe has places */
	for (unsigned i = 0; i < 20; i++) {
		put(&r, 10);
		PAIR_UNTIL(r.loop, get(&r, TEXT) && r.got == r.put);
	}
	put(&r, TEXT);
	assert_int_equal(shutdown(r.source, SHUT_WR), 0);
	PAIR_UNTIL(r.loop, !get(&r, 4 * TEXT));
	assert_int_equal(r.got, r.put);
	assert_int_equal(r.io, IO_EOF);
	assert_true(r.pump.ended);
	rig_close(&r);
}

static void
bulk_ends_with_all_of_it_passed_on(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, pair_tcp);
	while (!r.spliced) {
		put(&r, 4 * TEXT);
		pair_turn(r.loop);
		assert_true(get(&r, TEXT));
	}
	while (r.io != IO_MORE || r.to.may_write) { /* until all buffers are full */
		put(&r, 4 * TEXT);
		pair_turn(r.loop);
	}
	assert_int_equal(shutdown(r.source, SHUT_WR), 0);
	for (unsigned i = 0; i < 3; i++)
		pair_turn(r.loop);
	PAIR_UNTIL(r.loop, !get(&r, TEXT)); /* the end comes behind everything */
	assert_int_equal(r.got, r.put);
	rig_close(&r);
}

static void
a_half_close_leaves_the_other_way_open(void **state)
{
	struct rig r;
	struct pump back;
	char text[8];

	(void)state;
	rig_open(&r, pair_tcp);
	pump_open(&back, &r.to, &r.from);
	put(&r, 100);
	assert_int_equal(shutdown(r.source, SHUT_WR), 0);
	PAIR_UNTIL(r.loop, !get(&r, TEXT));
	assert_int_equal(r.got, 100);
	assert_int_equal(r.io, IO_EOF);
	assert_int_equal(pump_run(&r.pump, r.loop), IO_EOF); /* and stays so */
	assert_int_equal(pump_run(&back, r.loop), IO_MORE);
	assert_int_equal(write(r.sink, "answer", 6), 6);
	PAIR_UNTIL(r.loop, r.to.may_read);
	assert_int_equal(pump_run(&back, r.loop), IO_MORE);
	PAIR_UNTIL(r.loop, read(r.source, text, sizeof(text)) == 6);
	assert_memory_equal(text, "answer", 6);
	close(r.sink);
	r.sink = -1;
	PAIR_UNTIL(r.loop, pump_run(&back, r.loop) == IO_EOF);
	assert_int_equal(back.bytes, 6);
	pump_close(&back);
	rig_close(&r);
}

static void
what_was_there_before_goes_first(void **state)
{
	struct rig r;
	struct slices rest = {.n = 0}, none = {.n = 0};
	struct chunk *c;
	char got[16];
	size_t len = 0;

	(void)state;
	rig_open(&r, pair_tcp);
	pump_push(&r.pump, r.loop, STR("PROXY"));
	assert_int_equal(write(r.source, "later", 5), 5);
	PAIR_UNTIL(r.loop, pair_drain(r.sink, got, &len, sizeof(got)) && len == 10);
	assert_memory_equal(got, "PROXYlater", 10);
	assert_int_equal(r.pump.bytes, 5); /* what was made here did not arrive */

	c = chunk_take(&r.loop->chunks.small);
	memcpy(c->bytes, "xxrest", 6);
	assert_true(slices_add(&rest, c, 2, 4));
	chunk_unref(c);
	pump_take(&r.pump, &none);
	pump_take(&r.pump, &rest);
	assert_int_equal(rest.n, 0);
	assert_int_equal(pump_run(&r.pump, r.loop), IO_MORE);
	len = 0;
	PAIR_UNTIL(r.loop, pair_drain(r.sink, got, &len, sizeof(got)) && len == 4);
	assert_memory_equal(got, "rest", 4);
	assert_int_equal(r.pump.bytes, 9);
	rig_close(&r);
}

static void
a_reset_of_the_source_is_a_failure(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned bulk = 0; bulk < 2; bulk++) {
		rig_open(&r, pair_tcp);
		do {
			put(&r, bulk ? 4 * TEXT : 100);
			pair_turn(r.loop);
			assert_true(get(&r, 4 * TEXT));
		} while (bulk && !r.spliced);
		pair_reset(r.source);
		r.source = -1;
		PAIR_UNTIL(r.loop, (get(&r, TEXT), r.io == IO_FAILED));
		assert_int_equal(r.from.error, ECONNRESET);
		assert_int_equal(r.to.error, 0);
		assert_int_equal(pump_run(&r.pump, r.loop), IO_FAILED); /* and stays so */
		rig_close(&r);
	}
}

static void
a_reset_of_the_sink_is_a_failure(void **state)
{
	struct rig r;

	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as the process does: splice knows no flag against it */
	for (unsigned bulk = 0; bulk < 2; bulk++) {
		rig_open(&r, pair_tcp);
		do {
			put(&r, bulk ? 4 * TEXT : 100);
			pair_turn(r.loop);
		} while (bulk && (!r.spliced || r.io != IO_MORE) && (get(&r, TEXT), true));
		pair_reset(r.sink);
		r.sink = -1;
		PAIR_UNTIL(r.loop, (put(&r, 1000), r.io == IO_FAILED));
		assert_true(r.to.error == ECONNRESET || r.to.error == EPIPE);
		assert_int_equal(r.from.error, 0);
		rig_close(&r);
	}
}

static void
unix_sockets_are_pumped_too(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, pair_unix);
	while (r.got < BULK / 10) {
		put(&r, TEXT);
		pair_turn(r.loop);
		assert_true(get(&r, TEXT));
	}
	close(r.source);
	r.source = -1;
	PAIR_UNTIL(r.loop, !get(&r, TEXT));
	assert_int_equal(r.got, r.put);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(small_pieces_are_copied),
	    cmocka_unit_test(bulk_is_spliced_byte_for_byte),
	    cmocka_unit_test(bulk_ends_with_all_of_it_passed_on),
	    cmocka_unit_test(a_half_close_leaves_the_other_way_open),
	    cmocka_unit_test(what_was_there_before_goes_first),
	    cmocka_unit_test(a_reset_of_the_source_is_a_failure),
	    cmocka_unit_test(a_reset_of_the_sink_is_a_failure),
	    cmocka_unit_test(unix_sockets_are_pumped_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
