/* recipe - how a backend's targets are put together: endpoints that the file names by address, and
 * names of the DNS, whose rosters change while weir runs. Part of a snapshot, immutable; what is
 * composed of it differs with what the rosters know. Control thread only. */
#ifndef UPSTREAM_RECIPE_H
#define UPSTREAM_RECIPE_H

#include "upstream/balance.h"
#include "upstream/roster.h"

struct recipe_part {
	struct str text;       /* as in the file; owned */
	struct addr addr;      /* without a roster */
	struct roster *roster; /* ref; NULL: a fixed address */
	uint32_t weight;       /* 1-1000; of a service: its records have their own */
	const char *zone;      /* of the registry; of a file: of those without one */
	uint32_t priority;     /* of a service or a file: what the first of theirs becomes */
};

struct recipe {
	struct recipe_part *v; /* owned */
	uint32_t n;
	bool living; /* one of them has a roster */
};

/* Copies the texts and takes over the references. */
struct recipe *recipe_new(const struct recipe_part *parts, uint32_t n);
void recipe_free(struct recipe **r);
bool recipe_has(const struct recipe *recipe, const struct roster *r);

/* The targets of now, their endpoints counted; to be freed. An endpoint that several parts name is
 * there once, as the first of them has it. A name that nobody could tell of yet has one that is
 * down and says why. */
struct balance_target *recipe_compose(
    const struct recipe *recipe, struct registry *r, struct str backend, uint32_t *n);

#endif
