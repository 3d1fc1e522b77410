/* build - a model becomes a snapshot: tables compiled, rosters of names, living endpoints and
 * counters found again in the registry. Control thread. Nothing live is touched: a snapshot that is
 * not installed is freed without a trace. Sockets are bound elsewhere (run/sockets). */
#ifndef CONFIG_BUILD_H
#define CONFIG_BUILD_H

#include "config/model.h"
#include "flow/snapshot.h"

struct build {
	struct registry *registry;
	struct rosters *rosters; /* NULL: names are not asked for */
	struct meters *meters;
	struct overload *overload;
	struct tls_tickets *tickets;      /* lives as long as the process */
	const struct tls_server *renewed; /* by build_tls; NULL: it is the first */
	bool only_checks;                 /* nothing of it is going to be served */
	struct map *listener_states;      /* by address text; entries live as long as the process */
	uint64_t generation;
	struct loop *home; /* where snapshots die */
};

/* NULL with errors added (what only building can find: a bad pattern, a duplicate match).
 * Backends that point at names have no targets yet: run/names.h. */
struct snapshot *build_snapshot(
    const struct build *b, const struct model *model, struct errors *errors);

#endif
