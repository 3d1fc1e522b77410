/* schema - every key of the file as one row. The rows drive the loader, the errors with their
 * suggestions, `weir config`, `weir schema` and the manual; there is no second list of keys. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include "config/schema_objects.h"
#include "config/schema_types.h"

struct schema_object;

struct schema_row {
	const char *key;
	enum schema_type type;
	bool required;
	size_t offset, size;      /* the value in the object's struct */
	size_t count_offset;      /* of SCHEMA_MAP and SCHEMA_LIST: the number of items */
	uint32_t min, max;        /* of numbers; of durations min alone, in milliseconds */
	const char *zero;         /* the word that stands for 0, or NULL */
	const char *const *words; /* SCHEMA_CHOICE and SCHEMA_SET; ends in NULL */
	const struct schema_object *object;
	const char *fallback; /* the default as it would be written, or NULL: none */
	const char *told;     /* the default in words, where it is known only at run time */
	const char *example;  /* a value, in YAML */
	const char *sentence;
	const char *since;
};

struct schema_object {
	const char *name;      /* "listener": what `full` output, JSON Schema and manual call it */
	const char *where;     /* "in a listener" */
	const char *short_key; /* the key that a scalar alone stands for, or NULL */
	const struct schema_row *rows;
	size_t n, size; /* rows; bytes of the struct */
};

enum { SCHEMA_ROWS_MAX = 20 }; /* of one object */

/* Are the rows below this one shown one by one, not as its value? */
bool schema_is_block(const struct schema_row *row);

/* NULL: no such key. */
const struct schema_row *schema_find(const struct schema_object *o, struct str key);
/* What a value has to be, in words: "a whole number 1-1024". out ends in NUL. */
void schema_wants(const struct schema_row *row, char *out, size_t room);

#endif
