#include "tls_rig.h"

enum { ROOM = 64 * 1024, LONG = 3 * 1024 * 1024 };

static struct tls_server *
server(struct tls_cert *cert, struct tls_tickets *tickets)
{
	static const char *const alpn[] = {"h2", "http/1.1"};
	const struct tls_server_spec spec = {
	    .certs = &cert, .n_certs = 1, .alpn = alpn, .n_alpn = 2, .tickets = tickets};
	struct tls_wrong wrong;
	struct tls_server *s = tls_server_new(&spec, &wrong);

	assert_non_null(s);
	tls_cert_unref(&cert);
	return s;
}

static struct tls_server *
plain_server(void)
{
	return server(tls_make_cert("DNS:a.test", false), NULL);
}

/* What the client says reaches ours whole, and the other way round, in pieces of any size. */
static void
carry(struct tls_rig *r, size_t total, uint64_t seed)
{
	static char up[ROOM], down[ROOM];
	size_t sent = 0, heard = 0, put = 0, got, back = 0, say = 0;

	while (heard < total || back < total) {
		size_t n, done = 0;
		enum io io;

		if (say == 0) /* the library wants the same again until it is taken */
			say = 1 + pair_random(&seed, ROOM - 1);
		if (say > total - sent)
			say = total - sent;
		for (size_t i = 0; i < say; i++)
			up[i] = pair_byte(sent + i);
		if (say > 0 && SSL_write_ex(r->client, up, say, &done) == 1) {
			sent += done;
			say = 0;
		}
		ERR_clear_error();
		pair_turn(r->loop);
		n = 1 + pair_random(&seed, ROOM - 1);
		io = conn_read(&r->conn, down, n, &got);
		assert_true(io == IO_DONE || io == IO_MORE);
		for (size_t i = 0; i < got; i++)
			assert_int_equal(down[i], pair_byte(heard + i));
		heard += got;
		if (put < heard) { /* ours says it back, from two places */
			size_t half = pair_random(&seed, heard - put + 1), len = heard - put;
			struct iovec iov[2];

			if (len > ROOM)
				len = ROOM;
			half = half > len ? len : half;
			for (size_t i = 0; i < len; i++)
				down[i] = pair_byte(put + i);
			iov[0] = (struct iovec){down, half};
			iov[1] = (struct iovec){down + half, len - half};
			if (r->conn.may_write) {
				assert_int_not_equal(conn_write(&r->conn, iov, 2, &got), IO_FAILED);
				put += got;
			}
		} else if (r->conn.held > 0 && r->conn.may_write) {
			assert_int_not_equal(conn_flush(&r->conn), IO_FAILED);
		}
		if (SSL_read_ex(r->client, up, ROOM, &got) == 1)
			for (size_t i = 0; i < got; i++)
				assert_int_equal(up[i], pair_byte(back++));
		ERR_clear_error();
	}
	while (r->conn.held > 0)
		assert_int_not_equal(conn_flush(&r->conn), IO_FAILED);
}

