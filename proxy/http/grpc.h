/* grpc - what gRPC says in fields of HTTP (PROTOCOL-HTTP2 of its documentation): that a request is
 * a call, how long it may take, and what it came to. Pure. */
#ifndef HTTP_GRPC_H
#define HTTP_GRPC_H

#include "http/head.h"

/* clang-format off */
/*        word                 what HTTP would say of the same */
#define GRPC_STATUSES(S) \
	S(OK,                  200) \
	S(CANCELLED,           499) \
	S(UNKNOWN,             500) \
	S(INVALID_ARGUMENT,    400) \
	S(DEADLINE_EXCEEDED,   504) \
	S(NOT_FOUND,           404) \
	S(ALREADY_EXISTS,      409) \
	S(PERMISSION_DENIED,   403) \
	S(RESOURCE_EXHAUSTED,  429) \
	S(FAILED_PRECONDITION, 400) \
	S(ABORTED,             409) \
	S(OUT_OF_RANGE,        400) \
	S(UNIMPLEMENTED,       404) /* nobody fails who does not know a method */ \
	S(INTERNAL,            500) \
	S(UNAVAILABLE,         503) \
	S(DATA_LOSS,           500) \
	S(UNAUTHENTICATED,     401)
/* clang-format on */

enum grpc_status {
#define GRPC_ENUM(word, http) GRPC_##word,
	GRPC_STATUSES(GRPC_ENUM)
#undef GRPC_ENUM
	    GRPC_COUNT,
	GRPC_NONE = GRPC_COUNT, /* nothing said */
};

struct str grpc_status_word(enum grpc_status status); /* "UNAVAILABLE"; STR_NONE of none */
uint16_t grpc_status_http(enum grpc_status status);   /* of none: as of UNKNOWN */
/* What the grpc-status among these says. A number that is no status is UNKNOWN. */
enum grpc_status grpc_status_of(const struct fields *f);

bool grpc_type(struct str content_type);
/* Is the request a call? Not one of gRPC-Web, whose statuses stand in the body. */
static inline bool
grpc_is_call(const struct fields *f)
{
	return unlikely((f->present >> FIELD_CONTENT_TYPE & 1) != 0) &&
	       grpc_type(field_value(fields_find(f, FIELD_CONTENT_TYPE)));
}

/* The value of grpc-timeout: a number of up to 8 digits, and one of H M S m u n. */
bool grpc_timeout_read(struct str value, uint64_t *us) NODISCARD;
/* The same as text, or a little less: what is left must not become more on its way. PUT_U64 bytes
 * may be written, of which the 9 at most before the pointer that is returned are it. */
char *grpc_timeout_put(char *p, uint64_t us);

#endif
