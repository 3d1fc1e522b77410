/* schema - every key of the file as one row. The rows drive the loader, the errors with their
 * suggestions, `weir config`, `weir schema` and the manual; there is no second list of keys. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include "config/schema_objects.h"

enum schema_type {
	SCHEMA_NUMBER,   /* uint32_t */
	SCHEMA_DURATION, /* uint64_t, microseconds */
	SCHEMA_SIZE,     /* uint64_t, bytes */
	SCHEMA_PERCENT,  /* uint32_t */
	SCHEMA_WEIGHT,   /* uint32_t; a number or a percentage */
	SCHEMA_CHOICE,   /* an enum or a bool: the index of the word */
	SCHEMA_NAME,     /* struct str */
	SCHEMA_LINE,     /* struct str */
	SCHEMA_ADDRESS,  /* struct addr */
	SCHEMA_PORT,     /* the port of a struct addr of all interfaces */
	SCHEMA_RANGES,   /* struct model_cidrs */
	SCHEMA_PROXY,    /* proxy_protocol of a listener */
	SCHEMA_ACCESS,   /* access and access_file */
	SCHEMA_ARMS,     /* struct model_arms */
	SCHEMA_CERTS,    /* an array of struct model_cert */
	SCHEMA_SNI,      /* an array of struct model_sni */
	SCHEMA_MATCH,    /* listeners to queries of a route */
	SCHEMA_LISTENERS,
	SCHEMA_HOST,
	SCHEMA_PATH,
	SCHEMA_METHODS,
	SCHEMA_HEADERS,
	SCHEMA_QUERIES,  /* of a match */
	SCHEMA_ENDPOINT, /* text, host and address of an endpoint */
	SCHEMA_HASH_KEY, /* hash_key and hash_name */
	SCHEMA_PART,     /* a map of rows that lie in the same struct */
	SCHEMA_MAP,      /* NAME: {rows}, an array of structs in the model */
	SCHEMA_LIST,     /* - {rows}, an array of structs */
	SCHEMA_FILES,    /* include; done before the rows are read */
	SCHEMA_VERSION,  /* nothing to store */
};

struct schema_object;

struct schema_row {
	const char *key;
	enum schema_type type;
	bool required;
	size_t offset, size;      /* the value in the object's struct */
	size_t count_offset;      /* of SCHEMA_MAP and SCHEMA_LIST: the number of items */
	uint32_t min, max;        /* of numbers; of durations min alone, in milliseconds */
	const char *zero;         /* the word that stands for 0, or NULL */
	const char *const *words; /* SCHEMA_CHOICE; ends in NULL */
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
