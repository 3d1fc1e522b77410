/* names - the methods, and the names of fields, that weir knows: as enums, from text and back. */
#ifndef HTTP_NAMES_H
#define HTTP_NAMES_H

#include "base/str.h"

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
	F(X_REAL_IP, "x-real-ip") F(X_REQUEST_ID, "x-request-id") F(X_DEADLINE_MS, "x-deadline-ms") \
	F(PROXY_STATUS, "proxy-status") \
	F(CLIENT_CERT, "client-cert") F(CLIENT_CERT_CHAIN, "client-cert-chain") \
	F(X_FORWARDED_CLIENT_CERT, "x-forwarded-client-cert") \
	F(GRPC_STATUS, "grpc-status") F(GRPC_TIMEOUT, "grpc-timeout")
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

enum method method_of(struct str text);
struct str method_name(enum method m); /* "OTHER" for METHOD_OTHER */
/* Idempotent by RFC 9110 section 9.2.2. */
bool method_is_idempotent(enum method m);
enum field_id field_id_of(struct str name); /* case-insensitive */
/* The same for letters, digits and hyphens at p, where 16 bytes may be read. */
enum field_id field_id_of_plain(const char *p, size_t len);
struct str field_name_of(enum field_id id); /* lower case; STR_NONE for FIELD_OTHER */

#endif
