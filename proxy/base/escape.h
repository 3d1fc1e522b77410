/* escape - bytes of strangers made fit for one line of a log: what could end the line, close a
 * quote, move a cursor or break an encoding leaves as an escape of plain ASCII. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/str.h"

enum escape_form {
	ESCAPE_LINE,   /* \xHH for control bytes and all from 0x7f on; for sentences */
	ESCAPE_QUOTED, /* the same, and for the quote and the backslash: the inside of "..." */
	ESCAPE_JSON,   /* the inside of a JSON string; bytes from 0x7f on as \u00HH */
};

/* The length written, at most room; text that does not fit is cut between escapes and ends in
 * "...". room is at least ESCAPE_ROOM_MIN. No NUL is added. */
enum { ESCAPE_ROOM_MIN = 16 };
size_t escape_write(char *out, size_t room, struct str s, enum escape_form form);

/* Copies s when it can stand without quotes: not empty, no space, nothing to escape. False: no, and
 * what is at `out` now is of no use. The room is s.len. */
bool escape_word(char *out, struct str s);

#endif
