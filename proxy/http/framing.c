#include "http/framing.h"

#include "http/chars.h"

/* How long a message is, decided in one place (RFC 9112 section 6). Requests:
 *
 *	Transfer-Encoding           Content-Length    answer
 *	--------------------------  ----------------  --------------------------------------------
 *	none                        none              no body
 *	none                        0                 no body
 *	none                        1*19DIGIT         that many bytes
 *	none                        anything else     400: sign, blank, list, "0x", overflow, twice
 *	chunked, in HTTP/1.1        none              chunked
 *	any, in HTTP/1.0            any               400 (section 6.1)
 *	any                         any               400: both is how requests are smuggled
 *	chunked twice or not last   none              400 (sections 6.3, 7.1)
 *	other codings, well-formed  none              501 (section 6.1)
 *	malformed, or two fields    none              400
 *
 * Responses are the same with two changes: a fault is the upstream's, and none of both means "until
 * the upstream closes". 1xx, 204, 304 and answers to HEAD have no body whatever their fields say
 * (section 6.3), but those fields must be well-formed all the same: an upstream that cannot frame
 * one message is not trusted with the next. */

enum { LENGTH_DIGITS_MAX = 19 }; /* as many as 2^63 - 1 has */

enum {
	STATUS_SWITCHING = 101,
	STATUS_OK = 200, /* below: interim */
	STATUS_NO_CONTENT = 204,
	STATUS_NOT_MODIFIED = 304,
};

#define BIT(id) (UINT64_C(1) << FIELD_##id)

static inline bool
head_has(const struct head *h, uint64_t bits)
{
	return (h->fields.present & bits) != 0;
}

/* What a Transfer-Encoding means, one field with this value: FAULT_none for exactly "chunked",
 * FAULT_not_implemented for codings of good syntax that weir does not know (RFC 9112 section 6.1).
 * Empty elements are not skipped here: others may not skip them. */
static enum fault
coding_judge(struct str value)
{
	struct str rest = value, parameters, coding;
	bool chunked = false, other = false;

	if (likely(str_eq_case(value, STR("chunked"))))
		return FAULT_none;
	while (str_cut(&rest, ',', &parameters)) {
		(void)str_cut(&parameters, ';', &coding); /* true: there is an element */
		coding = str_trim(coding);
		/* Chunked comes last, once and without parameters (RFC 9112 section 7.1). */
		if (chunked || !chars_all(coding, CHAR_TOKEN))
			return FAULT_http_request_error;
		if (!str_eq_case(coding, STR("chunked")))
			other = true;
		else if (parameters.p != NULL)
			return FAULT_http_request_error;
		else
			chunked = true;
	}
	return other ? FAULT_not_implemented : FAULT_http_request_error;
}

/* RFC 9112 section 6.3, what both directions share: kind is BODY_CLOSE when nothing is said. */
static enum fault
body_frame(const struct head *h, struct framing *out)
{
	const struct field *coding, *length;
	struct str digits;

	out->kind = BODY_CLOSE;
	if (!head_has(h, BIT(TRANSFER_ENCODING) | BIT(CONTENT_LENGTH)))
		return FAULT_none;
	if ((h->fields.doubled & (BIT(TRANSFER_ENCODING) | BIT(CONTENT_LENGTH))) != 0)
		return FAULT_http_request_error;
	coding = fields_find(&h->fields, FIELD_TRANSFER_ENCODING);
	length = fields_find(&h->fields, FIELD_CONTENT_LENGTH);
	if (coding != NULL) {
		out->kind = BODY_CHUNKED;
		if (length != NULL || h->minor == 0)
			return FAULT_http_request_error;
		return coding_judge(field_value(coding));
	}
	digits = field_value(length);
	if (digits.len > LENGTH_DIGITS_MAX || !str_to_u64(digits, INT64_MAX, &out->length))
		return FAULT_http_request_error;
	out->kind = out->length > 0 ? BODY_LENGTH : BODY_NONE;
	return FAULT_none;
}

/* The Connection field after `last`; NULL is before the first and after the last. */
static const struct field *
connection_next(const struct fields *f, const struct field *last)
{
	if (last == NULL)
		return fields_find(f, FIELD_CONNECTION);
	if (!fields_doubled(f, FIELD_CONNECTION))
		return NULL;
	while (++last < f->v + f->n)
		if (last->id == FIELD_CONNECTION)
			return last;
	return NULL;
}

