/* The framing table against a slow model, over whole heads. Byte 0: bit 0 says response, bit 1 that
 * HEAD was asked, bit 2 that an upgrade was; the rest is a head. */
#include <stdio.h>
#include <stdlib.h>

#include "http/framing.h"
#include "http/h1_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_LIMIT = 1 << 20 };

static bool
is(const struct field *f, const char *name)
{
	return str_eq_case(str_of(f->name, f->name_len), str_from(name));
}

static unsigned
count(const struct head *h, const char *name, struct str *value)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < h->fields.n; i++)
		if (is(&h->fields.v[i], name)) {
			*value = field_value(&h->fields.v[i]);
			n++;
		}
	return n;
}

static bool
connection_names(const struct head *h, const char *want)
{
	struct str list, token;

	for (uint32_t i = 0; i < h->fields.n; i++) {
		list = field_value(&h->fields.v[i]);
		while (is(&h->fields.v[i], "connection") && str_cut(&list, ',', &token))
			if (str_eq_case(str_trim(token), str_from(want)))
				return true;
	}
	return false;
}

/* The length by its text: decimal arithmetic without a number to overflow. */
static bool
length_is(struct str digits, uint64_t length)
{
	char text[32];
	int n;

	while (digits.len > 1 && digits.p[0] == '0') {
		digits.p++;
		digits.len--;
	}
	n = snprintf(text, sizeof(text), "%llu", (unsigned long long)length);
	return str_eq(digits, str_of(text, (size_t)n));
}

/* What holds for every message that was let through. */
static void
framing_check(const struct head *h, const struct framing *f, bool bodiless)
{
	struct str length = STR_NONE, coding = STR_NONE;
	unsigned lengths = count(h, "content-length", &length);
	unsigned codings = count(h, "transfer-encoding", &coding);

	ASSERT(lengths + codings <= 1);
	ASSERT(codings == 0 || (h->minor == 1 && str_eq_case(coding, STR("chunked"))));
	for (size_t i = 0; i < length.len; i++)
		ASSERT(length.p[i] >= '0' && length.p[i] <= '9');
	ASSERT(lengths == 0 || (length.len > 0 && length.len < 20));
	ASSERT(lengths == 0 || length.len < 19 || memcmp(length.p, "9223372036854775807", 19) <= 0);
	if (bodiless) {
		ASSERT(f->kind == BODY_NONE && f->length == 0);
		return;
	}
	ASSERT((f->kind == BODY_CHUNKED) == (codings == 1));
	ASSERT((f->kind == BODY_LENGTH) == (f->length > 0));
	ASSERT(lengths == 0 || length_is(length, f->length));
	ASSERT(lengths == 0 || f->kind == BODY_LENGTH || f->kind == BODY_NONE);
}

/* The other direction: what is beyond doubt is not refused. */
static bool
is_beyond_doubt(const struct head *h)
{
	struct str value = STR_NONE;

	return count(h, "content-length", &value) + count(h, "transfer-encoding", &value) == 0 &&
	       count(h, "connection", &value) == 0 && count(h, "expect", &value) == 0;
}

static void
hop_check(const struct head *h)
{
	static const char *const always[] = {"connection", "keep-alive", "proxy-connection", "te",
	    "transfer-encoding", "upgrade", "http2-settings"};
	static const char *const never[] = {"host", "content-length", "forwarded", "x-real-ip",
	    "x-request-id", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
	    "x-forwarded-port", "x-forwarded-prefix"};
	struct hop_fields hop;

	if (framing_hop_begin(h, &hop) != FAULT_none)
		return;
	for (uint32_t i = 0; i < h->fields.n; i++) {
		const struct field *f = &h->fields.v[i];
		bool want = false;
		char name[256];

		if (f->name_len >= sizeof(name))
			continue;
		memcpy(name, f->name, f->name_len);
		name[f->name_len] = '\0';
		want = connection_names(h, name) && strcasecmp(name, "close") != 0 &&
		       strncasecmp(name, "x-forwarded-", 12) != 0;
		/* The prefix alone is nobody's name. */
		if (strcasecmp(name, "x-forwarded-") == 0)
			continue;
		for (size_t k = 0; k < nelem(never); k++)
			want &= !is(f, never[k]);
		for (size_t k = 0; k < nelem(always); k++)
			want |= is(f, always[k]);
		ASSERT(framing_is_hop(&hop, f) == want);
		ASSERT(!framing_trailer_allowed(f) || !is(f, "content-length"));
		ASSERT(!framing_trailer_allowed(f) || !is(f, "authorization"));
	}
}

static void
request_check(const struct head *h)
{
	struct framing f;
	struct str value = STR_NONE, protocol, name;
	enum fault fault = framing_request(h, &f);

	if (fault != FAULT_none) {
		ASSERT(fault == FAULT_http_request_error || fault == FAULT_not_implemented ||
		       fault == FAULT_expectation_failed);
		ASSERT(!is_beyond_doubt(h));
		return;
	}
	ASSERT(f.kind != BODY_CLOSE);
	framing_check(h, &f, false);
	ASSERT(f.keep_alive == (!connection_names(h, "close") &&
				   (h->minor == 1 || connection_names(h, "keep-alive"))));
	if (f.upgrade) {
		ASSERT(connection_names(h, "upgrade") && h->method == METHOD_GET && h->minor == 1);
		ASSERT(f.kind == BODY_NONE && count(h, "upgrade", &value) == 1);
		while (str_cut(&value, ',', &protocol)) {
			ASSERT(str_cut(&protocol, '/', &name));
			name = str_trim(name);
			ASSERT(!str_eq_case(name, STR("h2c")) && !str_eq_case(name, STR("http")));
		}
		value = STR_NONE;
	}
	ASSERT(count(h, "expect", &value) == 0 || str_eq_case(value, STR("100-continue")));
	ASSERT(f.expect_continue == (value.p != NULL && f.kind != BODY_NONE && h->minor == 1 &&
					count(h, "expect", &value) == 1));
}

static void
response_check(const struct head *h, enum method asked, bool upgrade_asked)
{
	struct framing f;
	enum fault fault = framing_response(h, asked, upgrade_asked, &f);
	bool bodiless =
	    asked == METHOD_HEAD || h->status < 200 || h->status == 204 || h->status == 304;

	if (fault != FAULT_none) {
		ASSERT(fault == FAULT_http_protocol_error || fault == FAULT_http_upgrade_failed ||
		       fault == FAULT_http_response_transfer_coding);
		ASSERT(!is_beyond_doubt(h) || h->status == 101);
		return;
	}
	framing_check(h, &f, bodiless);
	ASSERT(h->status != 101 || (upgrade_asked && f.upgrade));
	ASSERT(h->status == 101 || !f.upgrade);
	ASSERT(f.kind != BODY_CLOSE || !f.keep_alive);
	ASSERT(!f.expect_continue);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct head h;
	enum fault fault;
	size_t scanned = 0, n;

	if (size == 0)
		return 0;
	struct str bytes = str_of((const char *)data + 1, size - 1);
	bool response = data[0] & 1;
	n = h1_head_size(bytes, &scanned, &fault);
	if (n == 0)
		return 0;
	bytes.len = n;
	arena_init(&a, NULL, 0, ARENA_LIMIT);
	fault = response ? h1_parse_response(bytes, &a, &h) : h1_parse_request(bytes, &a, &h);
	if (fault == FAULT_none) {
		hop_check(&h);
		if (response)
			response_check(&h, data[0] & 2 ? METHOD_HEAD : METHOD_GET, data[0] & 4);
		else
			request_check(&h);
	}
	arena_reset(&a);
	return 0;
}