static void
carries_bytes_both_ways(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct tls_server *s = plain_server();

	(void)state;
	for (size_t v = 0; v < nelem(versions); v++)
		for (uint64_t seed = 1; seed < 4; seed++) {
			struct tls_rig r;

			tls_rig_open(&r, s, pair_unix);
			SSL_set_max_proto_version(r.client, versions[v]);
			SSL_set_mode(r.client,
			    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
			assert_int_equal(tls_rig_shake(&r), IO_DONE);
			carry(&r, LONG, seed);
			tls_rig_close(&r);
		}
	tls_server_unref(&s);
}

static void
small_pair(int fds[2])
{
	pair_unix(fds); /* TCP with such windows waits for its timers */
	pair_small(fds[0]);
	pair_small(fds[1]);
}

static void
carries_bytes_through_a_socket_that_takes_few(void **state)
{
	struct tls_server *s = plain_server();
	struct tls_rig r;

	(void)state;
	tls_rig_open(&r, s, small_pair);
	SSL_set_mode(r.client, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	assert_int_equal(tls_rig_shake(&r), IO_DONE);
	carry(&r, LONG / 16, 9);
	tls_rig_close(&r);
	tls_server_unref(&s);
}

static void
a_drained_conn_is_not_read_again(void **state)
{
	struct tls_server *s = plain_server();
	struct tls_rig r;
	char buf[64];
	size_t got;

	(void)state;
	tls_rig_open(&r, s, pair_unix);
	assert_int_equal(tls_rig_shake(&r), IO_DONE);
	(void)SSL_do_handshake(r.client);
	assert_int_equal(SSL_write(r.client, "hello", 5), 5);
	PAIR_UNTIL(r.loop, r.conn.may_read);
	assert_int_equal(conn_read(&r.conn, buf, sizeof(buf), &got), IO_DONE);
	assert_int_equal(got, 5);
	assert_false(r.conn.may_read);
	assert_int_equal(SSL_write(r.client, "again", 5), 5);
	PAIR_UNTIL(r.loop, r.conn.may_read);
	assert_int_equal(
	    conn_read(&r.conn, buf, 2, &got), IO_DONE); /* a part; the rest is decrypted */
	assert_true(r.conn.may_read);
	assert_int_equal(conn_read(&r.conn, buf, sizeof(buf), &got), IO_DONE);
	assert_int_equal(got, 3);
	assert_false(r.conn.may_read);
	tls_rig_close(&r);
	tls_server_unref(&s);
}

/* The end of what the client says, as ours sees it. */
static enum io
ending(bool announced)
{
	struct tls_server *s = plain_server();
	struct tls_rig r;
	char buf[64];
	size_t got;
	enum io io = IO_MORE;

	tls_rig_open(&r, s, pair_unix);
	assert_int_equal(tls_rig_shake(&r), IO_DONE);
	(void)SSL_do_handshake(r.client);
	assert_int_equal(SSL_write(r.client, "last", 4), 4);
	if (announced)
		(void)SSL_shutdown(r.client);
	shutdown(SSL_get_fd(r.client), SHUT_WR);
	PAIR_UNTIL(r.loop, r.conn.may_read && r.conn.hup);
	assert_int_equal(conn_read(&r.conn, buf, sizeof(buf), &got), IO_DONE);
	assert_int_equal(got, 4);
	while (io == IO_MORE && r.conn.may_read)
		io = conn_read(&r.conn, buf, sizeof(buf), &got);
	tls_rig_close(&r);
	tls_server_unref(&s);
	return io;
}

static void
tells_an_end_from_a_cut(void **state)
{
	(void)state;
	assert_int_equal(ending(true), IO_EOF);
	assert_int_equal(ending(false), IO_FAILED);
}

static void
says_goodbye_when_it_has_finished(void **state)
{
	struct tls_server *s = plain_server();
	struct tls_rig r;
	char buf[8];

	(void)state;
	tls_rig_open(&r, s, pair_unix);
	assert_int_equal(tls_rig_shake(&r), IO_DONE);
	conn_finish(&r.conn);
	(void)SSL_do_handshake(r.client);
	assert_int_equal(SSL_read(r.client, buf, sizeof(buf)), 0);
	assert_int_equal(SSL_get_error(r.client, 0), SSL_ERROR_ZERO_RETURN);
	tls_rig_close(&r);
	tls_server_unref(&s);
}

static void
agrees_on_a_protocol_and_knows_the_name(void **state)
{
	static const unsigned char offered[] = "\x08http/1.1\x02h2";
	struct tls_server *s = plain_server();
	struct tls_rig r;

	(void)state;
	tls_rig_open(&r, s, pair_unix);
	SSL_set_alpn_protos(r.client, offered, sizeof(offered) - 1);
	SSL_set_tlsext_host_name(r.client, "a.test");
	assert_int_equal(tls_rig_shake(&r), IO_DONE);
	assert_true(str_eq(tls_alpn(&r.conn), STR("h2"))); /* ours is the order */
	assert_true(str_eq(tls_sni(&r.conn), STR("a.test")));
	assert_true(str_eq(tls_version(&r.conn), STR("1.3")));
	assert_false(tls_resumed(&r.conn));
	tls_rig_close(&r);
	tls_server_unref(&s);
}

static enum tls_failure
failure_of(const char *bytes, size_t len)
{
	struct tls_server *s = plain_server();
	enum tls_failure why;
	struct tls_rig r;
	enum io io;

	tls_rig_open(&r, s, pair_unix);
	assert_int_equal(write(SSL_get_fd(r.client), bytes, len), (ssize_t)len);
	shutdown(SSL_get_fd(r.client), SHUT_WR);
	PAIR_UNTIL(r.loop, (io = tls_handshake(&r.conn)) != IO_MORE);
	assert_int_equal(io, IO_FAILED);
	why = r.conn.tls->failure;
	tls_rig_close(&r);
	tls_server_unref(&s);
	return why;
}

static void
says_why_a_handshake_failed(void **state)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
	static const char garbage[] = "\x16\x03\x01\x00\x05\x01\x02\x03\x04\x05\x06\x07";

	(void)state;
	assert_int_equal(failure_of(http, sizeof(http) - 1), TLS_plain);
	assert_int_equal(failure_of("", 0), TLS_closed);
	assert_int_equal(failure_of("\x16\x03\x01\x02", 4), TLS_closed);
	assert_in_range(failure_of(garbage, sizeof(garbage) - 1), TLS_alert, TLS_protocol);
}

static void
refuses_what_has_no_version_in_common(void **state)
{
	struct tls_server *s = plain_server();
	struct tls_rig r;

	(void)state;
	tls_rig_open(&r, s, pair_unix);
	SSL_set_security_level(r.client, 0);
	SSL_set_min_proto_version(r.client, TLS1_1_VERSION);
	SSL_set_max_proto_version(r.client, TLS1_1_VERSION);
	assert_int_equal(tls_rig_shake(&r), IO_FAILED);
	assert_int_equal(r.conn.tls->failure, TLS_version);
	tls_rig_close(&r);
	tls_server_unref(&s);
}

/* One more visit with what the last one left; what to bring along next time. */
static SSL_SESSION *
visit(struct tls_server *s, SSL_SESSION *pass, bool resumed)
{
	struct tls_rig r;
	char buf[8] = "x";
	size_t put;

	tls_rig_open(&r, s, pair_unix);
	if (pass != NULL)
		assert_int_equal(SSL_set_session(r.client, pass), 1);
	assert_int_equal(tls_rig_shake(&r), IO_DONE);
	assert_int_equal(tls_resumed(&r.conn), resumed);
	(void)SSL_do_handshake(r.client);
	/* A ticket that waits for no text, and a new one each time. */
	assert_int_equal(SSL_read(r.client, buf, sizeof(buf)), -1);
	assert_true(SSL_SESSION_is_resumable(SSL_get0_session(r.client)));
	assert_ptr_not_equal(SSL_get0_session(r.client), pass);
	SSL_SESSION_free(pass);
	assert_int_equal(conn_write(&r.conn, &(struct iovec){buf, 1}, 1, &put), IO_DONE);
	assert_int_equal(SSL_read(r.client, buf, sizeof(buf)), 1);
	pass = SSL_get1_session(r.client);
	SSL_set_shutdown(r.client, SSL_SENT_SHUTDOWN); /* else the library distrusts it */
	tls_rig_close(&r);
	return pass;
}

static void
takes_tickets_until_their_key_is_too_old(void **state)
{
	struct tls_tickets *tickets = tls_tickets_new();
	struct tls_server *s = server(tls_make_cert("DNS:a.test", false), tickets);
	SSL_SESSION *pass, *old;

	(void)state;
	pass = visit(s, NULL, false);
	SSL_SESSION_up_ref(old = pass);
	pass = visit(s, pass, true);
	tls_tickets_rotate(tickets);
	tls_tickets_rotate(tickets);
	pass = visit(s, pass, true); /* by a key of two rotations ago */
	tls_tickets_rotate(tickets);
	SSL_SESSION_free(visit(s, pass, true)); /* which had been renewed */
	SSL_SESSION_free(visit(s, old, false));
	tls_server_unref(&s);
	tls_tickets_free(&tickets);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(carries_bytes_both_ways),
	    cmocka_unit_test(carries_bytes_through_a_socket_that_takes_few),
	    cmocka_unit_test(a_drained_conn_is_not_read_again),
	    cmocka_unit_test(tells_an_end_from_a_cut),
	    cmocka_unit_test(says_goodbye_when_it_has_finished),
	    cmocka_unit_test(agrees_on_a_protocol_and_knows_the_name),
	    cmocka_unit_test(says_why_a_handshake_failed),
	    cmocka_unit_test(refuses_what_has_no_version_in_common),
	    cmocka_unit_test(takes_tickets_until_their_key_is_too_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
