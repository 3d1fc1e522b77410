/* table_walk - the one matcher of a table, for traffic and explain alike: all hosts that fit, most
 * specific first, and for each all its leaves that fit. A find stops at the first that serves. */
#ifndef ROUTE_TABLE_WALK_H
#define ROUTE_TABLE_WALK_H

#include "route/table_parts.h"

enum { TABLE_HOST_MAX = 255 }; /* a longer name fits no rule (RFC 1035 section 2.3.4) */

enum table_host_step { TABLE_HOST_EXACT, TABLE_HOST_SUFFIX, TABLE_HOST_ANY, TABLE_HOST_END };
enum table_path_step {
	TABLE_PATH_EXACT,
	TABLE_PATH_PREFIX,
	TABLE_PATH_STEM,
	TABLE_PATH_PATTERN,
	TABLE_PATH_ANY,
	TABLE_PATH_END
};

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
