/* roster - who stands behind a name of the DNS at the moment. There is one for each name that a
 * backend points at, alive as long as one does, whatever snapshots come and go. It asks again when
 * the answer's life is over. When no new answer comes, the last good one stays, for as long as it
 * takes: endpoints that were right a minute ago are better than none. No request ever waits for it.
 * Control thread only, all of it. */
#ifndef UPSTREAM_ROSTER_H
#define UPSTREAM_ROSTER_H

#include "base/map.h"
#include "io/resolve.h"

enum roster_kind { ROSTER_NAME, ROSTER_SERVICE };

struct roster {
	struct rosters *all;
	enum roster_kind kind;
	struct str text; /* owned; as in the file: "api.internal:8080", or a service's name */
	uint32_t refs;
	struct spot *spots; /* owned; the last good answer */
	uint32_t n;
	uint64_t good_at;      /* when that came; 0: there was none yet */
	uint64_t next_at;      /* when it is asked for again */
	char *why;             /* owned; what is wrong since; NULL: all is well */
	uint64_t good, failed; /* lookups, by what they came to */
	uint32_t failed_since; /* of those, after the last good one */
	struct lookup lookup;
	struct timer timer;
	struct task task;
	struct str key; /* owned */
};

struct rosters_spec {
	struct resolver_spec dns;
	uint64_t min_us, max_us; /* an answer lives at least and at most so long */
};

struct rosters; /* all of them; owned by the server */

/* Told when a roster has other spots than before, or still has none; what was before is lent. */
typedef void roster_changed_fn(
    void *arg, const struct roster *r, const struct spot *was, uint32_t n);

struct rosters *rosters_new(struct loop *l, roster_changed_fn *changed, void *arg);
void rosters_stop(struct rosters *all); /* asks nothing more; before the loop is freed */
void rosters_free(struct rosters **r);  /* after that, and after the last unref */
void rosters_set(struct rosters *all, const struct rosters_spec *spec);
/* Has the new ones asked and waits for their answers, as long as a lookup may take. Nothing is told
 * of what comes meanwhile. */
void rosters_settle(struct rosters *all);
typedef void roster_visit_fn(void *arg, const struct roster *r);
void rosters_each(const struct rosters *all, roster_visit_fn *visit, void *arg);

/* The living one, or a new one; counted. */
struct roster *roster_get(struct rosters *all, enum roster_kind kind, struct str text);
void roster_unref(struct roster **r); /* the last one ends it */

#endif
