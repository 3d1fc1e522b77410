#include "http/h1_parse.h"

#include "http/chars.h"
#include "http/uri.h"
#include "http/vector.h"

/* Three passes over a head, each simple: h1_head_size finds its end (and refuses bare LF), the
 * parsers below cut it into pieces (and refuse bad bytes), uri.c and framing.c judge the pieces.
 *
 * What makes the loops short are two invariants, made once at the door. A head ends in CRLF CRLF:
 * CR is of no class that any loop here steps over, so every loop stops at the latest on the first
 * of those four bytes, without comparing with the end. And what is parsed is a copy in the arena
 * with VECTOR bytes behind it, so that bytes may be loaded sixteen at a time up to the very end. */

enum {
	METHOD_MAX = 32,   /* bytes of a method */
	VERSION_MAJOR = 5, /* where "HTTP/1.1" has its digits */
	VERSION_MINOR = 7,
	VERSION_LEN = 8,
	MINOR_MAX = 1,     /* above this, a minor version means 1.1 (RFC 9110 section 2.5) */
	STATUS_DIGITS = 3, /* RFC 9112 section 4 */
	END_LEN = 4,       /* CRLF CRLF */
};

_Static_assert(H1_HEAD_MAX <= UINT16_MAX + 1 && (int)H1_TRAILER_MAX <= (int)H1_HEAD_MAX,
    "the length of a name fits field.name_len");

#ifdef __SSE2__
/* A bit for each of the 16 bytes at p that is at most `most`, or DEL. */
static inline unsigned
head_stops(const char *p, char most)
{
	__m128i v = vector_load(p);

	return vector_bits(_mm_or_si128(vector_upto(v, most), vector_is(v, 0x7f)));
}
#endif

/* The first byte from p on that may not stand in a field value (RFC 9110 section 5.5): a control
 * but HTAB, or DEL. */
static inline const char *
value_end(const char *p)
{
#ifdef __SSE2__
	for (;;) {
		unsigned stops = head_stops(p, 0x1f);

		p += stops != 0 ? __builtin_ctz(stops) : VECTOR;
		if (likely(stops != 0) && likely(*p != '\t'))
			return p;
		p += stops != 0;
	}
#else
	while (char_is(*p, CHAR_VALUE))
		p++;
	return p;
#endif
}

/* The first byte from p on that ends or spoils a request target: up to SP, or DEL. */
static inline const char *
target_end(const char *p)
{
#ifdef __SSE2__
	unsigned stops;

	while ((stops = head_stops(p, ' ')) == 0)
		p += VECTOR;
	return p + __builtin_ctz(stops);
#else
	while ((unsigned char)*p > ' ' && *p != 0x7f)
		p++;
	return p;
#endif
}

/* The first byte from p on that is not of a token (RFC 9110 section 5.6.2). */
static inline const char *
token_end(const char *p)
{
	while (char_is(*p, CHAR_TOKEN))
		p++;
	return p;
}

/* The colon behind the field name at p; NULL: there is no name, or it does not end there. Nearly
 * all names are short and of letters, digits and hyphens. */
static inline const char *
name_parse(const char *p, enum field_id *id)
{
	const char *colon;

#ifdef __SSE2__
	size_t len = (size_t)__builtin_ctz(~vector_bits(vector_plain(vector_load(p))));

	if (likely(p[len] == ':' && len > 0)) {
		*id = field_id_of_plain(p, len);
		return p + len;
	}
#endif
	colon = token_end(p);
	*id = field_id_of(str_of(p, (size_t)(colon - p)));
	return *colon == ':' && colon > p ? colon : NULL;
}

/* Looks at the LF at `at`, which has two bytes before it. True: the section ends or fails here. */
static inline bool
line_ends(const char *bytes, size_t at, enum fault *fault)
{
	if (unlikely(bytes[at - 1] != '\r')) {
		*fault = FAULT_http_request_error; /* RFC 9112 section 2.2: bare LF */
		return true;
	}
	return bytes[at - 2] == '\n'; /* the LF of the line before, judged there */
}

#ifdef __SSE2__
/* The LFs of the 16 bytes at `at`, but for the first `seen` of them, all at once: those that have
 * no CR before them, and those that end an empty line. The first of either decides. */
