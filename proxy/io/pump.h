/* pump - bytes from one conn to another, one way, nothing understood. Small pieces are copied
 * through a chunk that is given back when all has left; a stream that fills large chunks is spliced
 * through a pipe, without a copy, until it trickles again. Idle, it owns neither. */
#ifndef IO_PUMP_H
#define IO_PUMP_H

#include "io/pipe.h"

struct pump {
	struct conn *from, *to;
	struct slice held; /* ref; arrived but not written; chunk NULL: nothing */
	uint64_t bytes;    /* that have arrived */
	bool bulk;         /* through pipes */
	uint8_t trickles;  /* small pieces of bulk in a row */
	bool failed;
	bool eof;   /* from has ended; what is held still goes */
	bool ended; /* all of it has been passed on, and the end */
};

void pump_open(struct pump *p, struct conn *from, struct conn *to);
/* Bytes to go ahead of everything else: text, or what a codec had read already (emptied). */
void pump_push(struct pump *p, struct loop *l, struct str text);
void pump_take(struct pump *p, struct slices *rest);
/* Moves its share. IO_DONE: more may be there, come back; IO_MORE: wait for news of either conn;
 * IO_EOF: all of it has been passed on, and the end too; IO_FAILED: one of the conns broke. */
enum io pump_run(struct pump *p, struct loop *l);
void pump_close(struct pump *p);

#endif
