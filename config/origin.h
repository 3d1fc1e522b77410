/* origin - where the value of one key was written: a place that costs 16 bytes instead of a
 * position's 24, since every key of 100,000 routes has one. */
#ifndef CONFIG_ORIGIN_H
#define CONFIG_ORIGIN_H

#include <stdint.h>

struct origin {
	const char *file; /* lives as long as the process; NULL: nowhere, the default holds */
	uint32_t line;    /* 0: it was wrong; never in a model that load gives out */
};

#endif
