/* Whatever mix of text and slices is put on the wire, and however little the socket takes at a
 * time: the peer reads the same bytes in the same order, and no chunk is left. */
#include "pair.h"

#include "io/wire.h"

enum { SEEDS = 12, PUTS = 400, TEXT_MAX = 64 * 1024, STREAM = 128 * 1024 };

struct rig {
	struct loop *loop;
	struct conn conn;
	struct wire wire;
	int peer;
	uint64_t random, put, read; /* bytes that went in, came out */
};

static void
nothing(struct task *t)
{
	(void)t;
}

static void
rig_open(struct rig *r, uint64_t seed, bool small)
{
	int fds[2];

	*r = (struct rig){.loop = loop_new(NULL), .random = seed};
	pair_unix(fds);
	if (small)
		pair_small(fds[0]);
	conn_open(&r->conn, r->loop, fds[0], nothing);
	r->peer = fds[1];
}

static void
rig_close(struct rig *r)
{
	wire_clear(&r->wire, r->loop);
	assert_int_equal(r->wire.bytes, 0);
	conn_close(&r->conn);
	close(r->peer);
	assert_int_equal(r->loop->chunks.small.in_use, 0);
	assert_int_equal(r->loop->chunks.large.in_use, 0);
	assert_int_equal(r->loop->wires.in_use, 0);
	loop_free(&r->loop);
}

static void
fill(char *p, uint64_t at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = pair_byte(at + i);
}

static void
put_text(struct rig *r, size_t n)
{
	char *text = malloc(n + 1);

	fill(text, r->put, n);
	wire_text(&r->wire, r->loop, str_of(text, n));
	free(text);
	r->put += n;
}

static void
put_reserved(struct rig *r, size_t n)
{
	char *p = wire_reserve(&r->wire, r->loop, n);

	n = pair_random(&r->random, n + 1); /* less than reserved is fine, nothing too */
	fill(p, r->put, n);
	wire_wrote(&r->wire, n);
	r->put += n;
}

/* A queue of slices of sizes around BUF_COPY, from small and large chunks. */
static void
make_slices(struct rig *r, struct slices *q, size_t most)
{
	uint64_t at = r->put;
	unsigned n = 1 + (unsigned)pair_random(&r->random, BUF_SLICES);

	for (unsigned i = 0; i < n; i++) {
		bool large = pair_random(&r->random, 2) == 0;
		struct chunk *c =
		    chunk_take(large ? &r->loop->chunks.large : &r->loop->chunks.small);
		uint32_t len =
		    1 + (uint32_t)pair_random(&r->random, most < c->size ? most : c->size);
		uint32_t off = (uint32_t)pair_random(&r->random, c->size - len + 1);

		fill(c->bytes + off, at, len);
		assert_true(slices_add(q, c, off, len));
		chunk_unref(c);
		at += len;
	}
}

static void
put_slices(struct rig *r, size_t most)
{
	struct slices q = {.n = 0};
	size_t max;

	make_slices(r, &q, most);
	max = pair_random(&r->random, 2) == 0 ? q.bytes : 1 + pair_random(&r->random, q.bytes);
	r->put += wire_slices(&r->wire, r->loop, &q, max);
	slices_clear(&q);
}

