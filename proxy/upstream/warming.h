/* warming - slow start: an endpoint that is new among others, or is back, gets little at first, and
 * more from moment to moment. That spares it only while others bear the rest: as long as those that
 * warm up are more than half of their backend by weight, each counts in full. Control thread. */
#ifndef UPSTREAM_WARMING_H
#define UPSTREAM_WARMING_H

#include "base/base.h"

struct backend;

struct warming_spec {
	uint64_t span;   /* microseconds; 0: there is no slow start */
	uint32_t curve;  /* percent: 100 rises evenly, more is faster at first */
	uint32_t lowest; /* part of the weight to begin with, in thousandths */
};

/* The part of its weight that counts after so long, in thousandths. */
uint32_t warming_part(const struct warming_spec *spec, uint64_t elapsed);
/* The backend's targets are in force: those that are new among others begin. */
void warming_join(const struct backend *b);
/* Moves all on; to be called every WARMING_STEP. False: nobody warms up. */
enum { WARMING_STEP = 100000 /* microseconds */ };
bool warming_step(const struct backend *b, uint64_t now);

#endif
