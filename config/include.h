/* include - more files become part of the first one: lists are joined, maps merged, and what stands
 * in two places is an error that names both. */
#ifndef CONFIG_INCLUDE_H
#define CONFIG_INCLUDE_H

#include "config/read.h"

/* Reads what the first document's `include` names and merges it into that document's root. */
void include_files(struct loader *l, struct document_budget *budget);

#endif
