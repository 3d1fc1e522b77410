/* match - does one string fit? Exact text, presence, or a pattern (PCRE2, JIT, with match limits so
 * that no input can burn time). Immutable once built, shared by all workers; each thread brings its
 * own scratch. The only file that knows PCRE2. */
#ifndef ROUTE_MATCH_H
#define ROUTE_MATCH_H

#include "base/str.h"

struct pattern;
struct match_scratch; /* one per thread: match data */

struct pattern_error {
	size_t offset;  /* in the text, from 0 */
	char text[128]; /* "missing closing parenthesis" */
};

/* NULL on a bad pattern, with *e filled. */
struct pattern *pattern_new(struct str text, struct pattern_error *e);
/* The same test without building anything: for those who only want the error. */
bool pattern_check(struct str text, struct pattern_error *e) NODISCARD;
void pattern_free(struct pattern **p);
/* Bytes every match begins with, at the front of the subject; empty when that cannot be told.
 * Borrowed from p. */
struct str pattern_stem(const struct pattern *p);
/* Unanchored unless the pattern says so. A hit match limit is no match. */
bool pattern_match(const struct pattern *p, struct match_scratch *scratch, struct str subject);

struct match_scratch *match_scratch_new(void);
void match_scratch_free(struct match_scratch **scratch);

#endif
