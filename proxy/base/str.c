#include "base/str.h"

static inline unsigned char
lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

bool
str_eq_case(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

int
str_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	return r ? r : (a.len > b.len) - (a.len < b.len);
}

bool
str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq(str_of(s.p, prefix.len), prefix);
}

bool
str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len &&
	       str_eq(str_of(s.p + (s.len - suffix.len), suffix.len), suffix);
}

size_t
str_find(struct str s, char c, size_t from)
{
	const char *hit;

	if (from >= s.len)
		return s.len;
	hit = memchr(s.p + from, c, s.len - from);
	return hit ? (size_t)(hit - s.p) : s.len;
}

struct str
str_trim(struct str s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool
str_cut(struct str *rest, char sep, struct str *piece)
{
	size_t at;

	if (rest->p == NULL)
		return false;
	at = str_find(*rest, sep, 0);
	*piece = str_of(rest->p, at);
	*rest = at < rest->len ? str_of(rest->p + at + 1, rest->len - at - 1) : STR_NONE;
	return true;
}

bool
str_to_u64(struct str s, uint64_t max, uint64_t *out)
{
	enum { ALWAYS_FIT = 19 }; /* digits */
	uint64_t n = 0, digit;

	for (size_t i = 0; i < s.len; i++, n += digit) {
		digit = (uint64_t)(unsigned char)s.p[i] - '0';
		if (digit > 9 || (unlikely(i >= ALWAYS_FIT) && n > (UINT64_MAX - digit) / 10))
			return false;
		n *= 10;
	}
	if (s.len == 0 || n > max)
		return false;
	*out = n;
	return true;
}

char *
str_dup(struct str s)
{
	char *copy = xmalloc(s.len + 1);

	if (s.len > 0)
		memcpy(copy, s.p, s.len);
	copy[s.len] = '\0';
	return copy;
}
