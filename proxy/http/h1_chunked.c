#include "http/chars.h"
#include "http/h1_parse.h"

/* The decoder of RFC 9112 section 7.1, one byte a step outside of the data, so that it cannot
 * matter how the network cut the bytes. Extensions are held to their grammar and dropped: bytes
 * that somebody else might take for the end of the line are how bodies are smuggled. */

enum {
	CHUNK_DIGITS_MAX = 16,
	HEX_BITS = 4,
};
static const uint64_t CHUNK_SIZE_MAX = UINT64_C(1) << 62;

enum chunk_state {
	CHUNK_SIZE_FIRST,   /* a digit is due */
	CHUNK_SIZE,         /* digits, or what may follow them */
	CHUNK_EXT_GAP,      /* blanks behind a size or a value: ';' is due */
	CHUNK_EXT_NAME_DUE, /* behind ';' */
	CHUNK_EXT_NAME,
	CHUNK_EXT_NAME_GAP,  /* blanks behind a name: '=' or ';' is due */
	CHUNK_EXT_VALUE_DUE, /* behind '=' */
	CHUNK_EXT_VALUE,
	CHUNK_EXT_QUOTED,
	CHUNK_EXT_ESCAPE, /* behind '\' in a quoted string */
	CHUNK_EXT_CLOSED, /* behind the closing '"' */
	CHUNK_LINE_LF,    /* behind the CR of a size line */
	CHUNK_DATA,
	CHUNK_DATA_CR, /* the data is complete */
	CHUNK_DATA_LF,
	CHUNK_DONE,
	CHUNK_BAD,
};

/* Columns of the table below. */
enum chunk_byte {
	BYTE_TOKEN,
	BYTE_BLANK,
	BYTE_SEMI,
	BYTE_EQUAL,
	BYTE_QUOTE,
	BYTE_ESC,
	BYTE_CR,
	BYTE_TEXT,
	BYTE_COUNT
};

/* chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ), RFC 9112 section
 * 7.1.1. Rows that are not here are states of other kinds. */
/* clang-format off */
#define NO CHUNK_BAD
static const uint8_t chunk_ext_next[CHUNK_LINE_LF][BYTE_COUNT] = {
	/*                       token            blank                ;                   =                    "                 \                 CR             other text */
	[CHUNK_SIZE] =          {NO,              CHUNK_EXT_GAP,       CHUNK_EXT_NAME_DUE, NO,                  NO,               NO,               CHUNK_LINE_LF, NO},
	[CHUNK_EXT_GAP] =       {NO,              CHUNK_EXT_GAP,       CHUNK_EXT_NAME_DUE, NO,                  NO,               NO,               NO,            NO},
	[CHUNK_EXT_NAME_DUE] =  {CHUNK_EXT_NAME,  CHUNK_EXT_NAME_DUE,  NO,                 NO,                  NO,               NO,               NO,            NO},
	[CHUNK_EXT_NAME] =      {CHUNK_EXT_NAME,  CHUNK_EXT_NAME_GAP,  CHUNK_EXT_NAME_DUE, CHUNK_EXT_VALUE_DUE, NO,               NO,               CHUNK_LINE_LF, NO},
	[CHUNK_EXT_NAME_GAP] =  {NO,              CHUNK_EXT_NAME_GAP,  CHUNK_EXT_NAME_DUE, CHUNK_EXT_VALUE_DUE, NO,               NO,               NO,            NO},
	[CHUNK_EXT_VALUE_DUE] = {CHUNK_EXT_VALUE, CHUNK_EXT_VALUE_DUE, NO,                 NO,                  CHUNK_EXT_QUOTED, NO,               NO,            NO},
	[CHUNK_EXT_VALUE] =     {CHUNK_EXT_VALUE, CHUNK_EXT_GAP,       CHUNK_EXT_NAME_DUE, NO,                  NO,               NO,               CHUNK_LINE_LF, NO},
	[CHUNK_EXT_QUOTED] =    {CHUNK_EXT_QUOTED, CHUNK_EXT_QUOTED,   CHUNK_EXT_QUOTED,   CHUNK_EXT_QUOTED,    CHUNK_EXT_CLOSED, CHUNK_EXT_ESCAPE, NO,            CHUNK_EXT_QUOTED},
	[CHUNK_EXT_ESCAPE] =    {CHUNK_EXT_QUOTED, CHUNK_EXT_QUOTED,   CHUNK_EXT_QUOTED,   CHUNK_EXT_QUOTED,    CHUNK_EXT_QUOTED, CHUNK_EXT_QUOTED, NO,            CHUNK_EXT_QUOTED},
	[CHUNK_EXT_CLOSED] =    {NO,              CHUNK_EXT_GAP,       CHUNK_EXT_NAME_DUE, NO,                  NO,               NO,               CHUNK_LINE_LF, NO},
};
#undef NO
/* clang-format on */