static void
peer_reads(struct rig *r, size_t most)
{
	static char buf[STREAM];
	ssize_t n = read(r->peer, buf, most < sizeof(buf) ? most : sizeof(buf));

	if (n < 0) {
		assert_int_equal(errno, EAGAIN);
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		assert_true(buf[i] == pair_byte(r->read + (uint64_t)i));
	r->read += (uint64_t)n;
}

static void
drain(struct rig *r)
{
	enum io io;

	do {
		peer_reads(r, STREAM);
		io = wire_send(&r->wire, &r->conn);
		assert_true(io == IO_DONE || io == IO_MORE);
		if (io == IO_MORE)
			pair_turn(r->loop); /* learns of the room */
	} while (io != IO_DONE);
	peer_reads(r, STREAM);
	PAIR_UNTIL(r->loop, (peer_reads(r, STREAM), r->read == r->put));
	assert_null(r->wire.queue);
}

static void
bytes_leave_in_order(void **state)
{
	static const size_t sizes[] = {10, BUF_COPY + 1, 2 * BUF_COPY, BUF_SMALL, BUF_LARGE};
	struct rig r;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		rig_open(&r, seed, seed % 3 != 0);
		for (unsigned i = 0; i < PUTS; i++) {
			size_t most = sizes[pair_random(&r.random, nelem(sizes))];

			if (!wire_has_room(&r.wire))
				peer_reads(&r, 1 + pair_random(&r.random, STREAM));
			else if (pair_random(&r.random, 2) == 0)
				put_slices(&r, most);
			else if (pair_random(&r.random, 2) == 0)
				put_reserved(&r, most < WIRE_TEXT_MAX ? most : WIRE_TEXT_MAX);
			else
				put_text(&r, most < TEXT_MAX ? most : TEXT_MAX);
			assert_int_equal(r.wire.bytes == 0 && r.wire.queue == NULL,
			    wire_send(&r.wire, &r.conn) == IO_DONE);
			pair_turn(r.loop);
		}
		drain(&r);
		rig_close(&r);
	}
}

static void
small_pieces_are_one_piece(void **state)
{
	struct rig r;
	struct slices q = {.n = 0};
	char got[64];

	(void)state;
	rig_open(&r, 1, false);
	put_text(&r, 20);
	make_slices(&r, &q, 8);
	assert_int_equal(wire_slices(&r.wire, r.loop, &q, 3), q.bytes < 3 ? q.bytes : 3);
	slices_clear(&q);
	assert_int_equal(r.loop->chunks.small.in_use, 1); /* copied, not referred to */
	assert_int_equal(r.loop->chunks.large.in_use, 0);
	assert_int_equal(wire_send(&r.wire, &r.conn), IO_DONE);
	assert_in_range(read(r.peer, got, sizeof(got)), 21, 23);
	rig_close(&r);
}

/* The size line of a chunk goes before its data: once there was room, the data must follow. */
static void
a_slice_follows_its_size_line(void **state)
{
	struct rig r;

	(void)state;
	for (size_t text = 1; text <= WIRE_TEXT_MAX; text += WIRE_TEXT_MAX / 6) {
		rig_open(&r, text, true);
		while (wire_has_room(&r.wire)) {
			struct slices q = {.n = 0};
			size_t len;

			put_reserved(&r, 20);
			put_text(&r, text);
			make_slices(&r, &q, BUF_SMALL);
			len = slices_first(&q)->len;
			assert_int_equal(wire_slices(&r.wire, r.loop, &q, len), len);
			r.put += len;
			slices_clear(&q);
			put_text(&r, 2);
		}
		put_text(&r, 7 + 8 * 1024); /* a last chunk and trailers */
		drain(&r);
		rig_close(&r);
	}
}

static void
the_largest_head_fits_behind_a_body(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, 2, true);
	while (wire_has_room(&r.wire))
		put_slices(&r, BUF_SMALL);
	put_text(&r, TEXT_MAX);
	drain(&r);
	rig_close(&r);
}

static void
a_broken_conn_drops_everything(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, 3, false);
	for (unsigned i = 0; i < 4; i++)
		put_slices(&r, BUF_LARGE);
	close(r.peer);
	assert_int_equal(wire_send(&r.wire, &r.conn), IO_FAILED);
	assert_int_equal(r.conn.error, EPIPE);
	assert_int_equal(r.wire.bytes, 0);
	assert_null(r.wire.queue);
	r.peer = dup(0);
	rig_close(&r);
}

static void
nothing_to_send_is_done(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, 4, false);
	assert_int_equal(wire_send(&r.wire, &r.conn), IO_DONE);
	(void)wire_reserve(&r.wire, r.loop, 100); /* and then nothing was written */
	assert_int_equal(wire_send(&r.wire, &r.conn), IO_DONE);
	assert_null(r.wire.queue);
	assert_true(wire_has_room(&r.wire));
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_leave_in_order),
	    cmocka_unit_test(small_pieces_are_one_piece),
	    cmocka_unit_test(a_slice_follows_its_size_line),
	    cmocka_unit_test(the_largest_head_fits_behind_a_body),
	    cmocka_unit_test(a_broken_conn_drops_everything),
	    cmocka_unit_test(nothing_to_send_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