/* One element of a Connection field: a token, which mostly is the name of a field that weir knows,
 * "keep-alive" and "upgrade" among them (RFC 9110 section 7.6.1). */
struct option {
	struct str name;
	enum field_id id;
};

/* Cuts the next one off *rest; empty elements are skipped (RFC 9110 section 5.6.1.2). False: there
 * is none, or, when something is left in *rest, what follows is no token. */
static bool
option_next(struct str *rest, struct option *out)
{
	const char *p = rest->p, *end, *start;

	if (rest->len == 0)
		return false;
	end = p + rest->len;
	out->name = *rest;
	out->id = field_id_of(*rest);
	if (likely(out->id != FIELD_OTHER)) { /* the only one */
		*rest = STR_NONE;
		return true;
	}
	while (p < end && (*p == ',' || char_is(*p, CHAR_BLANK)))
		p++;
	for (start = p; p < end && char_is(*p, CHAR_TOKEN);)
		p++;
	out->name = str_of(start, (size_t)(p - start));
	while (p < end && char_is(*p, CHAR_BLANK))
		p++;
	*rest = str_of(p, (size_t)(end - p));
	if (out->name.len == 0 || (p < end && *p != ','))
		return false;
	out->id = field_id_of(out->name);
	return true;
}

/* What all Connection fields say about the connection. */
struct connection_options {
	bool close, keep_alive, upgrade;
};

/* False: something that is no token. */
static bool
connection_read(const struct fields *f, struct connection_options *out)
{
	const struct field *field = NULL;
	struct option option;
	struct str rest;

	*out = (struct connection_options){.close = false};
	while ((field = connection_next(f, field)) != NULL) {
		rest = field_value(field);
		while (option_next(&rest, &option)) {
			out->keep_alive |= option.id == FIELD_KEEP_ALIVE;
			out->upgrade |= option.id == FIELD_UPGRADE;
			out->close |= str_eq_case(option.name, STR("close"));
		}
		if (rest.len > 0)
			return false;
	}
	return true;
}

/* RFC 9112 section 9.3. Its exception, that proxies ignore the keep-alive of a 1.0 request, is
 * for proxies a client chose: we stand where the origin server stands, and Connection goes no
 * further than here. */
static bool
connection_persists(const struct head *h, const struct connection_options *c)
{
	return !c->close && (h->minor > 0 || c->keep_alive);
}

/* Is the Upgrade field one that may be passed on: a single one, protocols by their grammar (RFC
 * 9110 section 7.8), none of them HTTP by another name? Whoever talks h2c to an endpoint behind
 * weir is past every route and rule, so a list that offers it is dropped whole. */
static bool
upgrade_is_offered(const struct fields *f)
{
	struct str rest, protocol, name, version;
	bool any = false;

	if (fields_doubled(f, FIELD_UPGRADE))
		return false;
	rest = field_value(fields_find(f, FIELD_UPGRADE));
	while (str_cut(&rest, ',', &protocol)) {
		version = str_trim(protocol);
		if (version.len == 0)
			continue;
		(void)str_cut(&version, '/', &name); /* true: it is not empty */
		if (!chars_all(name, CHAR_TOKEN) ||
		    (version.p != NULL && !chars_all(version, CHAR_TOKEN)) ||
		    str_eq_case(name, STR("h2c")) || str_eq_case(name, STR("h2")) ||
		    str_eq_case(name, STR("http")))
			return false;
		any = true;
	}
	return any;
}

/* RFC 9110 section 10.1.1: exactly 100-continue, once; in HTTP/1.0 it is ignored, and without a
 * body there is nothing to wait for. */
static enum fault
expect_read(const struct head *h, struct framing *out)
{
	const struct field *field = fields_find(&h->fields, FIELD_EXPECT);

	if (field == NULL)
		return FAULT_none;
	if (fields_doubled(&h->fields, FIELD_EXPECT) ||
	    !str_eq_case(field_value(field), STR("100-continue")))
		return FAULT_expectation_failed;
	out->expect_continue = h->minor > 0 && out->kind != BODY_NONE;
	return FAULT_none;
}

