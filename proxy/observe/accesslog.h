/* accesslog - one line per finished exchange or tunnel. Workers format straight into their ring;
 * the control thread writes. Text is the Combined log and then key=value, so that old tools read
 *it:
 *
 *	203.0.113.7 - - [22/Nov/2026:19:30:29 +0000] "GET /v1/x HTTP/1.1" 503 41 "-" "curl/7.88.1"
 *	host=api.example.com route=api backend=api endpoint=10.0.0.21:8080 time=43ms wait=0
 *	connect=1.25ms first=- tries=2 why=connection_refused id=4bf92f3577b34da6a3ce929d0e0e4736
 *
 * JSON has the same names; there absent is null and times are seconds (0.043127).
 * Spans: wait for a place; connect until the last try's connection was ready or had failed; first
 * from there to the first byte of the answer; time is all of it. In text a span is "0", whole
 * microseconds below 1 ms ("850us"), milliseconds with up to two decimals below 10 ms ("1.25ms"),
 * whole milliseconds above ("43ms", "70250ms"); digits left out are cut, not rounded.
 * A TCP tunnel has "TCP <listener>" as its request line and the status of its fault, 200 if none;
 * what a TLS client asked for and offered comes last, where it is known: sni=... alpn=h2,http/1.1.
 * A call of gRPC has its status before why=: grpc=UNAVAILABLE.
 * Whatever a peer sent is escaped (base/escape.h), so that no value can end its line or its quote;
 *a value of key=value with a space or an escape in it is put in quotes. "-" is absent. */
#ifndef OBSERVE_ACCESSLOG_H
#define OBSERVE_ACCESSLOG_H

#include "base/log.h"
#include "observe/record.h"
#include "observe/ring.h"

struct accesslog; /* the sink: a file or stdout; control thread only */

/* The longest target, referer or user agent, as logged; the longest other field; the longest line.
 * What is longer is cut and ends in "...". */
enum { ACCESSLOG_FIELD_MAX = 2048, ACCESSLOG_NAME_MAX = 512, ACCESSLOG_LINE_MAX = 16384 };

/* Worker: appends the record's line. wall_us is the time of day at r->finished_at. */
void accesslog_write(
    struct ring *ring, enum log_format format, const struct record *r, uint64_t wall_us);

/* path NULL: stdout. NULL with *why set when the file cannot be opened. */
struct accesslog *accesslog_open(const char *path, char why[256]);
void accesslog_close(struct accesslog **a);
/* Opens the file again under its name (after logrotate moved it); on failure keeps the old one. */
bool accesslog_reopen(struct accesslog *a, char why[256]);
/* Writes what the ring holds, within reason for one turn; the bytes taken from it. A full pipe or
 * disk leaves the rest in the ring, where workers count what finds no room any more: traffic never
 * waits. Lines of several rings never mix, however short a write was. */
size_t accesslog_drain(struct accesslog *a, struct ring *ring);
/* Writes that failed, other than by a full pipe. */
uint64_t accesslog_errors(const struct accesslog *a);

#endif
