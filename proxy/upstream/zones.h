/* zones - how the requests of one level of priority are divided among zones, so that they stay in
 * weir's own while that does not overload it. proportional takes as many away as the own zone has
 * too few endpoints for, if there is a weir for every zone and all have the same to do: Envoy's
 * rule for a fleet whose size is not known. prefer takes all home while anybody there is well.
 * strict is not here: endpoints of other zones are left out before. Pure arithmetic, but for the
 * names. */
#ifndef UPSTREAM_ZONES_H
#define UPSTREAM_ZONES_H

#include "base/str.h"

enum zones_mode { ZONES_OFF, ZONES_PROPORTIONAL, ZONES_PREFER, ZONES_STRICT };

struct zones {
	enum zones_mode mode;
	const char *here; /* weir's own, by registry_zone; NULL: it has none */
};

struct zone_part {             /* what one zone has */
	const char *zone;      /* NULL: nobody said which */
	uint64_t well, usable; /* of its endpoints, by weight */
	uint32_t n_well;
	uint32_t share; /* set by zones_divide */
};

/* All shares together are `share`. With too few endpoints, with some of which nobody knows where
 * they are, and in panic, there is nothing to keep at home: each gets what it weighs. */
void zones_divide(const struct zones *z, struct zone_part *v, uint32_t n, uint32_t share);

struct registry;
/* The one copy of a zone's name, which lives as long as the registry; NULL for none. */
const char *registry_zone(struct registry *r, struct str name);

#endif
