/* model_statuses - a set of statuses, as a row has it. */
#ifndef CONFIG_MODEL_STATUSES_H
#define CONFIG_MODEL_STATUSES_H

#include "base/base.h"

struct model_statuses { /* a bit for each from the row's least on */
	uint64_t bits[7];
};

static inline bool
model_statuses_have(const struct model_statuses *s, unsigned nth)
{
	return (s->bits[nth / 64] >> nth % 64 & 1) != 0;
}

#endif