static inline size_t
vector_ends(const char *bytes, size_t at, size_t seen, enum fault *fault)
{
	const char *p = bytes + at;
	unsigned lf = vector_bits(vector_is(vector_load(p), '\n')) >> seen << seen, hits;

	if (likely(lf == 0))
		return 0;
	hits = lf & (~vector_bits(vector_is(vector_load(p - 1), '\r')) |
			vector_bits(vector_is(vector_load(p - 2), '\n')));
	if (likely(hits == 0))
		return 0;
	at += (size_t)__builtin_ctz(hits);
	ASSERT(line_ends(bytes, at, fault));
	return at + 1;
}
#endif

/* The section's size; 0: it has no end before len. With a fault the size means nothing. The first
 * line is not empty, so there are two bytes before any LF that ends a section. */
static inline size_t
section_end(const char *bytes, size_t at, size_t len, enum fault *fault)
{
	if (at < 2) {
		if (len > 1 && bytes[1] == '\n') {
			*fault = FAULT_http_request_error; /* no CR before it */
			return len;
		}
		at = 2;
	}
#ifdef __SSE2__
	size_t size;

	for (; at + VECTOR <= len; at += VECTOR) {
		size = vector_ends(bytes, at, 0, fault);
		if (size > 0)
			return size;
	}
	/* The last vector reaches back over bytes that were seen. */
	if (at < len && len >= VECTOR + 2)
		return vector_ends(bytes, len - VECTOR, at + VECTOR - len, fault);
#endif
	for (; at < len; at++)
		if (bytes[at] == '\n' && line_ends(bytes, at, fault))
			return at + 1;
	return 0;
}

/* A section that does not begin with a token. Empty, it may be one of trailers (`lone` says); else
 * it is not HTTP/1 at all, most likely TLS, and that is said now, for there may never be a line
 * end. A CR alone is left unscanned: with its LF it may be the empty line that a caller skips. */
static COLD size_t
section_odd(struct str bytes, size_t *scanned, enum fault lone, enum fault *fault)
{
	*scanned = 0;
	if (str_eq(bytes, STR("\r")))
		return 0;
	*fault = str_starts(bytes, STR("\r\n")) ? lone : FAULT_http_request_error;
	if (*fault != FAULT_none)
		return 0;
	*scanned = 2;
	return 2;
}

static inline size_t
section_size(struct str bytes, size_t *scanned, size_t max, enum fault lone, enum fault *fault)
{
	size_t at = *scanned, len = bytes.len < max ? bytes.len : max, size;

	*fault = FAULT_none;
	if (len == 0)
		return 0;
	if (unlikely(!char_is(bytes.p[0], CHAR_TOKEN)))
		return section_odd(bytes, scanned, lone, fault);
	size = section_end(bytes.p, at, len, fault);
	*scanned = size > 0 ? size : len;
	if (size == 0 && bytes.len >= max)
		*fault = FAULT_header_too_large;
	return *fault == FAULT_none ? size : 0;
}

size_t
h1_head_size(struct str bytes, size_t *scanned, enum fault *fault)
{
	return section_size(bytes, scanned, H1_HEAD_MAX, FAULT_http_request_error, fault);
}

size_t
h1_trailer_size(struct str bytes, size_t *scanned, enum fault *fault)
{
	return section_size(bytes, scanned, H1_TRAILER_MAX, FAULT_none, fault);
}

/* One field line (RFC 9112 section 5). Returns the next line; NULL: malformed. The name is
 * everything before the colon or nothing: so no space before the colon, no line folding, no empty
 * name (CVE-2023-25725). */
static inline const char *
field_parse(const char *p, struct field *out)
{
	enum field_id id;
	const char *colon = name_parse(p, &id), *value, *stop, *next;

	if (colon == NULL)
		return NULL;
	value = colon + 1;
	out->line = value[0] == ' ' && value[1] > ' ';
	if (likely(out->line))
		value++;
	else
		while (char_is(*value, CHAR_BLANK))
			value++;
	stop = value_end(value);
	if (stop[0] != '\r' || stop[1] != '\n')
		return NULL;
	next = stop + 2;
	if (unlikely(char_is(stop[-1], CHAR_BLANK))) {
		out->line = false;
		while (stop > value && char_is(stop[-1], CHAR_BLANK))
			stop--;
	}
	out->name = p;
	out->name_len = (uint16_t)(colon - p);
	out->id = (uint8_t)id;
	out->value = value;
	out->value_len = (uint32_t)(stop - value);
	return next;
}

