/* table_parts - what a table is made of; only the table's own files include it.
 *
 *	name of the host --keys--> table_host --keys--> table_leaf --> entries, most specific first
 *	                           (exact, then suffix,  (exact path, then prefix,  (route, ask)
 *	                            then any)             then pattern, then any)
 *
 * A prefix (or a suffix of hosts, or a stem of patterns) is found by trying the few lengths that
 * occur, longest first: as many questions as there are different lengths, not routes. */
#ifndef ROUTE_TABLE_PARTS_H
#define ROUTE_TABLE_PARTS_H

#include "route/ask.h"
#include "route/keys.h"

struct table_lengths { /* each once, longest first */
	uint32_t *v;
	uint32_t n, room;
};

struct table_entry {
	struct route *route;   /* borrowed from the snapshot */
	const struct ask *ask; /* NULL: nothing beyond host and path */
};

/* Entries of a leaf that differ by the value of one header: those that ask for an exact value hang
 * at a table_value each (KEY_VALUE), the others are in `rest`. Ranks are indexes of entries. */
struct table_vary {
	struct str name;
	enum field_id id;
	uint32_t *rest;
	uint32_t n_rest;
};

struct table_value {
	struct key key;
	uint32_t *ranks; /* rising */
	uint32_t n, room;
};

struct table_leaf { /* one host and path */
	struct key key;
	const struct table_entry *entries; /* a part of the table's, or &only */
	uint32_t n_entries;
	uint32_t id; /* rises in the order of the file */
	const struct table_vary *vary;
	struct table_entry only;       /* next to the key: one cache miss less */
	const struct pattern *pattern; /* KEY_PATTERN only */
	const struct table_host *host;
	struct table_leaf *next; /* of all */
};

struct table_stem { /* the patterns of one host that begin with the same literal bytes */
	struct key key;
	struct table_stem *shorter; /* the longest other stem of the host that begins this one */
	struct table_leaf **leaves; /* rising by id */
	uint32_t n, room;
	const struct table_host *host;
};

struct table_host {
	struct key key; /* KEY_ANY for the host of rules that name none */
	uint32_t id;
	bool has_exact;
	struct table_lengths prefixes, stems;
	struct table_leaf *any; /* any path */
};

struct table {
	struct keys keys;
	struct table_host *any; /* NULL: no rule without a host */
	struct table_lengths suffixes;
	struct table_leaf *leaves;
	uint32_t n_hosts, n_leaves;
	struct table_entry *entries;     /* owned */
	struct table_compiled *compiled; /* every pattern */
	struct arena arena;              /* everything else */
};

#endif
