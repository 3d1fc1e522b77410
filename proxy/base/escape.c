/* Nearly all text is clean, so sixteen bytes are looked at in one go: a byte is special when it is
 * below the lowest printable one, a quote, a backslash, 0x7f or above (that is: negative). */
#include "base/escape.h"

typedef int8_t lanes __attribute__((vector_size(16)));
enum { LANES = sizeof(lanes), HALF = LANES / 2, DEL = 0x7f };

static const char hex_digits[] = "0123456789abcdef";
static const char cut_mark[] = "...";
enum { CUT_MARK = sizeof(cut_mark) - 1 };

static inline bool
byte_special(char c, int8_t lowest)
{
	return (int8_t)c < lowest || c == '"' || c == '\\' || c == DEL;
}

static inline bool
lanes_special(lanes v, int8_t lowest)
{
	lanes special = (v < lowest) | (v == '"') | (v == '\\') | (v == DEL);
	uint64_t half[2];

	memcpy(half, &special, sizeof(half));
	return (half[0] | half[1]) != 0;
}

/* Copies n bytes, at least HALF and at most LANES: two halves that may overlap. */
static inline bool
halves_clean(char *out, const char *in, size_t n, int8_t lowest)
{
	uint64_t half[2];
	lanes v;

	memcpy(&half[0], in, HALF);
	memcpy(&half[1], in + n - HALF, HALF);
	memcpy(out, &half[0], HALF);
	memcpy(out + n - HALF, &half[1], HALF);
	memcpy(&v, half, sizeof(v));
	return !lanes_special(v, lowest);
}

/* Copies s while it has nothing special; false when it has. The last bytes are looked at and copied
 * together with some of those before them rather than one by one. */
static inline bool
copy_clean(char *out, struct str s, int8_t lowest)
{
	size_t i = 0;
	lanes v;

	if (s.len < HALF) {
		for (; i < s.len && !byte_special(s.p[i], lowest); i++)
			out[i] = s.p[i];
		return i == s.len;
	}
	if (s.len < LANES)
		return halves_clean(out, s.p, s.len, lowest);
	for (; i + LANES < s.len; i += LANES) {
		memcpy(&v, s.p + i, LANES);
		if (lanes_special(v, lowest))
			return false;
		memcpy(out + i, &v, LANES);
	}
	i = s.len - LANES;
	memcpy(&v, s.p + i, LANES);
	memcpy(out + i, &v, LANES);
	return !lanes_special(v, lowest);
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

	if (byte_special((char)c, ' '))
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
	lanes v;

	ASSERT(room >= ESCAPE_ROOM_MIN);
	if (likely(s.len <= room && copy_clean(out, s, ' ')))
		return s.len;
	while (i < s.len) {
		if (s.len - i >= LANES && room - n >= LANES + CUT_MARK) {
			memcpy(&v, s.p + i, LANES);
			if (!lanes_special(v, ' ')) {
				memcpy(out + n, &v, LANES);
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
