/* Nearly all text is clean, so eight bytes are looked at in one go: a byte is special when it is
 * below the lowest printable one, is a quote or a backslash, or is 0x7f or above. Borrows and
 * carries between the lanes start only in lanes that are special themselves, so the question "is
 * any of the eight special?" is answered exactly. */
#include "base/escape.h"

#include <limits.h>

enum { LANES = sizeof(uint64_t), DEL = 0x7f };

#define LANE_ALL(byte) (UINT64_C(0x0101010101010101) * (byte))

static const char hex_digits[] = "0123456789abcdef";
static const char cut_mark[] = "...";
enum { CUT_MARK = sizeof(cut_mark) - 1 };

static inline bool
lanes_special(uint64_t x, uint8_t lowest)
{
	uint64_t below = x - LANE_ALL(lowest);
	uint64_t above = x | (x + LANE_ALL(1));
	uint64_t quote = (x ^ LANE_ALL('"')) - LANE_ALL(1);
	uint64_t slash = (x ^ LANE_ALL('\\')) - LANE_ALL(1);

	return ((below | above | quote | slash) & LANE_ALL(0x80)) != 0;
}

static inline bool
byte_special(unsigned char c, uint8_t lowest)
{
	return c < lowest || c == '"' || c == '\\' || c >= DEL;
}

/* Copies s while it has nothing special; false when it has. The last eight bytes are looked at and
 * copied once more rather than one by one. */
static inline bool
copy_clean(char *out, struct str s, uint8_t lowest)
{
	uint64_t x = LANE_ALL('x');

	if (s.len < LANES) {
		for (size_t i = 0; i < s.len; i++) {
			x = x << CHAR_BIT | (unsigned char)s.p[i];
			out[i] = s.p[i];
		}
		return !lanes_special(x, lowest);
	}
	for (size_t i = 0; i < s.len - LANES; i += LANES) {
		memcpy(&x, s.p + i, LANES);
		if (lanes_special(x, lowest))
			return false;
		memcpy(out + i, &x, LANES);
	}
	memcpy(&x, s.p + s.len - LANES, LANES);
	memcpy(out + s.len - LANES, &x, LANES);
	return !lanes_special(x, lowest);
}

/* One byte that the quick look found special; the length written, at most ESCAPE_LONGEST. */
enum { ESCAPE_LONGEST = sizeof("\\u00HH") - 1 };
static size_t
escape_byte(char *out, unsigned char c, enum escape_form form)
{
	size_t n = 0;

	if (c == '"' || c == '\\') {
		if (form == ESCAPE_LINE) {
			out[n++] = (char)c;
			return n;
		}
		if (form == ESCAPE_JSON) {
			out[n++] = '\\';
			out[n++] = (char)c;
			return n;
		}
	}
	out[n++] = '\\';
	if (form == ESCAPE_JSON) {
		memcpy(out + n, "u00", 3);
		n += 3;
	} else {
		out[n++] = 'x';
	}
	out[n++] = hex_digits[c >> 4];
	out[n++] = hex_digits[c & 0xf];
	return n;
}

/* The slow way, for one byte; false when it would leave no place for the mark of a cut. */
static bool
escape_step(char *out, size_t room, size_t *n, unsigned char c, enum escape_form form)
{
	char piece[ESCAPE_LONGEST];
	size_t len = 1;

	if (byte_special(c, ' '))
		len = escape_byte(piece, c, form);
	else
		piece[0] = (char)c;
	if (*n + len + CUT_MARK > room)
		return false;
	memcpy(out + *n, piece, len);
	*n += len;
	return true;
}

size_t
escape_write(char *out, size_t room, struct str s, enum escape_form form)
{
	size_t n = 0, i = 0;
	uint64_t x;

	ASSERT(room >= ESCAPE_ROOM_MIN);
	if (likely(s.len <= room && copy_clean(out, s, ' ')))
		return s.len;
	while (i < s.len) {
		if (s.len - i >= LANES && room - n >= LANES + CUT_MARK) {
			memcpy(&x, s.p + i, LANES);
			if (!lanes_special(x, ' ')) {
				memcpy(out + n, &x, LANES);
				n += LANES;
				i += LANES;
				continue;
			}
		}
		if (!escape_step(out, room, &n, (unsigned char)s.p[i], form)) {
			memcpy(out + n, cut_mark, CUT_MARK);
			return n + CUT_MARK;
		}
		i++;
	}
	return n;
}

bool
escape_word(char *out, struct str s)
{
	return s.len > 0 && copy_clean(out, s, ' ' + 1);
}
