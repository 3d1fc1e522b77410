/* str - a borrowed run of bytes with a length, passed by value. Never owns, need not end in NUL,
 * may hold any byte. Printing: printf("%.*s", STR_FMT(s)). */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <string.h>

#include "base/base.h"

struct str {
	const char *p; /* borrowed; may be NULL when len is 0 */
	size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_NONE     ((struct str){NULL, 0})
#define STR_FMT(s)   (int)(s).len, (s).p
#define STR_INIT(lit)                                                                              \
	{                                                                                          \
		(lit), sizeof(lit) - 1                                                             \
	} /* for constant tables */

static inline struct str
str_of(const char *p, size_t len)
{
	return (struct str){p, len};
}

static inline struct str
str_from(const char *s)
{
	return (struct str){s, s ? strlen(s) : 0};
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* ASCII only: names of fields, hosts and tokens, never text of people. */
bool str_eq_case(struct str a, struct str b);
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

/* Index of the first byte c at or after `from`; s.len when there is none. */
size_t str_find(struct str s, char c, size_t from);

/* Without spaces and tabs at both ends (RFC 9110 section 5.6.3, OWS). */
struct str str_trim(struct str s);

/* Cuts the next piece off the front of *rest at `sep` (which is dropped). False at the end. */
bool str_cut(struct str *rest, char sep, struct str *piece);

/* The whole of s as a decimal number without sign. False: empty, other bytes, or above max. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *out) NODISCARD;

/* A copy that ends in NUL, to be released with free(). */
char *str_dup(struct str s);

#endif
