/* framing - the anti-smuggling table: how long is this message's body, may the connection be used
 * again, which fields stop here. One unambiguous answer or a fault; nothing is repaired.
 * RFC 9112 sections 6 and 9, RFC 9110 section 7.6.1. Knows no connection and no buffer. */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include "base/fault.h"
#include "http/head.h"

enum body_kind {
	BODY_NONE,
	BODY_LENGTH,  /* exactly `length` bytes, length > 0 */
	BODY_CHUNKED, /* until the last chunk; trailers may follow */
	BODY_CLOSE,   /* until the peer closes: responses only */
};

struct framing {
	enum body_kind kind;
	uint64_t length;
	bool keep_alive; /* the peer lets this connection live after the message */
	bool upgrade;    /* request: asks for it, well-formed; response: a 101 that was asked */
	bool expect_continue; /* request only */
};

/* A request: any doubt is a fault (see the table in framing.c): 400, 417 for expectations and 501
 * for codings weir does not know. */
enum fault framing_request(const struct head *h, struct framing *out) NODISCARD;

/* A response to a request of this method. Interim (1xx but 101) responses have BODY_NONE.
 * 101 when not asked is FAULT_http_upgrade_failed. */
enum fault framing_response(
    const struct head *h, enum method asked, bool upgrade_asked, struct framing *out) NODISCARD;

/* Faults of syntax are named after the request; in an answer they mean this. */
enum fault framing_answer_fault(enum fault why);

/* Does the 101 switch to protocols that were asked for, and no others (RFC 9110 section 7.8)? */
bool framing_upgrade_answers(const struct head *asked, const struct head *answer);

/* Fields that belong to one connection only: the fixed list of RFC 9110 section 7.6.1 and what
 * Connection nominates (which may not nominate Host, framing or X-Forwarded fields).
 * framing_hop_begin reads Connection once; framing_is_hop is then cheap per field. */
struct hop_fields {
	struct str named[8]; /* nominated by Connection, unknown to weir; more than 8: a fault */
	uint8_t n;
	uint64_t ids; /* bit per field_id to be dropped */
};
/* FAULT_http_request_error, or for a response FAULT_http_protocol_error. */
enum fault framing_hop_begin(const struct head *h, struct hop_fields *out) NODISCARD;
bool framing_is_hop(const struct hop_fields *hop, const struct field *f);

/* May this name appear in a trailer section that is passed on (RFC 9110 section 6.5.1)? */
bool framing_trailer_allowed(const struct field *f);

#endif
