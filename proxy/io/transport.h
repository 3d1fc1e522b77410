/* transport - how bytes cross a conn's descriptor: plain in conn.c, TLS in tls_conn.c. A transport
 * that is not plain keeps its state beside the conn and moves bytes by way of the plain one, which
 * knows what the kernel said. */
#ifndef IO_TRANSPORT_H
#define IO_TRANSPORT_H

#include <stddef.h>
#include <sys/uio.h>

struct conn;

enum io {
	IO_DONE,   /* moved something */
	IO_MORE,   /* nothing now: the task is listed when that changes */
	IO_EOF,    /* read: the peer has sent its last byte */
	IO_FAILED, /* broken; conn.error has the errno */
};

struct transport {
	const char *name;
	enum io (*read)(struct conn *c, void *buf, size_t len, size_t *got);
	enum io (*write)(struct conn *c, const struct iovec *iov, int n, size_t *put);
	void (*finish)(struct conn *c); /* no more writes: FIN or its like */
	void (*close)(struct conn *c);  /* frees what it keeps; the descriptor is still open */
};
extern const struct transport transport_plain;

#endif