/* From the first field line to the blank line, which is the last thing before end. The array is the
 * last thing taken from the arena, and ends with the last field. */
static enum fault
fields_parse(const char *p, const char *end, struct arena *a, struct fields *out)
{
	uint64_t present = 0, doubled = 0;
	uint32_t n = 0;

	*out = (struct fields){.v = NULL};
	if (!fields_reserve(out, a, 1))
		return FAULT_header_too_large;
	for (; *p != '\r'; n++) {
		struct field *field;
		uint64_t bit;

		if (unlikely(n == out->room)) {
			out->n = n;
			if (n == H1_FIELDS_MAX || !fields_reserve(out, a, 1))
				return FAULT_header_too_large;
		}
		field = &out->v[n];
		p = field_parse(p, field);
		if (p == NULL)
			return FAULT_http_request_error;
		bit = UINT64_C(1) << field->id;
		doubled |= present & bit;
		present |= bit;
	}
	arena_trim(a, out->v + n);
	out->n = out->room = n;
	out->present = present;
	out->doubled = doubled;
	/* Else an empty line in the middle, or a CR on its own. */
	return p + 2 == end ? FAULT_none : FAULT_http_request_error;
}

/* What the parsers read. NULL: the arena is full. */
static inline const char *
head_copy(struct str bytes, struct arena *a)
{
	char *p = arena_text(a, bytes.len + VECTOR);

	if (p != NULL) {
		memcpy(p, bytes.p, bytes.len);
		memset(p + bytes.len, 0, VECTOR);
	}
	return p;
}

static inline bool
head_is_closed(struct str bytes)
{
	return bytes.len > END_LEN && bytes.len <= H1_HEAD_MAX &&
	       memcmp(bytes.p + bytes.len - END_LEN, "\r\n\r\n", END_LEN) == 0;
}

