/* conn - one byte stream: a descriptor and what the kernel said about it. Try first, wait after
 * EAGAIN; registered with the loop once, edge-triggered, for life (the write side joins at the
 * first EAGAIN). Events only set bits and list the owner's task. No buffers: an idle conn owns
 * none. */
#ifndef IO_CONN_H
#define IO_CONN_H

#include <event2/event_struct.h>

#include "io/addr.h"
#include "io/loop.h"
#include "io/transport.h"

struct conn {
	struct task task;
	struct loop *loop;
	const struct transport *transport;
	struct tls_conn *tls; /* owned; NULL: plain */
	int fd;               /* -1: none */
	int error;            /* errno of what broke it */
	bool may_read, may_write;
	bool hup; /* the peer will send no more, or all is broken: read on to see which */
	bool eof; /* IO_EOF was returned */
	bool watched, watched_write; /* registered with the loop */
	bool more;   /* what is written next is followed by more at once: no packet of its own */
	bool large;  /* has filled a small chunk lately: read into large ones */
	size_t held; /* bytes the transport has taken and the kernel has not */
	uint64_t active_at; /* last time a byte moved */
	struct timer timer; /* the owner's */
	struct timer look;  /* see conn_look */
	struct event event;
};

/* Takes over an accepted, non-blocking descriptor; not watched yet. run is called when anything
 * happened. */
void conn_open(struct conn *c, struct loop *l, int fd, void (*run)(struct task *));
/* Starts to connect, watched both ways. IO_MORE: conn_dialled tells when the task runs. */
enum io conn_dial(
    struct conn *c, struct loop *l, const struct addr *to, void (*run)(struct task *));
enum io conn_dialled(struct conn *c);
/* Closes and unlists; safe on a closed one. abort: a reset instead of a FIN. */
void conn_close(struct conn *c);
void conn_abort(struct conn *c);

/* From now on events list the task; what happened before does too. */
void conn_watch(struct conn *c);
void conn_watch_write(struct conn *c);

static inline enum io
conn_read(struct conn *c, void *buf, size_t len, size_t *got)
{
	return c->transport->read(c, buf, len, got);
}

/* All or part; after a part, or with bytes held, the conn waits for room and the task is listed
 * when there is some. */
static inline enum io
conn_write(struct conn *c, const struct iovec *iov, int n, size_t *put)
{
	return c->transport->write(c, iov, n, put);
}

/* Sends what is held, and what the transport itself has to say. */
static inline enum io
conn_flush(struct conn *c)
{
	size_t put;

	return conn_write(c, NULL, 0, &put);
}

/* After the last byte was written and none is held. */
static inline void
conn_finish(struct conn *c)
{
	c->transport->finish(c);
}
#endif
