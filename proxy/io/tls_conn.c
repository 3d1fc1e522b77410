/* The library reads and writes through one BIO of ours:
 *
 *	conn_read  --> SSL_read  --> tls_bio_read  --> recv, as much as comes (read_ahead)
 *	conn_write --> SSL_write --> tls_bio_write --> staged records --> one send
 *
 * The BIO never blocks and never fails to take a record: room is made before one is written. The
 * library's queue of errors is empty between calls; whoever sees a failure empties it. */
#include "io/tls_conn_parts.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

enum {
	TLS_OVERHEAD = SSL3_RT_HEADER_LENGTH + SSL3_RT_MAX_ENCRYPTED_OVERHEAD, /* of one record */
	TLS_RECORD = SSL3_RT_MAX_PLAIN_LENGTH,
	TLS_RECORD_FIRST = 1400, /* fits one packet, so that the first bytes are readable soon */
	TLS_BURST = 64 * 1024,   /* after so much the peer's window is open: whole records */
	TLS_BURST_PAUSE_US = 1000000,  /* after such a pause it may have closed again */
	TLS_LARGE = BUF_SMALL / 4 * 3, /* more than this is staged in a large chunk */
	TLS_IDLE_US = 150000,          /* of quiet: buffers go; sooner than conn.c looks again */
};

/* ---- between the library and the descriptor ---- */

static int
tls_bio_read(BIO *bio, char *buf, size_t len, size_t *got)
{
	struct conn *c = BIO_get_data(bio);
	enum io io;

	BIO_clear_retry_flags(bio);
	*got = 0;
	if (!c->may_read) { /* drained, and no event since */
		BIO_set_retry_read(bio);
		return 0;
	}
	io = transport_plain.read(c, buf, len, got);
	if (io == IO_MORE)
		BIO_set_retry_read(bio);
	if (io == IO_DONE && c->tls->first == '\0')
		c->tls->first = buf[0];
	return io == IO_DONE;
}

static size_t
tls_room(const struct tls_conn *t)
{
	return t->staged != NULL ? t->staged->size - t->to : 0;
}

/* A chunk for records, at first one that suits this many bytes; a full small one grows once. */
static void
tls_make_room(struct conn *c, size_t size)
{
	struct tls_conn *t = c->tls;
	struct chunks *pools = &c->loop->chunks;
	struct chunk *large;

	if (t->staged == NULL) {
		t->staged = chunk_take(size > TLS_LARGE ? &pools->large : &pools->small);
	} else if (tls_room(t) < size && t->staged->home == &pools->small) {
		large = chunk_take(&pools->large);
		memcpy(large->bytes, t->staged->bytes, t->to);
		chunk_unref(t->staged);
		t->staged = large;
	}
}

static int
tls_bio_write(BIO *bio, const char *data, size_t len, size_t *put)
{
	struct conn *c = BIO_get_data(bio);
	struct tls_conn *t = c->tls;

	BIO_clear_retry_flags(bio);
	tls_make_room(c, len);
	*put = len < tls_room(t) ? len : tls_room(t);
	if (*put == 0) {
		BIO_set_retry_write(bio);
		return 0;
	}
	memcpy(t->staged->bytes + t->to, data, *put);
	t->to += (uint32_t)*put;
	return 1;
}

static long
tls_bio_control(BIO *bio, int what, long n, void *p)
{
	const struct conn *c = BIO_get_data(bio);

	(void)n;
	(void)p;
	switch (what) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_EOF:
		return c->eof;
	default:
		return 0;
	}
}

static BIO_METHOD *tls_bio; /* written once, before main */

__attribute__((constructor)) static void
tls_bio_init(void)
{
	tls_bio = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "conn");
	ASSERT(tls_bio != NULL);
	BIO_meth_set_read_ex(tls_bio, tls_bio_read);
	BIO_meth_set_write_ex(tls_bio, tls_bio_write);
	BIO_meth_set_ctrl(tls_bio, tls_bio_control);
}

/* ---- what is staged ---- */

static void
tls_unstage(struct tls_conn *t)
{
	if (t->staged != NULL)
		chunk_unref(t->staged);
	t->staged = NULL;
	t->from = t->to = 0;
}

