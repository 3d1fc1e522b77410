/* panic - when so few endpoints of a backend are well that they would not bear its requests, what
 * is known of the others counts for nothing: all are used. Draining ones, those that are down and
 * those whose first check is awaited never are, and do not count. Control thread. */
#ifndef UPSTREAM_PANIC_H
#define UPSTREAM_PANIC_H

#include "base/base.h"

struct backend;

struct panic { /* of a backend's state */
	bool on;
	uint32_t well, n; /* of those that count */
};

/* Looks at the backend's endpoints, after any of them, or which they are, has changed. True: panic
 * began or is over. */
bool panic_review(struct backend *b);

#endif
