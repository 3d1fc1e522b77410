/* value_parts - what value.c and value_match.c share. */
#ifndef CONFIG_VALUE_PARTS_H
#define CONFIG_VALUE_PARTS_H

#include "config/value.h"

enum { SHOWN_MAX = 60 }; /* bytes of a value in a sentence */

/* The value as it may stand in a sentence: "%.*s%s". */
#define SHOWN(s)                                                                                   \
	(int)((s).len > SHOWN_MAX ? SHOWN_MAX : (s).len), (s).p, (s).len > SHOWN_MAX ? "..." : ""

#define WRONG(w, ...) value_say((w)->text, sizeof((w)->text), __VA_ARGS__)
#define HINT(w, ...)  value_say((w)->hint, sizeof((w)->hint), __VA_ARGS__)

/* Always false, so that a parser can end with it. */
bool value_say(char *out, size_t room, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* A name to look up or to match: labels of letters, digits, "-" and "_". */
bool value_is_hostname(struct str text);
/* RFC 9110 section 5.6.2 */
bool value_is_token(struct str text);
/* The first control byte, which would break a log line, a header or a path; text.len: none. */
size_t value_control(struct str text);

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The rest of s from `at`; empty behind its end. */
static inline struct str
str_from_at(struct str s, size_t at)
{
	return at < s.len ? str_of(s.p + at, s.len - at) : str_of(s.p + s.len, 0);
}

#endif