enum io
tls_send(struct conn *c)
{
	struct tls_conn *t = c->tls;

	while (t->from < t->to && c->may_write) {
		struct iovec iov = {t->staged->bytes + t->from, t->to - t->from};
		size_t put;

		if (transport_plain.write(c, &iov, 1, &put) == IO_FAILED) {
			tls_unstage(t);
			c->held = 0;
			return IO_FAILED;
		}
		t->from += (uint32_t)put;
	}
	c->held = t->to - t->from;
	if (c->held > 0)
		return IO_MORE;
	tls_unstage(t);
	if (t->stuck) {
		t->stuck = false;
		c->may_read = true;
		loop_again(c->loop, &c->task);
	}
	return IO_DONE;
}

/* ---- reading ---- */

/* What a call that did not succeed means; IO_DONE: call again. */
static enum io
tls_read_failed(struct conn *c, int returned)
{
	struct tls_conn *t = c->tls;

	switch (SSL_get_error(t->ssl, returned)) {
	case SSL_ERROR_WANT_READ:
		/* The answer to a key update; the ticket, when no request came with the handshake.
		 */
		if (t->to > t->from && c->held == 0)
			(void)tls_send(c); /* a failure is met again by the reader */
		if (c->loop->now - c->active_at >= TLS_IDLE_US)
			(void)SSL_free_buffers(
			    t->ssl); /* not while a part of a record is in them */
		return IO_MORE;
	case SSL_ERROR_WANT_WRITE:
		if (tls_send(c) == IO_DONE)
			return IO_DONE;
		t->stuck = true;
		c->may_read = false;
		return c->held > 0 ? IO_MORE : IO_FAILED;
	case SSL_ERROR_ZERO_RETURN:
		c->eof = true;
		return IO_EOF;
	default: /* malformed, or an end that was not announced: the rest may have been cut off */
		ERR_clear_error();
		if (c->error == 0)
			c->error = EPROTO;
		return IO_FAILED;
	}
}

static enum io
tls_read(struct conn *c, void *buf, size_t len, size_t *got)
{
	struct tls_conn *t = c->tls;
	enum io io = t->ended;
	size_t n;

	*got = 0;
	while (*got < len && io == IO_DONE) {
		if (SSL_read_ex(t->ssl, (char *)buf + *got, len - *got, &n) == 0) {
			io = tls_read_failed(c, 0);
			continue;
		}
		*got += n;
		if (!c->may_read && SSL_has_pending(t->ssl) == 0)
			return IO_DONE;
	}
	if (io == IO_EOF || io == IO_FAILED)
		t->ended = (uint8_t)io;
	c->may_read =
	    *got > 0 && (t->ended || c->may_read || (*got == len && SSL_has_pending(t->ssl)));
	return *got > 0 ? IO_DONE : io;
}

/* ---- writing ---- */

struct tls_cursor { /* over what is to be written */
	const struct iovec *iov;
	size_t off; /* into the first of them */
	size_t left;
	struct chunk *joined; /* ref; where pieces become one record; NULL: not needed so far */
};

/* How long the next record may be. */
static size_t
tls_record(struct tls_conn *t, uint64_t now)
{
	if (now - t->wrote_at > TLS_BURST_PAUSE_US)
		t->burst = 0;
	t->wrote_at = now;
	return t->burst < TLS_BURST ? TLS_RECORD_FIRST : TLS_RECORD;
}

static void
tls_cursor_pass(struct tls_cursor *at, size_t n)
{
	at->left -= n;
	at->off += n;
	while (at->left > 0 && at->off >= at->iov->iov_len) {
		at->off -= at->iov->iov_len;
		at->iov++;
	}
}

