/* accesslog - one line per finished exchange or tunnel, text (Combined first, then key=value) or
 * JSON with the same names. Workers format straight into their ring; the control thread writes. */
#ifndef OBSERVE_ACCESSLOG_H
#define OBSERVE_ACCESSLOG_H

#include "base/log.h"
#include "observe/record.h"
#include "observe/ring.h"

struct accesslog; /* the sink: a file or stdout; control thread only */

/* Worker: appends the record's line. wall_us is the time of day at r->finished_at. Control bytes
 * and quotes from the peer are escaped; no field is longer than ACCESSLOG_FIELD_MAX. */
enum { ACCESSLOG_FIELD_MAX = 2048, ACCESSLOG_LINE_MAX = 16384 };
void accesslog_write(
    struct ring *ring, enum log_format format, const struct record *r, uint64_t wall_us);

/* path NULL: stdout. NULL with *why set when the file cannot be opened. */
struct accesslog *accesslog_open(const char *path, char why[256]);
void accesslog_close(struct accesslog **a);
/* Opens the file again under its name (after logrotate moved it); on failure keeps the old one. */
bool accesslog_reopen(struct accesslog *a, char why[256]);
/* Writes what the ring holds; the bytes written. A failing disk loses lines, counted, never blocks
 * traffic: a full pipe or disk leaves the rest in the ring. */
size_t accesslog_drain(struct accesslog *a, struct ring *ring);

#endif
