/* schema_parts - how rows are written; for the files that hold them and nobody else. */
#ifndef CONFIG_SCHEMA_PARTS_H
#define CONFIG_SCHEMA_PARTS_H

#include "config/schema.h"

/* Where the value of a row lies. */
#define FIELD(type, member)                                                                        \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define ITEMS(type, member, count) FIELD(type, member), .count_offset = offsetof(struct type, count)
/* The rows of one struct. */
#define OBJECT(label, place, type, table)                                                          \
	.name = (label), .where = (place), .rows = (table), .n = nelem(table),                     \
	.size = sizeof(struct type)

#define FIRST "0.1"

enum { COUNT_MAX = 10000000 };

#endif
