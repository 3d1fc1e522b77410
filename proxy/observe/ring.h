/* ring - bytes from one worker to the control thread without a lock or a system call: one writer,
 * one reader, whole lines only. A full ring drops the line and counts it; traffic never waits. */
#ifndef OBSERVE_RING_H
#define OBSERVE_RING_H

#include "base/str.h"

struct ring;

struct ring *ring_new(size_t size); /* a power of two */
void ring_free(struct ring **r);
/* Writer: `max` contiguous bytes to fill, NULL when full (counted as dropped); then commit what was
 * used. */
char *ring_reserve(struct ring *r, size_t max);
void ring_commit(struct ring *r, size_t used);
/* Reader: the oldest bytes, contiguous; len 0 when empty. */
struct str ring_peek(const struct ring *r);
void ring_consume(struct ring *r, size_t n);
uint64_t ring_dropped(const struct ring *r); /* any thread */

#endif
