/* diff - what one configuration has and another has not. */
#ifndef RUN_DIFF_H
#define RUN_DIFF_H

#include <stdio.h>

#include "config/model.h"

/* One line each: "~ route x  a -> b   weir.yaml:13", "+ endpoint ...". */
void diff_models(const struct model *old, const struct model *new, FILE *out);

#endif