/* The text of the next record: in place when it lies in one piece, else joined. */
static struct str
tls_cursor_text(struct tls_cursor *at, struct loop *l, size_t max)
{
	struct tls_cursor ahead = *at;
	size_t here = at->iov->iov_len - at->off, n = 0;

	if (max > at->left)
		max = at->left;
	if (here >= max)
		return str_of((char *)at->iov->iov_base + at->off, max);
	if (at->joined == NULL)
		at->joined = chunk_take(&l->chunks.small);
	if (max > at->joined->size)
		max = at->joined->size;
	while (n < max) {
		here = ahead.iov->iov_len - ahead.off;
		if (here > max - n)
			here = max - n;
		memcpy(at->joined->bytes + n, (char *)ahead.iov->iov_base + ahead.off, here);
		n += here;
		tls_cursor_pass(&ahead, here);
	}
	return str_of(at->joined->bytes, n);
}

/* One record into the staging chunk, which has room for it. */
static bool
tls_write_record(struct conn *c, struct str text)
{
	struct tls_conn *t = c->tls;
	size_t put;

	if (SSL_write_ex(t->ssl, text.p, text.len, &put) == 0) {
		ERR_clear_error();
		c->error = c->error != 0 ? c->error : EPROTO;
		c->may_write = false;
		return false;
	}
	ASSERT(put == text.len);
	if (t->burst < TLS_BURST)
		t->burst += (uint32_t)put;
	return true;
}

static enum io
tls_write_all(struct conn *c, struct tls_cursor *at, size_t *put)
{
	struct tls_conn *t = c->tls;
	enum io io = c->held > 0 ? tls_send(c) : IO_DONE;

	while (at->left > 0 && io == IO_DONE) {
		size_t max = tls_record(t, c->loop->now);
		struct str text;

		if (max > at->left)
			max = at->left;
		if (t->staged == NULL)
			tls_make_room(c, at->left);
		if (tls_room(t) < max + TLS_OVERHEAD) {
			io = tls_send(c);
			continue;
		}
		text = tls_cursor_text(at, c->loop, max);
		if (!tls_write_record(c, text))
			return IO_FAILED;
		tls_cursor_pass(at, text.len);
		*put += text.len;
	}
	return io == IO_DONE ? tls_send(c) : io;
}

static enum io
tls_write(struct conn *c, const struct iovec *iov, int n, size_t *put)
{
	struct tls_cursor at = {.iov = iov};
	enum io io;

	for (int i = 0; i < n; i++)
		at.left += iov[i].iov_len;
	*put = 0;
	tls_cursor_pass(&at, 0);
	io = tls_write_all(c, &at, put);
	if (at.joined != NULL)
		chunk_unref(at.joined);
	return io == IO_MORE && *put > 0 ? IO_DONE : io;
}

/* ---- the end ---- */

/* Says close_notify, once, unless the conn broke: without it the peer takes what it got for cut. */
static void
tls_goodbye(struct conn *c)
{
	struct tls_conn *t = c->tls;

	if (!t->ready || c->error != 0 || t->ended == IO_FAILED ||
	    (SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN) != 0)
		return;
	(void)SSL_shutdown(t->ssl); /* the peer's own is not waited for */
	ERR_clear_error();
	(void)tls_send(c); /* what does not leave now was for a peer that does not read */
}

static void
tls_finish(struct conn *c)
{
	tls_goodbye(c);
	transport_plain.finish(c);
}

static void
tls_free(struct conn *c)
{
	struct tls_conn *t = c->tls;

	tls_unstage(t);
	SSL_free(t->ssl);
	tls_server_unref(&t->server);
	tls_client_unref(&t->client);
	free(t);
	c->tls = NULL;
	c->held = 0;
}

static void
tls_close(struct conn *c)
{
	tls_goodbye(c);
	tls_free(c);
}

const struct transport transport_tls = {"tls", tls_read, tls_write, tls_finish, tls_close};

void
tls_leave(struct conn *c)
{
	tls_free(c);
	c->transport = &transport_plain;
}

void
tls_begin(struct conn *c, SSL *ssl)
{
	struct tls_conn *t = xcalloc(1, sizeof(*t));
	BIO *bio = BIO_new(tls_bio);

	ASSERT(ssl != NULL && bio != NULL); /* memory */
	BIO_set_data(bio, c);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_app_data(ssl, c);
	t->ssl = ssl;
	c->tls = t;
	c->transport = &transport_tls;
}