static inline bool
digit_is(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/" DIGIT "." DIGIT (RFC 9112 section 2.3), case-sensitive. *p moves behind it. */
static inline enum fault
version_parse(const char **p, const char *end, uint8_t *minor)
{
	const char *v = *p;

	if (likely(memcmp(v, "HTTP/1.1", VERSION_LEN) == 0)) {
		*minor = 1;
		*p = v + VERSION_LEN;
		return FAULT_none;
	}
	if (end - v < VERSION_LEN + END_LEN || memcmp(v, "HTTP/", VERSION_MAJOR) != 0 ||
	    v[VERSION_MAJOR + 1] != '.' || !digit_is(v[VERSION_MAJOR]) ||
	    !digit_is(v[VERSION_MINOR]))
		return FAULT_http_request_error;
	if (v[VERSION_MAJOR] != '1')
		return FAULT_version_unsupported;
	*minor = v[VERSION_MINOR] == '0' ? 0 : MINOR_MAX;
	*p = v + VERSION_LEN;
	return FAULT_none;
}

/* RFC 9112 section 3: method SP request-target SP HTTP-version CRLF, single spaces. */
static inline enum fault
request_line_parse(const char **at, const char *end, struct head *out)
{
	const char *p = *at, *start = p;
	enum fault fault;

	p = likely(memcmp(p, "GET ", strlen("GET ")) == 0) ? p + strlen("GET") : token_end(p);
	out->method_text = str_of(start, (size_t)(p - start));
	if (p == start || out->method_text.len > METHOD_MAX || *p != ' ')
		return FAULT_http_request_error;
	out->method = method_of(out->method_text);
	start = ++p;
	p = target_end(p);
	out->target = str_of(start, (size_t)(p - start));
	if (p == start || *p != ' ')
		return FAULT_http_request_error;
	if (out->target.len > H1_TARGET_MAX)
		return FAULT_uri_too_long;
	p++;
	fault = version_parse(&p, end, &out->minor);
	if (fault != FAULT_none)
		return fault;
	*at = p + 2;
	return p[0] == '\r' && p[1] == '\n' ? FAULT_none : FAULT_http_request_error;
}

/* Target and Host against each other: afterwards there is one authority. */
static inline enum fault
request_resolve(struct head *out)
{
	const struct field *field = fields_find(&out->fields, FIELD_HOST);
	struct str written = field_value(field);
	enum fault fault;
	struct uri uri;
	uint16_t port;

	/* RFC 9112 section 3.2: several, or none in 1.1. */
	if (field == NULL ? out->minor > 0 : fields_doubled(&out->fields, FIELD_HOST))
		return FAULT_http_request_error;
	fault = uri_parse(out->method, out->target, &uri);
	if (fault != FAULT_none)
		return fault;
	out->path = uri.path;
	out->query = uri.query;
	out->authority = uri.authority;
	out->host = uri.host;
	if (field == NULL)
		return FAULT_none;
	if (uri.authority.p == NULL) {
		out->authority = written;
		return uri_authority(written, &out->host, &port) ? FAULT_none
								 : FAULT_http_request_error;
	}
	/* RFC 9112 section 3.2.2 lets the target win; but whoever sends two different ones hopes
	 * that two readers choose differently. */
	return uri_authority_same(uri.authority, written) ? FAULT_none : FAULT_http_request_error;
}

/* All empty, as a fault may leave it. (One big initialiser becomes a slow string instruction.) */
static inline void
head_clear(struct head *out)
{
	out->fields = (struct fields){.v = NULL};
	out->method = METHOD_OTHER;
	out->method_text = out->target = out->authority = STR_NONE;
	out->host = out->path = out->query = out->reason = STR_NONE;
	out->status = 0;
	out->minor = 0;
}

enum fault
h1_parse_request(struct str bytes, struct arena *a, struct head *out)
{
	const char *p, *end;
	enum fault fault;

	head_clear(out);
	if (!head_is_closed(bytes))
		return FAULT_http_request_error;
	p = head_copy(bytes, a);
	if (p == NULL)
		return FAULT_header_too_large;
	end = p + bytes.len;
	fault = request_line_parse(&p, end, out);
	if (fault == FAULT_none)
		fault = fields_parse(p, end, a, &out->fields);
	if (fault != FAULT_none)
		return fault;
	return request_resolve(out);
}

/* RFC 9112 section 4: HTTP-version SP 3DIGIT SP [reason] CRLF. The last SP may be missing, as many
 * servers leave it out with the reason and nothing can be meant by it but that. */
static enum fault
status_line_parse(const char **at, const char *end, struct head *out)
{
	const char *p = *at, *start;
	enum fault fault = version_parse(&p, end, &out->minor);

	if (fault != FAULT_none)
		return fault;
	if (*p++ != ' ')
		return FAULT_http_request_error;
	for (start = p; p - start < STATUS_DIGITS && digit_is(*p); p++)
		out->status = (uint16_t)(out->status * 10 + (*p - '0'));
	if (p - start != STATUS_DIGITS || *start == '0' || (*p != ' ' && *p != '\r'))
		return FAULT_http_request_error;
	if (*p == ' ')
		p++;
	start = p;
	p = value_end(p);
	out->reason = str_of(start, (size_t)(p - start));
	*at = p + 2;
	return p[0] == '\r' && p[1] == '\n' ? FAULT_none : FAULT_http_request_error;
}

static enum fault
response_parse(const char *p, const char *end, struct arena *a, struct head *out)
{
	enum fault fault = status_line_parse(&p, end, out);

	return fault == FAULT_none ? fields_parse(p, end, a, &out->fields) : fault;
}

enum fault
h1_parse_response(struct str bytes, struct arena *a, struct head *out)
{
	enum fault fault;
	const char *p;

	head_clear(out);
	if (!head_is_closed(bytes))
		return FAULT_http_protocol_error;
	p = head_copy(bytes, a);
	fault = p != NULL ? response_parse(p, p + bytes.len, a, out) : FAULT_header_too_large;
	if (likely(fault == FAULT_none))
		return FAULT_none;
	return fault == FAULT_header_too_large ? FAULT_http_response_header_section_size
					       : FAULT_http_protocol_error;
}

enum fault
h1_parse_trailers(struct str bytes, struct arena *a, struct fields *out)
{
	const char *p;

	*out = (struct fields){.v = NULL};
	if (!head_is_closed(bytes) && !str_eq(bytes, STR("\r\n")))
		return FAULT_http_request_error;
	p = head_copy(bytes, a);
	return p != NULL ? fields_parse(p, p + bytes.len, a, out) : FAULT_header_too_large;
}