static enum chunk_state
chunk_ext_step(enum chunk_state state, char c)
{
	enum chunk_byte byte = BYTE_TEXT;

	if (char_is(c, CHAR_TOKEN))
		byte = BYTE_TOKEN;
	else if (char_is(c, CHAR_BLANK))
		byte = BYTE_BLANK;
	else if (c == ';')
		byte = BYTE_SEMI;
	else if (c == '=')
		byte = BYTE_EQUAL;
	else if (c == '"')
		byte = BYTE_QUOTE;
	else if (c == '\\')
		byte = BYTE_ESC;
	else if (c == '\r')
		byte = BYTE_CR;
	else if (!char_is(c, CHAR_VALUE))
		return CHUNK_BAD; /* bare LF, NUL and other controls */
	return chunk_ext_next[state][byte];
}

/* 1*HEXDIG: no sign, no "0x", and no more digits than can be counted (CVE-2013-2028's class). */
static enum chunk_state
chunk_size_step(struct h1_chunked *c, char digit)
{
	if (c->line > CHUNK_DIGITS_MAX)
		return CHUNK_BAD;
	c->left = c->left << HEX_BITS | char_hex(digit);
	return CHUNK_SIZE;
}

/* Everything but data. */
static enum chunk_state
chunk_step(struct h1_chunked *c, char byte)
{
	enum chunk_state state = c->state;

	switch (state) {
	case CHUNK_SIZE_FIRST:
	case CHUNK_SIZE:
		if (char_is(byte, CHAR_HEX))
			return chunk_size_step(c, byte);
		return state == CHUNK_SIZE ? chunk_ext_step(state, byte) : CHUNK_BAD;
	case CHUNK_EXT_GAP:
	case CHUNK_EXT_NAME_DUE:
	case CHUNK_EXT_NAME:
	case CHUNK_EXT_NAME_GAP:
	case CHUNK_EXT_VALUE_DUE:
	case CHUNK_EXT_VALUE:
	case CHUNK_EXT_QUOTED:
	case CHUNK_EXT_ESCAPE:
	case CHUNK_EXT_CLOSED:
		return chunk_ext_step(state, byte);
	case CHUNK_LINE_LF:
		if (byte != '\n' || c->left > CHUNK_SIZE_MAX)
			return CHUNK_BAD;
		c->line = 0;
		return c->left > 0 ? CHUNK_DATA : CHUNK_DONE;
	case CHUNK_DATA_CR:
		return byte == '\r' ? CHUNK_DATA_LF : CHUNK_BAD;
	case CHUNK_DATA_LF:
		c->line = 0;
		return byte == '\n' ? CHUNK_SIZE_FIRST : CHUNK_BAD;
	case CHUNK_DATA:
	case CHUNK_DONE:
	case CHUNK_BAD:
		break;
	}
	return CHUNK_BAD;
}

/* Moves as much of the data as is here to its place. */
static void
chunk_data(struct h1_chunked *c, char *bytes, size_t len, struct h1_chunk_out *out)
{
	size_t n = len - out->used;

	if (n > c->left)
		n = (size_t)c->left;
	if (out->used != out->payload)
		memmove(bytes + out->payload, bytes + out->used, n);
	out->used += n;
	out->payload += n;
	c->left -= n;
	if (c->left == 0)
		c->state = CHUNK_DATA_CR;
}

enum fault
h1_chunked_feed(struct h1_chunked *c, char *bytes, size_t len, struct h1_chunk_out *out)
{
	*out = (struct h1_chunk_out){.used = 0};
	while (out->used < len && c->state != CHUNK_DONE) {
		if (c->state == CHUNK_DATA) {
			chunk_data(c, bytes, len, out);
			continue;
		}
		if (++c->line > H1_CHUNK_LINE_MAX)
			c->state = CHUNK_BAD;
		c->state = (uint8_t)chunk_step(c, bytes[out->used]);
		if (c->state == CHUNK_BAD)
			return FAULT_http_request_error;
		out->used++;
	}
	out->done = c->state == CHUNK_DONE;
	return FAULT_none;
}
