#include "http/names.h"

#include "http/vector.h"

/* The names of the fields weir looks at are recognised by a perfect hash of their length and three
 * of their letters, then compared whole. A new row of FIELDS needs a row of field_slots: a
 * collision is a compiler warning (an initialiser overridden), a missing row fails the unit test.
 */

enum {
	FIELD_SLOTS = 128,
	FIELD_NAME_MIN = 2,  /* "te" */
	FIELD_NAME_MAX = 23, /* and more than a vector */
	WORD = 8,
	HALF = 4,
};

#define FIELD_HASH(len, first, last2, last) (((len) + (first)*3U + (last2) + (last)) % FIELD_SLOTS)

/* clang-format off */
#define SLOT(len, first, last2, last, id) [FIELD_HASH(len, first, last2, last)] = FIELD_##id,
static const uint8_t field_slots[FIELD_SLOTS] = {
	SLOT(4, 'h', 's', 't', HOST) SLOT(10, 'c', 'o', 'n', CONNECTION)
	SLOT(14, 'c', 't', 'h', CONTENT_LENGTH) SLOT(17, 't', 'n', 'g', TRANSFER_ENCODING)
	SLOT(2, 't', 't', 'e', TE) SLOT(7, 't', 'e', 'r', TRAILER) SLOT(7, 'u', 'd', 'e', UPGRADE)
	SLOT(6, 'e', 'c', 't', EXPECT) SLOT(10, 'k', 'v', 'e', KEEP_ALIVE)
	SLOT(16, 'p', 'o', 'n', PROXY_CONNECTION) SLOT(18, 'p', 't', 'e', PROXY_AUTHENTICATE)
	SLOT(19, 'p', 'o', 'n', PROXY_AUTHORIZATION) SLOT(14, 'h', 'g', 's', HTTP2_SETTINGS)
	SLOT(6, 'a', 'p', 't', ACCEPT) SLOT(6, 'c', 'i', 'e', COOKIE)
	SLOT(10, 's', 'i', 'e', SET_COOKIE) SLOT(7, 'r', 'e', 'r', REFERER)
	SLOT(10, 'u', 'n', 't', USER_AGENT) SLOT(12, 'c', 'p', 'e', CONTENT_TYPE)
	SLOT(4, 'd', 't', 'e', DATE) SLOT(6, 's', 'e', 'r', SERVER)
	SLOT(11, 'r', 'e', 'r', RETRY_AFTER) SLOT(9, 'f', 'e', 'd', FORWARDED)
	SLOT(15, 'x', 'o', 'r', X_FORWARDED_FOR) SLOT(17, 'x', 't', 'o', X_FORWARDED_PROTO)
	SLOT(16, 'x', 's', 't', X_FORWARDED_HOST) SLOT(16, 'x', 'r', 't', X_FORWARDED_PORT)
	SLOT(9, 'x', 'i', 'p', X_REAL_IP) SLOT(12, 'x', 'i', 'd', X_REQUEST_ID)
	SLOT(13, 'x', 'm', 's', X_DEADLINE_MS) SLOT(12, 'p', 'u', 's', PROXY_STATUS)
	SLOT(11, 'c', 'r', 't', CLIENT_CERT) SLOT(17, 'c', 'i', 'n', CLIENT_CERT_CHAIN)
	SLOT(23, 'x', 'r', 't', X_FORWARDED_CLIENT_CERT)
	SLOT(11, 'g', 'u', 's', GRPC_STATUS) SLOT(12, 'g', 'u', 't', GRPC_TIMEOUT)
};
#undef SLOT

static const char field_texts[FIELD_COUNT][FIELD_NAME_MAX + 1] = {
#define FIELD_TEXT(id, text) [FIELD_##id] = text,
	FIELDS(FIELD_TEXT)
#undef FIELD_TEXT
};

static const uint8_t field_lens[FIELD_COUNT] = {
#define FIELD_LEN(id, text) [FIELD_##id] = sizeof(text) - 1,
	FIELDS(FIELD_LEN)
#undef FIELD_LEN
};

static const struct str method_names[METHOD_COUNT] = {
	[METHOD_OTHER] = STR_INIT("OTHER"),
#define METHOD_NAME(name) [METHOD_##name] = STR_INIT(#name),
	METHODS(METHOD_NAME)
#undef METHOD_NAME
};
/* clang-format on */

static inline enum method
method_if(struct str text, enum method m)
{
	return memcmp(text.p, method_names[m].p, text.len) == 0 ? m : METHOD_OTHER;
}

