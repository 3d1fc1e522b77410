/* chars - the byte classes of HTTP and of URIs as one constant table: which bytes may stand in a
 * token, a field value, a host, a path. Nothing here knows a message. */
#ifndef HTTP_CHARS_H
#define HTTP_CHARS_H

#include "base/str.h"

enum {
	CHAR_TOKEN = 1,  /* tchar, RFC 9110 section 5.6.2 */
	CHAR_VALUE = 2,  /* field content: HTAB, SP, VCHAR, obs-text; RFC 9110 section 5.5 */
	CHAR_HOST = 4,   /* unreserved, RFC 3986 section 2.3: what names of hosts are made of */
	CHAR_PATH = 8,   /* nothing to look at in a path: visible, and none of  # % / ? \ */
	CHAR_QUERY = 16, /* the same in a query, which may hold / and ? and, by browsers, \ */
	CHAR_HEX = 32,
	CHAR_BLANK = 64, /* SP and HTAB */
};

extern const uint8_t chars_class[256];

static inline bool
char_is(char c, unsigned class)
{
	return (chars_class[(unsigned char)c] & class) != 0;
}

/* The value of a CHAR_HEX byte. */
static inline unsigned
char_hex(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Is all of s, at least one byte, of this class? */
static inline bool
chars_all(struct str s, unsigned class)
{
	size_t i = 0;

	while (i < s.len && char_is(s.p[i], class))
		i++;
	return i == s.len && i > 0;
}

#endif
