/* RFC 8446 section 4.1.2 for the message, 5.1 for the records that carry it; RFC 6066 section 3 for
 * the name, RFC 7301 for the protocols. Two passes: is it whole, and then what does it say?
 *
 *	record   22 | 3 x | length | fragment of the handshake message
 *	message   1 | length 3     | version 2, random 32, id 1+, ciphers 2+, methods 1+,
 *	                             extensions 2+: (type 2, data 2+)*
 *
 * "1+" is a vector with a length of one byte before it. */
#include "io/client_hello.h"

enum {
	RECORD_HEAD = 5,
	RECORD_HANDSHAKE = 22,
	RECORD_VERSION = 3, /* all there are since SSL 3.0 */
	RECORD_MAX = 1 << 14,
	MESSAGE_HEAD = 4,
	MESSAGE_HELLO = 1,
	VERSION_AND_RANDOM = 2 + 32,
	ID_MAX = 32,
	LEN_8 = 1, /* bytes of a length */
	LEN_16 = 2,
	LEN_24 = 3,
	EXTENSION_NAME = 0,
	EXTENSION_ALPN = 16,
	NAME_HOST = 0,
	NAME_MAX_LEN = 255,
	BYTE_BITS = 8,
};

static size_t
number(const char *p, unsigned bytes)
{
	size_t n = 0;

	for (unsigned i = 0; i < bytes; i++)
		n = n << BYTE_BITS | (unsigned char)p[i];
	return n;
}

/* Cuts n bytes off the front. */
static bool
cut(struct str *rest, size_t n, struct str *out)
{
	if (n > rest->len)
		return false;
	*out = str_of(rest->p, n);
	*rest = str_of(rest->p + n, rest->len - n);
	return true;
}

static bool
cut_number(struct str *rest, unsigned bytes, size_t *out)
{
	struct str text;

	if (!cut(rest, bytes, &text))
		return false;
	*out = number(text.p, bytes);
	return true;
}

/* Cuts a vector off the front: its length, then as many bytes. */
static bool
cut_vector(struct str *rest, unsigned len_bytes, struct str *out)
{
	size_t n;

	return cut_number(rest, len_bytes, &n) && cut(rest, n, out);
}

/* ---- is it whole? ---- */

/* Whether so many bytes may begin a record. */
static bool
record_fits(const char *p, size_t n)
{
	size_t len = n < RECORD_HEAD ? 1 : number(p + LEN_24, LEN_16);

	return p[0] == RECORD_HANDSHAKE && (n < 2 || p[1] == RECORD_VERSION) && len > 0 &&
	       len <= RECORD_MAX;
}

/* Whether so many bytes may begin a hello; *want is its size, once that is known. */
static bool
message_fits(const char *p, size_t n, size_t *want)
{
	*want = n < MESSAGE_HEAD ? SIZE_MAX : MESSAGE_HEAD + number(p + 1, LEN_24);
	return n == 0 || (p[0] == MESSAGE_HELLO && (n < MESSAGE_HEAD || *want <= CLIENT_HELLO_MAX));
}

/* Moves what the records carry together, at the start of the bytes. */
static enum client_hello_parse
records_join(char *bytes, size_t n, struct str *message)
{
	size_t at = 0, got = 0, want = SIZE_MAX;

	while (at < n && got < want) {
		size_t len = 0;

		if (!record_fits(bytes + at, n - at))
			return CLIENT_HELLO_BAD;
		if (n - at <= RECORD_HEAD)
			break;
		len = number(bytes + at + LEN_24, LEN_16);
		at += RECORD_HEAD;
		len = len < n - at ? len : n - at;
		memmove(bytes + got, bytes + at, len);
		at += len;
		got += len;
		if (!message_fits(bytes, got, &want))
			return CLIENT_HELLO_BAD;
	}
	if (got < want)
		return n < CLIENT_HELLO_MAX ? CLIENT_HELLO_MORE : CLIENT_HELLO_BAD;
	*message = str_of(bytes, want);
	return CLIENT_HELLO_DONE;
}

/* ---- what does it say? ---- */

static bool
name_lower(struct str name, struct str *out)
{
	char *p = (char *)(uintptr_t)name.p; /* the caller's bytes */

	if (name.len == 0 || name.len > NAME_MAX_LEN || out->p != NULL)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (p[i] <= ' ' || p[i] > '~')
			return false;
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] |= 0x20;
	}
	*out = name;
	return true;
}

/* RFC 6066 section 3: a list of names, one of each type; the only type there is is a host's. */
static bool
names_read(struct str data, struct str *out)
{
	struct str list, name;
	size_t type;

	if (!cut_vector(&data, LEN_16, &list) || data.len > 0 || list.len == 0)
		return false;
	while (list.len > 0) {
		if (!cut_number(&list, LEN_8, &type) || !cut_vector(&list, LEN_16, &name))
			return false;
		if (type == NAME_HOST && !name_lower(name, out))
			return false;
	}
	return true;
}

/* The length before each protocol but the first becomes the comma between two. */
static bool
protocols_read(struct str data, struct str *out)
{
	struct str list, all, protocol;

	if (!cut_vector(&data, LEN_16, &list) || data.len > 0 || list.len == 0 || out->p != NULL)
		return false;
	all = list;
	while (list.len > 0) {
		char *length = (char *)(uintptr_t)list.p; /* the caller's bytes */

		if (!cut_vector(&list, LEN_8, &protocol) || protocol.len == 0)
			return false;
		*length = ',';
	}
	*out = str_of(all.p + LEN_8, all.len - LEN_8);
	return true;
}

static bool
extensions_read(struct str list, struct client_hello *out)
{
	struct str data;
	size_t type;

	while (list.len > 0) {
		if (!cut_number(&list, LEN_16, &type) || !cut_vector(&list, LEN_16, &data))
			return false;
		if (type == EXTENSION_NAME && !names_read(data, &out->name))
			return false;
		if (type == EXTENSION_ALPN && !protocols_read(data, &out->alpn))
			return false;
	}
	return true;
}

/* A hello may end without extensions (RFC 5246 section 7.4.1.2). */
static bool
hello_read(struct str hello, struct client_hello *out)
{
	struct str random, id, ciphers, methods, extensions;

	if (!cut(&hello, VERSION_AND_RANDOM, &random) || !cut_vector(&hello, LEN_8, &id) ||
	    id.len > ID_MAX || !cut_vector(&hello, LEN_16, &ciphers) || ciphers.len == 0 ||
	    ciphers.len % LEN_16 != 0 || !cut_vector(&hello, LEN_8, &methods) || methods.len == 0)
		return false;
	if (hello.len == 0)
		return true;
	return cut_vector(&hello, LEN_16, &extensions) && hello.len == 0 &&
	       extensions_read(extensions, out);
}

enum client_hello_parse
client_hello_parse(char *bytes, size_t n, struct client_hello *out)
{
	enum client_hello_parse whole;
	struct str message, head;

	*out = (struct client_hello){.name = STR_NONE};
	whole = records_join(bytes, n, &message);
	if (whole != CLIENT_HELLO_DONE)
		return whole;
	return cut(&message, MESSAGE_HEAD, &head) && hello_read(message, out) ? CLIENT_HELLO_DONE
									      : CLIENT_HELLO_BAD;
}
