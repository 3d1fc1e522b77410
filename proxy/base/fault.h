/* fault - why something failed at run time. One row each, from which the reply, the retry decision,
 * the log's why=, the metric label, Proxy-Status and the manual are rendered. Words are RFC 9209
 * section 2.3's error types where it has one. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "base/fault_rows.h"
#include "base/str.h"

enum fault_whose { WHOSE_NOBODY, WHOSE_CLIENT, WHOSE_UPSTREAM, WHOSE_WEIR };

/* May the request be sent again? */
enum fault_retry {
	RETRY_NEVER,
	RETRY_SAFE,      /* the endpoint has not looked at it */
	RETRY_ELSEWHERE, /* at another endpoint: this one cannot be reached */
	RETRY_REUSED,    /* idempotent, and on a reused connection or if the route asks for RESET */
	RETRY_RESET,     /* idempotent, if the route asks for it */
	RETRY_TIMEOUT,   /* the same */
};

enum fault {
#define FAULT_ENUM(word, ...) FAULT_##word,
	FAULTS(FAULT_ENUM)
#undef FAULT_ENUM
	    FAULT_COUNT
};

struct fault_row {
	struct str word, sentence;
	uint16_t http, grpc;
	enum fault_whose whose;
	enum fault_retry retry;
};

const struct fault_row *fault_row(enum fault f); /* never NULL */

#endif
