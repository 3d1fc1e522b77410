/* roster - who stands behind a name of the DNS, or in a file of endpoints, at the moment. There is
 * one for each name that a backend points at, alive as long as one does, whatever snapshots come
 * and go. A name is asked for again when the answer's life is over; a file is read by who knows its
 * form. When nothing good comes, the last that did stays, for as long as it takes: endpoints that
 * were right a minute ago are better than none. No request ever waits for it. Control thread only,
 * all of it. */
#ifndef UPSTREAM_ROSTER_H
#define UPSTREAM_ROSTER_H

#include "base/map.h"
#include "io/resolve.h"

enum roster_kind { ROSTER_NAME, ROSTER_SERVICE, ROSTER_FILE };

struct roster {
	struct rosters *all;
	enum roster_kind kind;
	struct str text; /* owned: "api.internal:8080", a service's name, the path of a file */
	uint32_t refs;
	struct spot *spots; /* owned; the last good answer */
	uint32_t n;
	uint64_t good_at;      /* when that came; 0: there was none yet */
	uint64_t next_at;      /* when it is asked for again */
	char *why;             /* owned; what is wrong since; NULL: all is well */
	uint64_t good, failed; /* lookups or readings, by what they came to */
	uint32_t failed_since; /* of those, after the last good one */
	void *reader;          /* of a file; owned by who reads */
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

struct rosters_owner {
	/* told when a roster has other spots than before, or still has none; these were before */
	void (*changed)(void *arg, const struct roster *r, const struct spot *was, uint32_t n);
	/* a file is read from now on, at once for the first time; or not any more */
	void (*read_begin)(void *arg, struct roster *r);
	void (*read_end)(void *arg, struct roster *r);
	void *arg;
};

struct rosters *rosters_new(struct loop *l, const struct rosters_owner *owner);
void rosters_stop(struct rosters *all); /* asks nothing more; before the loop is freed */
void rosters_free(struct rosters **r);  /* after that, and after the last unref */
void rosters_set(struct rosters *all, const struct rosters_spec *spec);
/* Has the new ones asked or read and waits for answers, as long as a lookup may take. Nothing is
 * told of what comes meanwhile. */
void rosters_settle(struct rosters *all);
typedef void roster_visit_fn(void *arg, const struct roster *r);
void rosters_each(const struct rosters *all, roster_visit_fn *visit, void *arg);

/* The living one, or a new one; counted. */
struct roster *roster_get(struct rosters *all, enum roster_kind kind, struct str text);
void roster_unref(struct roster **r); /* the last one ends it */
/* What its file says: spots in order, taken over; or why it says nothing. */
void roster_give(struct roster *r, struct spot *spots, uint32_t n);
void roster_fail(struct roster *r, const char *why);

#endif
