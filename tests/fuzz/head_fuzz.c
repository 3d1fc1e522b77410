/* The head parsers against a slow model that works on split lines, and the size scan against itself
 * with the bytes coming in pieces. Input: byte 0 chooses request (even) or response (odd) and seeds
 * the pieces, the rest is a head and what follows it. */
#include <stdio.h>
#include <stdlib.h>

#include "http/h1_parse.h"
#include "http/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_LIMIT = 1 << 20 };

static bool
token(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c > 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* How long the section is, 0 when it has no end or a bare LF comes first; *bad says the latter. */
static size_t
model_size(const char *s, size_t n, bool *bad)
{
	size_t line = 0;

	*bad = n > 0 && !token(s[0]) && (s[0] != '\r' || n > 1);
	for (size_t i = 0; i < n && !*bad; i++) {
		if (i == H1_HEAD_MAX)
			return 0;
		if (s[i] != '\n')
			continue;
		*bad = i == line || s[i - 1] != '\r' || i == 1;
		if (*bad)
			return 0;
		if (i == line + 1)
			return i + 1;
		line = i + 1;
	}
	return 0;
}

static size_t
sized(const char *s, size_t n, size_t step, enum fault *fault)
{
	size_t scanned = 0, size = 0;

	*fault = FAULT_none;
	for (size_t have = step < n ? step : n; size == 0 && *fault == FAULT_none;
	     have = n - have > step ? have + step : n) {
		char *copy = malloc(have + 1);
		memcpy(copy, s, have);
		size = h1_head_size(str_of(copy, have), &scanned, fault);
		free(copy);
		if (have == n)
			break;
	}
	return size;
}

/* One field line without its CRLF. */
static bool
model_field(struct str line, struct str *name, struct str *value)
{
	size_t colon = str_find(line, ':', 0);

	if (colon == 0 || colon == line.len)
		return false;
	for (size_t i = 0; i < colon; i++)
		if (!token(line.p[i]))
			return false;
	for (size_t i = colon; i < line.len; i++)
		if (((unsigned char)line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7f)
			return false;
	*name = str_of(line.p, colon);
	*value = str_trim(str_of(line.p + colon + 1, line.len - colon - 1));
	return true;
}

static enum field_id
model_id(struct str name)
{
	for (int id = FIELD_OTHER + 1; id < FIELD_COUNT; id++)
		if (str_eq_case(name, field_name_of((enum field_id)id)))
			return (enum field_id)id;
	return FIELD_OTHER;
}

/* The next line of *rest without its CRLF; a CR that is no end stays in it and is bad everywhere.
 */
static struct str
line_next(struct str *rest)
{
	struct str line;

	ASSERT(str_cut(rest, '\n', &line) && line.len > 0 && line.p[line.len - 1] == '\r');
	line.len--;
	return line;
}

/* The fields of a well-formed section are those of f, in order; or else it is malformed. */
static bool
model_fields(struct str rest, const struct fields *f, bool accepted, unsigned *hosts)
{
	struct str line, name, value;
	uint32_t n = 0;

	*hosts = 0;
	while ((line = line_next(&rest)).len > 0) {
		if (!model_field(line, &name, &value) || n == H1_FIELDS_MAX)
			return false;
		enum field_id id = model_id(name);
		*hosts += id == FIELD_HOST;
		if (accepted) {
			const struct field *field = &f->v[n];
			ASSERT(n < f->n && field->id == id);
			ASSERT((f->present >> id & 1) == 1);
			ASSERT(str_eq(str_of(field->name, field->name_len), name));
			ASSERT(str_eq(field_value(field), value));
		}
		n++;
	}
	ASSERT(!accepted || n == f->n);
	return true;
}

static bool
model_version(struct str v)
{
	return v.len == 8 && memcmp(v.p, "HTTP/1.", 7) == 0 && v.p[7] >= '0' && v.p[7] <= '9';
}

/* Three pieces between two single spaces. */
static bool
model_request_line(struct str line, const struct head *h, bool accepted)
{
	struct str method, target;

	if (!str_cut(&line, ' ', &method) || !str_cut(&line, ' ', &target) || line.p == NULL)
		return false;
	for (size_t i = 0; i < method.len; i++)
		if (!token(method.p[i]))
			return false;
	for (size_t i = 0; i < target.len; i++)
		if ((unsigned char)target.p[i] <= ' ' || target.p[i] == 0x7f)
			return false;
	if (accepted) {
		ASSERT(str_eq(h->method_text, method) && str_eq(h->target, target));
		ASSERT(h->method == METHOD_OTHER || str_eq(method_name(h->method), method));
		for (int m = METHOD_OTHER + 1; m < METHOD_COUNT; m++)
			ASSERT(h->method == (enum method)m ||
			       !str_eq(method_name((enum method)m), method));
		ASSERT(h->minor == (line.p[7] != '0'));
	}
	return method.len > 0 && method.len <= 32 && target.len > 0 &&
	       target.len <= H1_TARGET_MAX && model_version(line);
}

static bool
model_status_line(struct str line, const struct head *h, bool accepted)
{
	struct str version, code;
	uint64_t status;

	if (!str_cut(&line, ' ', &version) || !model_version(version) ||
	    !str_cut(&line, ' ', &code) || code.len != 3)
		return false;
	for (size_t i = 0; i < code.len; i++)
		if (code.p[i] < '0' || code.p[i] > '9')
			return false;
	for (size_t i = 0; i < line.len; i++)
		if (((unsigned char)line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7f)
			return false;
	if (accepted) {
		ASSERT(str_to_u64(code, 999, &status) && h->status == status);
		ASSERT(str_eq(h->reason, line));
	}
	return code.p[0] != '0';
}

/* What Host and target together come to; the target itself is uri_fuzz's. */
static bool
model_authority(const struct head *h, unsigned hosts)
{
	struct str host, written = field_value(fields_find(&h->fields, FIELD_HOST));
	struct uri uri;
	uint16_t port;

	if (hosts > 1 || (hosts == 0 && h->minor > 0) ||
	    uri_parse(h->method, h->target, &uri) != FAULT_none)
		return false;
	if (hosts == 0 || uri.authority.p == NULL)
		return hosts == 0 || uri_authority(written, &host, &port);
	return uri_authority_same(uri.authority, written);
}

static void
request_check(struct str bytes, struct arena *a)
{
	struct head h;
	struct str rest = bytes, line = line_next(&rest);
	enum fault fault = h1_parse_request(bytes, a, &h);
	unsigned hosts;
	bool ok = fault == FAULT_none;
	bool good = model_request_line(line, &h, ok) && model_fields(rest, &h.fields, ok, &hosts);

	ASSERT(ok || fault == FAULT_http_request_error || fault == FAULT_version_unsupported ||
	       fault == FAULT_uri_too_long || fault == FAULT_header_too_large);
	if (!good || !ok) {
		/* Well-formed and refused: then it was Host or the target. Those were set before.
		 */
		ASSERT(!ok);
		ASSERT(!good || !model_authority(&h, hosts));
		return;
	}
	ASSERT(model_authority(&h, hosts));
	ASSERT(h.path.len > 0 && (h.path.p[0] == '/' || str_eq(h.path, STR("*"))));
	ASSERT(h.minor == 0 || h.host.len > 0);
	for (size_t i = 0; i < h.path.len; i++)
		ASSERT(h.path.p[i] > ' ' && h.path.p[i] < 0x7f && h.path.p[i] != '#');
}

static void
response_check(struct str bytes, struct arena *a)
{
	struct head h;
	struct str rest = bytes, line = line_next(&rest);
	enum fault fault = h1_parse_response(bytes, a, &h);
	unsigned hosts;
	bool ok = fault == FAULT_none;
	bool good = model_status_line(line, &h, ok) && model_fields(rest, &h.fields, ok, &hosts);

	ASSERT(ok || fault == FAULT_http_protocol_error ||
	       fault == FAULT_http_response_header_section_size);
	ASSERT(ok == good);
}

static void
trailers_check(const char *s, size_t n, struct arena *a)
{
	size_t scanned = 0, size;
	enum fault fault;
	struct fields f;
	unsigned hosts;

	size = h1_trailer_size(str_of(s, n), &scanned, &fault);
	if (size == 0)
		return;
	ASSERT(size <= H1_TRAILER_MAX && fault == FAULT_none);
	char *copy = malloc(size);
	memcpy(copy, s, size);
	bool ok = h1_parse_trailers(str_of(copy, size), a, &f) == FAULT_none;
	ASSERT(model_fields(str_of(copy, size), &f, ok, &hosts) == ok);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	const char *s = (const char *)data + 1;
	size_t n = size - 1, step = 1 + data[0] / 2;
	struct arena a;
	enum fault fault, pieces;
	bool bad;

	size_t want = model_size(s, n, &bad), got = sized(s, n, n ? n : 1, &fault);
	ASSERT(got == want && bad == (fault == FAULT_http_request_error));
	ASSERT(sized(s, n, n > H1_TRAILER_MAX ? n / 4 : step, &pieces) == want && pieces == fault);

	arena_init(&a, NULL, 0, ARENA_LIMIT);
	if (got > 0) {
		/* A block of exactly this size, so that one byte too far is seen. */
		char *copy = malloc(got);
		memcpy(copy, s, got);
		if (data[0] % 2 == 0)
			request_check(str_of(copy, got), &a);
		else
			response_check(str_of(copy, got), &a);
		free(copy);
	}
	trailers_check(s, n, &a);
	arena_reset(&a);
	return 0;
}
