/* head - the head of a request or a response as a value: start line and fields in the order they
 * came, borrowed from the bytes they were parsed from (the stream's arena). Whoever builds or
 * changes a head allocates from the same arena. No framing (framing.h), no syntax (h1_parse.h). */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "base/arena.h"

/* clang-format off */
#define METHODS(M) \
	M(GET) M(HEAD) M(POST) M(PUT) M(DELETE) M(CONNECT) M(OPTIONS) M(TRACE) M(PATCH)
/* Fields weir itself looks at; everything else is FIELD_OTHER and only passed on. */
#define FIELDS(F) \
	F(HOST, "host") F(CONNECTION, "connection") F(CONTENT_LENGTH, "content-length") \
	F(TRANSFER_ENCODING, "transfer-encoding") F(TE, "te") F(TRAILER, "trailer") \
	F(UPGRADE, "upgrade") F(EXPECT, "expect") F(KEEP_ALIVE, "keep-alive") \
	F(PROXY_CONNECTION, "proxy-connection") F(PROXY_AUTHENTICATE, "proxy-authenticate") \
	F(PROXY_AUTHORIZATION, "proxy-authorization") F(HTTP2_SETTINGS, "http2-settings") \
	F(ACCEPT, "accept") F(COOKIE, "cookie") F(SET_COOKIE, "set-cookie") \
	F(REFERER, "referer") F(USER_AGENT, "user-agent") F(CONTENT_TYPE, "content-type") \
	F(DATE, "date") F(SERVER, "server") F(RETRY_AFTER, "retry-after") F(FORWARDED, "forwarded") \
	F(X_FORWARDED_FOR, "x-forwarded-for") F(X_FORWARDED_PROTO, "x-forwarded-proto") \
	F(X_FORWARDED_HOST, "x-forwarded-host") F(X_FORWARDED_PORT, "x-forwarded-port") \
	F(X_REAL_IP, "x-real-ip") F(X_REQUEST_ID, "x-request-id") F(PROXY_STATUS, "proxy-status")
/* clang-format on */

enum method {
	METHOD_OTHER, /* a valid token weir does not know; its text is in head.method_text */
#define METHOD_ENUM(name) METHOD_##name,
	METHODS(METHOD_ENUM)
#undef METHOD_ENUM
	    METHOD_COUNT
};

enum field_id {
	FIELD_OTHER,
#define FIELD_ENUM(name, text) FIELD_##name,
	FIELDS(FIELD_ENUM)
#undef FIELD_ENUM
	    FIELD_COUNT
};

struct field {
	const char *name; /* as written, case kept */
	const char
	    *value; /* without white space around it, byte-exact; folded lines do not exist */
	uint32_t value_len;
	uint16_t name_len;
	uint16_t id; /* enum field_id */
};

struct fields {
	struct field *v; /* in the arena */
	uint32_t n, room;
	uint64_t present; /* bit per field_id: a cheap "surely absent" */
	uint64_t doubled; /* bit per field_id: came more than once */
};

struct head {
	struct fields fields;
	enum method method; /* from here to query: requests only */
	struct str method_text;
	struct str target; /* as received */
	struct str
	    authority;    /* host[:port] of the absolute form or of Host; never both differing */
	struct str host;  /* authority without port, as received; brackets kept for IPv6 */
	struct str path;  /* always starts with '/', or is "*" */
	struct str query; /* after '?', without it; p is NULL when there is no '?' */
	uint16_t status;  /* this and reason: responses only */
	struct str reason;
	uint8_t minor; /* HTTP/1.minor as received; 2 never appears here */
};

enum method method_of(struct str text);
struct str method_name(enum method m); /* "OTHER" for METHOD_OTHER */
/* Idempotent by RFC 9110 section 9.2.2. */
bool method_is_idempotent(enum method m);
enum field_id field_id_of(struct str name); /* case-insensitive */
struct str field_name_of(enum field_id id); /* lower case; STR_NONE for FIELD_OTHER */

/* The first with this id or name; NULL: absent. */
const struct field *fields_find(const struct fields *f, enum field_id id);
const struct field *fields_find_name(const struct fields *f, struct str name);
/* Appends; grows in the arena. False only when the arena is full. */
bool fields_add(struct fields *f, struct arena *a, struct str name, struct str value) NODISCARD;
/* Makes room for `more` fields beyond the n there are. False as above. */
bool fields_reserve(struct fields *f, struct arena *a, uint32_t more) NODISCARD;

static inline bool
fields_doubled(const struct fields *f, enum field_id id)
{
	return (f->doubled >> id & 1) != 0;
}

static inline struct str
field_value(const struct field *f) /* STR_NONE for NULL */
{
	return f ? str_of(f->value, f->value_len) : STR_NONE;
}

#endif
