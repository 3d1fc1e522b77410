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

enum { TABLE_HOST_MAX = 255 }; /* a longer name fits no rule (RFC 1035 section 2.3.4) */

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

struct table_compiled {
	struct pattern *pattern; /* owned */
	struct table_compiled *next;
};

struct table {
	struct keys keys;
	struct table_host *any; /* NULL: no rule without a host */
	struct table_lengths suffixes;
	struct table_leaf *leaves;
	uint32_t n_hosts, n_leaves;
	struct table_entry *entries; /* owned */
	struct table_compiled *compiled;
	struct arena arena; /* everything else */
};

enum table_host_step { TABLE_HOST_EXACT, TABLE_HOST_SUFFIX, TABLE_HOST_ANY, TABLE_HOST_END };
enum table_path_step {
	TABLE_PATH_EXACT,
	TABLE_PATH_PREFIX,
	TABLE_PATH_STEM,
	TABLE_PATH_PATTERN,
	TABLE_PATH_ANY,
	TABLE_PATH_END
};

/* The one matcher, for traffic and explain alike: all hosts that fit, most specific first, and for
 * each all leaves that fit. */
struct table_walk {
	const struct table *t;
	const struct table_query *q;
	const struct table_host *host;
	const struct table_stem *stem;
	enum table_host_step host_step;
	enum table_path_step path_step;
	uint32_t suffix, prefix; /* next length to try */
	uint32_t pattern;        /* id of the next leaf to try */
	struct str name;         /* lower case; p NULL: fits no named host */
	char name_bytes[TABLE_HOST_MAX + 1];
};

void table_walk_init(struct table_walk *w, const struct table *t, const struct table_query *q);
const struct table_host *table_walk_host(struct table_walk *w); /* NULL: no more */
const struct table_leaf *table_walk_leaf(struct table_walk *w); /* of that host; NULL: no more */

#endif
