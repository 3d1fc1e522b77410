#include "http/h1_write.h"

/* Start line without method, target and reason; framing and connection fields; the blank line. */
enum { H1_WRITE_FIXED = 160, H1_WRITE_DIGITS = 20 };

/* Names and values are short: a call of memcpy would cost more than the bytes. Two overlapping
 * words cover every length up to twice their size. */
static inline char *
put(char *p, struct str s)
{
	if (s.len >= 2 * sizeof(__uint128_t)) {
		memcpy(p, s.p, s.len);
	} else if (s.len >= sizeof(__uint128_t)) {
		memcpy(p, s.p, sizeof(__uint128_t));
		memcpy(p + s.len - sizeof(__uint128_t), s.p + s.len - sizeof(__uint128_t),
		    sizeof(__uint128_t));
	} else if (s.len >= sizeof(uint64_t)) {
		memcpy(p, s.p, sizeof(uint64_t));
		memcpy(
		    p + s.len - sizeof(uint64_t), s.p + s.len - sizeof(uint64_t), sizeof(uint64_t));
	} else {
		for (size_t i = 0; i < s.len; i++)
			p[i] = s.p[i];
	}
	return p + s.len;
}

static char *
put_u64(char *p, uint64_t n)
{
	char digits[H1_WRITE_DIGITS], *d = digits + sizeof(digits);

	do
		*--d = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	return put(p, str_of(d, (size_t)(digits + sizeof(digits) - d)));
}

size_t
h1_fields_size(const struct fields *fields)
{
	size_t n = 0;

	for (uint32_t i = 0; i < fields->n; i++)
		n += fields->v[i].name_len + fields->v[i].value_len + strlen(": \r\n");
	return n;
}

size_t
h1_write_size(const struct head *h)
{
	return H1_WRITE_FIXED + h->method_text.len + h->path.len + h->query.len + h->reason.len +
	       h1_fields_size(&h->fields);
}

static inline char *
put_pair(char *p, const char *two)
{
	memcpy(p, two, 2);
	return p + 2;
}

static inline char *
put_field(char *p, const struct field *f)
{
	/* As it came, the whole is one piece. */
	if (f->value == f->name + f->name_len + strlen(": ") && f->name[f->name_len] == ':' &&
	    f->name[f->name_len + 1] == ' ') {
		p = put(p, str_of(f->name, f->name_len + strlen(": ") + f->value_len));
	} else {
		p = put(p, str_of(f->name, f->name_len));
		p = put_pair(p, ": ");
		p = put(p, str_of(f->value, f->value_len));
	}
	return put_pair(p, "\r\n");
}

char *
h1_write_fields(char *p, const struct fields *fields)
{
	for (uint32_t i = 0; i < fields->n; i++)
		p = put_field(p, &fields->v[i]);
	return p;
}

static char *
put_start_line(char *p, const struct head *h)
{
	if (h->status != 0) {
		p = put(p, STR("HTTP/1.1 "));
		p = put_u64(p, h->status);
		*p++ = ' ';
		p = put(p, h->reason);
	} else {
		p = put(p, h->method_text);
		*p++ = ' ';
		p = put(p, h->path);
		if (h->query.p != NULL) {
			*p++ = '?';
			p = put(p, h->query);
		}
		p = put(p, STR(" HTTP/1.1"));
	}
	*p++ = '\r';
	*p++ = '\n';
	return p;
}

/* RFC 9112 section 6: one framing field, from the message. A Content-Length that came with a
 * message without body (a HEAD response, a 304, "0") is end-to-end and passes; RFC 9110 section
 * 8.6 forbids it in 1xx and 204. */
static inline bool
passes(const struct head *h, const struct field *f, enum body_kind kind)
{
	switch (f->id) {
	case FIELD_TRANSFER_ENCODING:
		return false;
	case FIELD_CONTENT_LENGTH:
		return kind == BODY_NONE && h->status != 204 &&
		       (h->status == 0 || h->status >= 200);
	default:
		return true;
	}
}

char *
h1_write_head(char *p, const struct head *h, enum body_kind kind, uint64_t length, bool upgrade,
    enum h1_connection connection)
{
	p = put_start_line(p, h);
	for (uint32_t i = 0; i < h->fields.n; i++)
		if (likely(passes(h, &h->fields.v[i], kind)))
			p = put_field(p, &h->fields.v[i]);
	if (kind == BODY_LENGTH) {
		p = put(p, STR("Content-Length: "));
		p = put_u64(p, length);
		p = put(p, STR("\r\n"));
	} else if (kind == BODY_CHUNKED) {
		p = put(p, STR("Transfer-Encoding: chunked\r\n"));
	}
	if (upgrade)
		p = put(p, STR("Connection: upgrade\r\n"));
	else if (connection == H1_CONNECTION_CLOSE)
		p = put(p, STR("Connection: close\r\n"));
	else if (connection == H1_CONNECTION_KEEP_ALIVE)
		p = put(p, STR("Connection: keep-alive\r\n"));
	return put(p, STR("\r\n"));
}

char *
h1_write_chunk_line(char *p, uint64_t size)
{
	unsigned shift = size ? (63u - (unsigned)__builtin_clzll(size)) / 4 * 4 : 0;

	for (;; shift -= 4) {
		*p++ = "0123456789abcdef"[(size >> shift) & 15];
		if (shift == 0)
			break;
	}
	return put(p, STR("\r\n"));
}
