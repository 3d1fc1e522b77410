/* quick - a configuration made from a few words instead of a file: one listener, one backend. */
#ifndef RUN_QUICK_H
#define RUN_QUICK_H

#include "base/str.h"

enum { QUICK_TO_MAX = 64 };

struct quick {
	const char *listen;           /* ":8080", "8080", "127.0.0.1:8080" */
	const char *to[QUICK_TO_MAX]; /* ":3000" is 127.0.0.1:3000 */
	unsigned n_to;
	bool tcp;
};

/* The YAML text, to be released with free(). NULL: a word cannot be an address; whether it is one,
 * the loader says. */
char *quick_yaml(const struct quick *q);

#endif
