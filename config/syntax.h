/* syntax - what libyaml says about a broken file, in the words of somebody who wants to mend it:
 * which line the key should align with, what wants quotes, which bracket is open. */
#ifndef CONFIG_SYNTAX_H
#define CONFIG_SYNTAX_H

#include "config/document.h"

struct syntax_problem {
	const char *text, *began; /* libyaml's; either may be NULL */
	struct position at, began_at;
};

/* Adds one error that tells it best. */
void syntax_explain(
    struct document *d, const struct syntax_problem *problem, struct errors *errors);

#endif