/* A request without any of these says nothing about its framing. */
static const uint64_t FRAMING_FIELDS =
    BIT(TRANSFER_ENCODING) | BIT(CONTENT_LENGTH) | BIT(CONNECTION) | BIT(EXPECT);

enum fault
framing_request(const struct head *h, struct framing *out)
{
	struct connection_options options;
	enum fault fault;

	*out = (struct framing){.kind = BODY_NONE, .keep_alive = h->minor > 0};
	if (!head_has(h, FRAMING_FIELDS))
		return FAULT_none;
	fault = body_frame(h, out);
	if (fault != FAULT_none)
		return fault;
	if (out->kind == BODY_CLOSE)
		out->kind = BODY_NONE;
	if (!connection_read(&h->fields, &options))
		return FAULT_http_request_error;
	out->keep_alive = connection_persists(h, &options);
	/* What Connection does not name was meant for somebody else (RFC 9110 section 7.8); a body
	 * before the switch would have two ends. */
	out->upgrade = options.upgrade && h->method == METHOD_GET && h->minor > 0 &&
		       out->kind == BODY_NONE && upgrade_is_offered(&h->fields);
	return expect_read(h, out);
}

/* RFC 9112 section 6.3, rules 1 and 2. */
static bool
response_is_bodiless(const struct head *h, enum method asked)
{
	return asked == METHOD_HEAD || h->status < STATUS_OK || h->status == STATUS_NO_CONTENT ||
	       h->status == STATUS_NOT_MODIFIED;
}

static enum fault
response_fault(enum fault fault)
{
	return fault == FAULT_not_implemented ? FAULT_http_response_transfer_coding
					      : FAULT_http_protocol_error;
}

enum fault
framing_response(const struct head *h, enum method asked, bool upgrade_asked, struct framing *out)
{
	struct connection_options options;
	enum fault fault;

	*out = (struct framing){.kind = BODY_NONE};
	fault = body_frame(h, out);
	if (fault != FAULT_none)
		return response_fault(fault);
	if (!connection_read(&h->fields, &options))
		return FAULT_http_protocol_error;
	if (h->status == STATUS_SWITCHING) {
		/* RFC 9110 section 15.2.2: it says to what; and only what was asked for. */
		out->upgrade = upgrade_asked && options.upgrade && upgrade_is_offered(&h->fields);
		if (!out->upgrade)
			return FAULT_http_upgrade_failed;
	}
	if (response_is_bodiless(h, asked)) {
		out->kind = BODY_NONE;
		out->length = 0;
	}
	out->keep_alive = out->kind != BODY_CLOSE && connection_persists(h, &options);
	return FAULT_none;
}

/* RFC 9110 section 7.6.1, with the three that old software takes for such. Trailer is none of them
 * (section 6.6.2 has it forwarded). Proxy-Authenticate and Proxy-Authorization are neither: they
 * are for the proxy that asked (sections 11.7.1 and 11.7.2), weir never asks, and so it may only
 * relay them to one behind it. */
static const uint64_t HOP_ALWAYS = BIT(CONNECTION) | BIT(KEEP_ALIVE) | BIT(PROXY_CONNECTION) |
				   BIT(TE) | BIT(TRANSFER_ENCODING) | BIT(UPGRADE) |
				   BIT(HTTP2_SETTINGS);

/* What naming it in Connection does not remove: what routes and frames the message, and what weir
 * vouches for. Else a client could have the proof of its own address removed, or a body. */
static const uint64_t HOP_NEVER = BIT(HOST) | BIT(CONTENT_LENGTH) | BIT(FORWARDED) |
				  BIT(X_FORWARDED_FOR) | BIT(X_FORWARDED_PROTO) |
				  BIT(X_FORWARDED_HOST) | BIT(X_FORWARDED_PORT) | BIT(X_REAL_IP) |
				  BIT(X_REQUEST_ID) | BIT(OTHER);

static bool
name_is_forwarding(struct str name)
{
	const struct str prefix = STR("x-forwarded-");

	return name.len > prefix.len && str_eq_case(str_of(name.p, prefix.len), prefix);
}

