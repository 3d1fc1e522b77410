/* pipe - a chunk whose bytes are in a kernel pipe: bulk that passes through without being copied or
 * seen. It travels in slices like any other chunk; who sends slices (wire, pump) drains it instead.
 * Bytes leave in the order they came, once: such slices can be moved and split, not shared. */
#ifndef IO_PIPE_H
#define IO_PIPE_H

#include "io/conn.h"

enum {
	PIPE_SIZE = 1024 * 1024, /* asked for; the usual maximum for everybody */
	PIPE_WORTH = 64 * 1024,  /* below this much to come, copying is cheaper */
};

/* One reference; NULL: no descriptors left, copy instead. */
struct chunk *pipe_take(struct loop *l);
/* From the conn into the pipe, once. Like conn_read; less than max does not mean drained. */
enum io pipe_fill(struct chunk *c, struct conn *from, size_t max, size_t *got);
/* From the pipe to the conn. Like conn_write. */
enum io pipe_drain(struct chunk *c, struct conn *to, size_t n, size_t *put);
void pipes_fini(struct pipes *p);

#endif
