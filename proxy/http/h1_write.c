#include "http/h1_write.h"

#include "base/put.h"

enum {
	H1_WRITE_START = 16, /* the start line without method, target and reason */
	H1_WRITE_END = 128,  /* a framing and a connection field, the blank line */
};

size_t
h1_fields_size(const struct fields *fields)
{
	size_t n = 0;

	for (uint32_t i = 0; i < fields->n; i++)
		n += field_line_len(&fields->v[i]);
	return n;
}

static inline size_t
h1_start_size(const struct head *h)
{
	return H1_WRITE_START + h->method_text.len + h->path.len + h->query.len + h->reason.len +
	       H1_WRITE_END;
}

size_t
h1_write_size(const struct head *h)
{
	return h1_start_size(h) + h1_fields_size(&h->fields);
}

static char *
put_field(char *p, const struct field *f)
{
	p = put(p, str_of(f->name, f->name_len));
	p = put(p, STR(": "));
	p = put(p, str_of(f->value, f->value_len));
	return put(p, STR("\r\n"));
}

char *
h1_write_fields(char *p, const struct fields *fields)
{
	for (uint32_t i = 0; i < fields->n; i++)
		p = put_field(p, &fields->v[i]);
	return p;
}

static inline char *
put_start_line(char *p, const struct head *h)
{
	if (h->status != 0) {
		p = put(p, STR("HTTP/1.1 "));
		*p++ = (char)('0' + h->status / 100);
		*p++ = (char)('0' + h->status / 10 % 10);
		*p++ = (char)('0' + h->status % 10);
		*p++ = ' ';
		p = put(p, h->reason);
		return put(p, STR("\r\n"));
	}
	p = put(p, h->method_text);
	*p++ = ' ';
	p = put(p, h->path);
	if (h->query.p != NULL) {
		*p++ = '?';
		p = put(p, h->query);
	}
	return put(p, STR(" HTTP/1.1\r\n"));
}

/* RFC 9112 section 6: one framing field, from the message. A Content-Length that says just what
 * will be said may say it where it stands. One that came with a message without body (a HEAD
 * response, a 304, "0") is end-to-end and passes; RFC 9110 section 8.6 forbids it in 1xx and 204.
 */
static bool
passes(const struct head *h, const struct field *f, const struct h1_frame *frame, bool *framed)
{
	uint64_t length;

	if (f->id == FIELD_TRANSFER_ENCODING)
		return false;
	if (frame->kind == BODY_NONE)
		return h->status != 204 && (h->status == 0 || h->status >= 200);
	if (frame->kind != BODY_LENGTH || *framed || f->value_len == 0 || f->value[0] == '0' ||
	    !str_to_u64(field_value(f), UINT64_MAX, &length))
		return false;
	return *framed = length == frame->length;
}

static const uint64_t FRAMING_FIELDS =
    UINT64_C(1) << FIELD_TRANSFER_ENCODING | UINT64_C(1) << FIELD_CONTENT_LENGTH;

/* Fields that stand as lines, one behind the other, are one run and one copy: most of what is
 * passed on, and all that weir adds. Field by field a head cost four times as much. NULL: they do
 * not fit. */
static char *
put_lines(
    char *p, const char *end, const struct head *h, const struct h1_frame *frame, bool *framed)
{
	const struct field *f = h->fields.v;
	struct str run = STR("");

	for (uint32_t left = h->fields.n; left > 0; left--, f++) {
		if (unlikely(FRAMING_FIELDS >> f->id & 1) && !passes(h, f, frame, framed))
			continue;
		if (likely(f->name == run.p + run.len && f->line)) {
			run.len += field_line_len(f);
			continue;
		}
		if (run.len + field_line_len(f) > (size_t)(end - p))
			return NULL;
		p = put(p, run);
		run = str_of(f->name, f->line ? field_line_len(f) : 0);
		if (!f->line)
			p = put_field(p, f);
	}
	return run.len <= (size_t)(end - p) ? put(p, run) : NULL;
}

char *
h1_write_head(char *p, size_t room, const struct head *h, const struct h1_frame *frame)
{
	const char *end;
	bool framed = false;

	if (room < h1_start_size(h))
		return NULL;
	end = p + room - H1_WRITE_END;
	p = put_start_line(p, h);
	p = put_lines(p, end, h, frame, &framed);
	if (p == NULL)
		return NULL;
	if (frame->kind == BODY_LENGTH && !framed) {
		p = put(p, STR("Content-Length: "));
		p = put_u64(p, frame->length);
		p = put(p, STR("\r\n"));
	} else if (frame->kind == BODY_CHUNKED) {
		p = put(p, STR("Transfer-Encoding: chunked\r\n"));
	}
	if (frame->upgrade)
		p = put(p, STR("Connection: upgrade\r\n"));
	else if (frame->connection == H1_CONNECTION_CLOSE)
		p = put(p, STR("Connection: close\r\n"));
	else if (frame->connection == H1_CONNECTION_KEEP_ALIVE)
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