/* False: too many names. */
static bool
hop_nominate(struct hop_fields *hop, const struct option *option)
{
	if (option->id != FIELD_OTHER) {
		hop->ids |= (UINT64_C(1) << option->id) & ~HOP_NEVER;
		return true;
	}
	if (str_eq_case(option->name, STR("close")) || name_is_forwarding(option->name))
		return true;
	if (hop->n == nelem(hop->named))
		return false;
	hop->named[hop->n++] = option->name;
	return true;
}

static enum fault
hop_fault(const struct head *h)
{
	return h->status == 0 ? FAULT_http_request_error : FAULT_http_protocol_error;
}

enum fault
framing_hop_begin(const struct head *h, struct hop_fields *out)
{
	const struct field *field = NULL;
	struct option option;
	struct str rest;

	out->ids = HOP_ALWAYS;
	out->n = 0;
	if (!head_has(h, BIT(CONNECTION)))
		return FAULT_none;
	while ((field = connection_next(&h->fields, field)) != NULL) {
		rest = field_value(field);
		while (option_next(&rest, &option))
			if (!hop_nominate(out, &option))
				return hop_fault(h);
		if (rest.len > 0)
			return hop_fault(h);
	}
	return FAULT_none;
}

bool
framing_is_hop(const struct hop_fields *hop, const struct field *f)
{
	if ((hop->ids >> f->id & 1) != 0)
		return true;
	if (likely(hop->n == 0) || f->id != FIELD_OTHER)
		return false;
	for (unsigned i = 0; i < hop->n; i++)
		if (str_eq_case(hop->named[i], str_of(f->name, f->name_len)))
			return true;
	return false;
}

/* RFC 9110 section 6.5.1: nothing that frames, routes, modifies the request, authenticates,
 * controls the response or says how to read the content may come after it; whoever merges trailers
 * into the head would be told two stories. Nor what weir itself vouches for. */
bool
framing_trailer_allowed(const struct field *f)
{
	static const uint64_t allowed =
	    BIT(OTHER) | BIT(PROXY_STATUS) | BIT(SERVER) | BIT(GRPC_STATUS);
	static const struct str refused[] = {
	    STR_INIT("age"),
	    STR_INIT("authentication-info"),
	    STR_INIT("authorization"),
	    STR_INIT("cache-control"),
	    STR_INIT("content-encoding"),
	    STR_INIT("content-language"),
	    STR_INIT("content-location"),
	    STR_INIT("content-range"),
	    STR_INIT("expires"),
	    STR_INIT("if-match"),
	    STR_INIT("if-modified-since"),
	    STR_INIT("if-none-match"),
	    STR_INIT("if-range"),
	    STR_INIT("if-unmodified-since"),
	    STR_INIT("location"),
	    STR_INIT("max-forwards"),
	    STR_INIT("pragma"),
	    STR_INIT("range"),
	    STR_INIT("vary"),
	    STR_INIT("warning"),
	    STR_INIT("www-authenticate"),
	};
	struct str name = str_of(f->name, f->name_len);

	if ((allowed >> f->id & 1) == 0 || name_is_forwarding(name))
		return false;
	for (size_t i = 0; i < nelem(refused); i++)
		if (str_eq_case(name, refused[i]))
			return false;
	return true;
}

/* Is this protocol among those that the request's Upgrade fields name? */
static bool
upgrade_was_asked(const struct head *asked, struct str protocol)
{
	for (uint32_t i = 0; i < asked->fields.n; i++) {
		struct str rest = field_value(&asked->fields.v[i]), one;

		if (asked->fields.v[i].id != FIELD_UPGRADE)
			continue;
		while (str_cut(&rest, ',', &one))
			if (str_eq_case(str_trim(one), protocol))
				return true;
	}
	return false;
}

bool
framing_upgrade_answers(const struct head *asked, const struct head *answer)
{
	for (uint32_t i = 0; i < answer->fields.n; i++) {
		struct str rest = field_value(&answer->fields.v[i]), one;

		if (answer->fields.v[i].id != FIELD_UPGRADE)
			continue;
		while (str_cut(&rest, ',', &one))
			if (!upgrade_was_asked(asked, str_trim(one)))
				return false;
	}
	return true;
}

enum fault
framing_answer_fault(enum fault why)
{
	switch (why) {
	case FAULT_http_request_error:
		return FAULT_http_protocol_error;
	case FAULT_header_too_large:
		return FAULT_http_response_header_section_size;
	default:
		return why;
	}
}
