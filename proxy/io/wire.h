/* wire - bytes in the order in which they leave a conn: text that was written here, and slices of
 * bodies. What is small is copied behind the text, so that a head and a small body leave in one
 * contiguous send; what is large goes by reference, gathered into one sendmsg. Empty, it owns no
 * chunk. */
#ifndef IO_WIRE_H
#define IO_WIRE_H

#include "io/conn.h"

enum { WIRE_SLICES = 32 }; /* a power of two: a ring is walked with each byte that leaves */

struct wire_queue;

struct wire {
	struct chunk *tail;       /* ref; where text goes; NULL: none yet */
	struct wire_queue *queue; /* owned; NULL: what waits is text, and stands last in the tail */
	size_t bytes;             /* waiting to leave */
	uint32_t tail_used;
};

void wires_init(struct slab *s, size_t reserve); /* the loop's slab of queues */

/* Room for n (<= WIRE_TEXT_MAX) contiguous bytes to be written by the caller, then wire_wrote. */
enum { WIRE_TEXT_MAX = BUF_SMALL - 256 };
char *wire_reserve(struct wire *w, struct loop *l, size_t n);
void wire_wrote(struct wire *w, size_t n);
void wire_text(struct wire *w, struct loop *l, struct str text);

/* May a piece of body be added? Text always may, up to a few pieces after this said yes. */
bool wire_has_room(const struct wire *w);
/* Moves up to max bytes from the front of q, after wire_has_room: the first slice always, more as
 * long as there is room. The number moved. */
size_t wire_slices(struct wire *w, struct loop *l, struct slices *q, size_t max);

/* Is anything on its way out, here or held by the conn? */
static inline bool
wire_waits(const struct wire *w, const struct conn *c)
{
	return w->bytes > 0 || c->held > 0;
}

/* Sends what it can. IO_DONE: the kernel has it all; IO_MORE: the rest waits for room; IO_FAILED:
 * broken, and everything is dropped. */
enum io wire_send(struct wire *w, struct conn *c);
void wire_clear(struct wire *w, struct loop *l);

#endif