/* Method names are case-sensitive (RFC 9110 section 9.1). */
enum method
method_of(struct str text)
{
	switch (text.len) {
	case sizeof("GET") - 1:
		return method_if(text, text.p[0] == 'G' ? METHOD_GET : METHOD_PUT);
	case sizeof("POST") - 1:
		return method_if(text, text.p[0] == 'P' ? METHOD_POST : METHOD_HEAD);
	case sizeof("PATCH") - 1:
		return method_if(text, text.p[0] == 'P' ? METHOD_PATCH : METHOD_TRACE);
	case sizeof("DELETE") - 1:
		return method_if(text, METHOD_DELETE);
	case sizeof("OPTIONS") - 1:
		return method_if(text, text.p[0] == 'O' ? METHOD_OPTIONS : METHOD_CONNECT);
	}
	return METHOD_OTHER;
}

struct str
method_name(enum method m)
{
	return method_names[m];
}

bool
method_is_idempotent(enum method m)
{
	switch (m) {
	case METHOD_GET:
	case METHOD_HEAD:
	case METHOD_PUT:
	case METHOD_DELETE:
	case METHOD_OPTIONS:
	case METHOD_TRACE:
		return true;
	case METHOD_OTHER:
	case METHOD_POST:
	case METHOD_CONNECT:
	case METHOD_PATCH:
	case METHOD_COUNT:
		return false;
	}
	return false;
}

/* Do the eight bytes at p read as the lower-case ones at `lower`, which are letters, digits and
 * hyphens? OR 0x20 makes lower case of upper, but also a digit or hyphen of a control byte: so
 * each byte must have bit 6 or bit 5 set beforehand. */
static inline bool
word_same(const char *p, const char *lower)
{
	const uint64_t bit5 = UINT64_C(0x2020202020202020), bit6 = bit5 << 1;
	uint64_t a, b;

	memcpy(&a, p, WORD);
	memcpy(&b, lower, WORD);
	return (((a | bit5) ^ b) | (~(a | a << 1) & bit6)) == 0;
}

static inline bool
half_same(const char *p, const char *lower)
{
	const uint32_t bit5 = UINT32_C(0x20202020), bit6 = bit5 << 1;
	uint32_t a, b;

	memcpy(&a, p, HALF);
	memcpy(&b, lower, HALF);
	return (((a | bit5) ^ b) | (~(a | a << 1) & bit6)) == 0;
}

/* Word by word, the last one overlapping the one before it. */
static inline bool
name_same(const char *p, const char *lower, size_t len)
{
	size_t i;

	if (len < HALF)
		return str_eq_case(str_of(p, len), str_of(lower, len));
	if (len < WORD)
		return half_same(p, lower) && half_same(p + len - HALF, lower + len - HALF);
	for (i = 0; i + WORD < len; i += WORD)
		if (!word_same(p + i, lower + i))
			return false;
	return word_same(p + len - WORD, lower + len - WORD);
}

/* The only one that it can be. */
static inline enum field_id
field_candidate(const char *name, size_t len)
{
	const unsigned char *p = (const unsigned char *)name;

	return field_slots[FIELD_HASH(
	    (unsigned)len, p[0] | 0x20U, p[len - 2] | 0x20U, p[len - 1] | 0x20U)];
}

enum field_id
field_id_of(struct str name)
{
	enum field_id id;

	if (name.len < FIELD_NAME_MIN)
		return FIELD_OTHER;
	id = field_candidate(name.p, name.len);
	if (field_lens[id] == name.len && name_same(name.p, field_texts[id], name.len))
		return id;
	return FIELD_OTHER;
}

enum field_id
field_id_of_plain(const char *p, size_t len)
{
#ifdef __SSE2__
	enum field_id id;
	__m128i lower;
	unsigned same;

	if (len < FIELD_NAME_MIN || len > VECTOR)
		return field_id_of(str_of(p, len));
	id = field_candidate(p, len);
	if (field_lens[id] != len)
		return FIELD_OTHER;
	/* Lower case is one bit more, which digits and hyphens have. */
	lower = _mm_or_si128(vector_load(p), _mm_set1_epi8(0x20));
	same = vector_bits(_mm_cmpeq_epi8(lower, vector_load(field_texts[id])));
	return (~same & ((1U << len) - 1)) == 0 ? id : FIELD_OTHER;
#else
	return field_id_of(str_of(p, len));
#endif
}

struct str
field_name_of(enum field_id id)
{
	return id == FIELD_OTHER ? STR_NONE : str_of(field_texts[id], field_lens[id]);
}
