/* put - text written behind a pointer, which moves on: for heads and lines that are written for
 * every request. The caller has made room. Most of what is written there is short, and a call of
 * memcpy costs more than the bytes; two overlapping words cover every length up to twice theirs. */
#ifndef BASE_PUT_H
#define BASE_PUT_H

#include "base/str.h"

enum { PUT_U64 = 20 }; /* digits of the greatest */

/* n bytes, from size to twice size of them. */
#define PUT_TWICE(p, s, size)                                                                      \
	(memcpy((p), (s).p, (size)), memcpy((p) + (s).len - (size), (s).p + (s).len - (size), size))

static inline char *
put_some(char *p, struct str s)
{
	if (s.len > 64)
		return mempcpy(p, s.p, s.len);
	if (s.len >= 32)
		PUT_TWICE(p, s, 32);
	else if (s.len >= 16)
		PUT_TWICE(p, s, 16);
	else if (s.len >= 8)
		PUT_TWICE(p, s, 8);
	else if (s.len >= 4)
		PUT_TWICE(p, s, 4);
	else if (s.len >= 2)
		PUT_TWICE(p, s, 2);
	else if (s.len == 1)
		*p = *s.p;
	return p + s.len;
}

/* Returns where the next goes. A literal becomes a store or two. */
static ALWAYS_INLINE char *
put(char *p, struct str s)
{
	if (!__builtin_constant_p(s.len))
		return put_some(p, s);
	memcpy(p, s.p, s.len);
	return p + s.len;
}

enum { PUT_WIDE = 16 };

/* The same for what is mostly short and stands in a wide buffer: PUT_WIDE bytes may be read and
 * written, whatever the length. */
static inline char *
put_wide(char *p, struct str s)
{
	memcpy(p, s.p, PUT_WIDE);
	if (unlikely(s.len > PUT_WIDE))
		memcpy(p + PUT_WIDE, s.p + PUT_WIDE, s.len - PUT_WIDE);
	return p + s.len;
}

static inline char *
put_u64(char *p, uint64_t n)
{
	char digits[PUT_U64] UNSET;
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	while (at < sizeof(digits))
		*p++ = digits[at++];
	return p;
}

#endif
