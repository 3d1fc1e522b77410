/* h2_head - a decoded list of fields becomes a head that cannot be told from one of HTTP/1: the
 * same parsers judge it and the same faults answer it (RFC 9113 sections 8.2 and 8.3). What names
 * a connection, and pseudo-fields in disorder, nghttp2 has refused before. */
#include "http/chars.h"
#include "http/h1_parse.h"
#include "http/h2_parts.h"
#include "http/reason.h"
#include "http/uri.h"

enum {
	H2_FIELD_COST = 32, /* what a field counts beyond its bytes: RFC 9113 section 6.5.2 */
	H2_STATUS_MAX = 999,
};

/* "name: value" in one piece, as HTTP/1 would have it: whoever writes it so copies once. */
static bool
h2_field_copy(struct arena *a, struct str *name, struct str *value)
{
	char *p = arena_take(a, name->len + value->len + strlen(": "));
	char *v;

	if (p == NULL)
		return false;
	v = mempcpy(mempcpy(p, name->p, name->len), ": ", 2);
	if (value->len > 0)
		memcpy(v, value->p, value->len);
	*name = str_of(p, name->len);
	*value = str_of(v, value->len);
	return true;
}

static void
h2_head_pseudo(struct h2_stream *s, struct str name, struct str value)
{
	struct head *h = s->head;

	if (str_eq(name, STR(":status"))) {
		uint64_t status;

		if (!str_to_u64(value, H2_STATUS_MAX, &status))
			s->bad = FAULT_http_request_error;
		else
			h->status = (uint16_t)status;
	} else if (str_eq(name, STR(":method"))) {
		h->method_text = value;
		h->method = method_of(value);
	} else if (str_eq(name, STR(":path"))) {
		h->target = value;
	} else if (str_eq(name, STR(":authority"))) {
		h->authority = value;
	} else if (str_eq(name, STR(":scheme"))) {
		s->scheme = value;
	} else { /* :protocol, which our SETTINGS do not allow */
		s->bad = FAULT_http_request_error;
	}
}

void
h2_head_field(struct h2_stream *s, struct str name, struct str value)
{
	struct stream *stream = s->stream;
	struct fields *to = s->head != NULL ? &s->head->fields : stream->in.trailers;

	s->list_bytes += (uint32_t)(name.len + value.len + H2_FIELD_COST);
	if (s->bad != FAULT_none)
		return;
	if (s->list_bytes > H2_LIST_MAX || to->n == H2_FIELDS_MAX ||
	    !h2_field_copy(stream->arena, &name, &value)) {
		s->bad = FAULT_header_too_large;
		return;
	}
	if (name.p[0] == ':') {
		h2_head_pseudo(s, name, value);
		return;
	}
	if (!chars_all(name, CHAR_TOKEN) || (value.len > 0 && !chars_all(value, CHAR_VALUE)))
		s->bad = FAULT_http_request_error;
	else if (!fields_add(to, stream->arena, name, value))
		s->bad = FAULT_header_too_large;
}

/* Crumbs become one field again (RFC 9113 section 8.2.3). */
static bool
h2_join_cookies(struct fields *f, struct arena *a)
{
	size_t len = 0;
	char *text, *p;
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n; i++)
		if (f->v[i].id == FIELD_COOKIE)
			len += strlen("; ") + f->v[i].value_len;
	text = p = arena_take(a, len);
	if (text == NULL)
		return false;
	for (uint32_t i = 0; i < f->n; i++) {
		const struct field *field = &f->v[i];

		if (field->id != FIELD_COOKIE) {
			f->v[n++] = *field;
			continue;
		}
		p = mempcpy(p, "; ", 2);
		p = mempcpy(p, field->value, field->value_len);
	}
	f->n = n;
	f->doubled &= ~(UINT64_C(1) << FIELD_COOKIE);
	return fields_add(f, a, STR("cookie"), str_of(text + 2, len - 2)); /* in place of a crumb */
}

/* :authority and Host name the same, and one of them is there (RFC 9113 section 8.3.1). */
static enum fault
h2_head_authority(struct h2_stream *s)
{
	struct head *h = s->head;
	const struct field *host = fields_find(&h->fields, FIELD_HOST);
	uint16_t port;

	if (fields_doubled(&h->fields, FIELD_HOST))
		return FAULT_http_request_error;
	if (h->authority.p == NULL)
		h->authority = field_value(host);
	if (!uri_authority(h->authority, &h->host, &port))
		return FAULT_http_request_error;
	return host == NULL || uri_authority_same(h->authority, field_value(host))
		   ? FAULT_none
		   : FAULT_http_request_error;
}

static enum fault
h2_head_target(struct h2_stream *s)
{
	struct head *h = s->head;
	struct uri uri;
	enum fault fault;

	if (!chars_all(h->method_text, CHAR_TOKEN))
		return FAULT_http_request_error;
	if (h->method == METHOD_CONNECT)
		h->target = h->authority;
	else if (!str_eq(s->scheme, STR("http")) && !str_eq(s->scheme, STR("https")))
		return FAULT_http_request_error;
	if (h->target.len > H1_TARGET_MAX)
		return FAULT_uri_too_long;
	fault = uri_parse(h->method, h->target, &uri);
	if (fault != FAULT_none)
		return fault;
	if (uri.authority.p != NULL && h->method != METHOD_CONNECT)
		return FAULT_http_request_error; /* :path is a path, not a whole URI */
	h->path = uri.path;
	h->query = uri.query;
	return FAULT_none;
}

static enum fault
h2_request_framing(struct h2_stream *s, bool no_body)
{
	struct message *in = &s->stream->in;
	struct framing framing;
	enum fault fault;

	fault = framing_request(s->head, &framing);
	if (fault != FAULT_none)
		return fault;
	in->kind = framing.kind;
	in->length = framing.length;
	if (!no_body && fields_find(&s->head->fields, FIELD_CONTENT_LENGTH) == NULL)
		in->kind = BODY_CHUNKED; /* its end will be told */
	return FAULT_none;
}

void
h2_head_request(struct h2_stream *s, bool no_body)
{
	struct head *h = s->head;

	if (s->bad == FAULT_none)
		s->bad = h2_head_authority(s);
	if (s->bad == FAULT_none)
		s->bad = h2_head_target(s);
	if (s->bad == FAULT_none)
		s->bad = h2_request_framing(s, no_body);
	if (s->bad == FAULT_none && fields_doubled(&h->fields, FIELD_COOKIE) &&
	    !h2_join_cookies(&h->fields, s->stream->arena))
		s->bad = FAULT_header_too_large;
	s->stream->in.keep_alive = true;
}

void
h2_head_answer(struct h2_stream *s, bool no_body)
{
	struct message *in = &s->stream->in;
	const struct head *asked = s->stream->out.head;
	struct framing framing;

	if (s->bad == FAULT_none)
		s->bad = framing_response(s->head, asked->method, false, &framing);
	if (s->bad != FAULT_none)
		return;
	s->head->reason = reason_of(s->head->status); /* for clients of HTTP/1 */
	in->kind = framing.kind;
	in->length = framing.length;
	in->keep_alive = true;
	if (framing.kind == BODY_CLOSE) /* nothing said how long it is: its end is told, or here */
		in->kind = no_body ? BODY_LENGTH : BODY_CHUNKED;
}
