/* check - what an endpoint is asked to see whether it works, what a good answer is, and how many
 * results in a row change the verdict. Pure: no socket, no clock, and no state of an endpoint,
 * which health.c alone writes. Asking is probe.h's. */
#ifndef UPSTREAM_CHECK_H
#define UPSTREAM_CHECK_H

#include "base/arena.h"
#include "http/statuses.h"
#include "io/proxy_protocol.h"
#include "io/tls_client.h"

enum check_kind { CHECK_TCP, CHECK_HTTP };

struct check_field {
	struct str name, value;
};

struct check_spec {
	enum check_kind kind;
	struct str ask;                  /* in words: "GET /healthz" */
	struct str method, target, host; /* http; host empty: the endpoint's name */
	const struct check_field *fields;
	size_t n_fields;
	struct statuses expect;                              /* good answers */
	struct str body;                                     /* what the answer's has to contain */
	uint64_t every, every_changing, every_down, timeout; /* microseconds */
	uint32_t up, down;                                   /* so many in a row */
	uint16_t port;                                       /* 0: the endpoint's own */
	bool h2;                                             /* http: asked over HTTP/2 */
	bool trust;             /* a new endpoint is used before its first check */
	struct tls_client *tls; /* NULL: plain */
	enum proxy_protocol proxy_protocol;
};

struct check { /* immutable, counted: a probe may outlive the snapshot it came with */
	struct check_spec spec;
	struct arena arena; /* what the spec points at */
	uint32_t refs;
};

struct check *check_new(const struct check_spec *spec); /* copies all of it */
struct check *check_ref(struct check *c);
void check_unref(struct check **c); /* control thread, as all of it */

enum check_result { CHECK_PASSED, CHECK_FAILED, CHECK_SKIPPED /* for want of our own means */ };
enum { CHECK_RESULTS = CHECK_SKIPPED + 1 };
enum check_verdict { CHECK_UNSURE, CHECK_UP, CHECK_DOWN };

struct check_count { /* of one endpoint */
	enum check_verdict verdict;
	enum check_result last;
	uint32_t row;                    /* results like the last one, one after the other */
	bool trusted;                    /* in use although unsure */
	uint64_t results[CHECK_RESULTS]; /* ever */
};

/* How many results of this kind in a row it takes to change the verdict. */
uint32_t check_needs(
    const struct check_count *c, const struct check_spec *spec, enum check_result result);
/* True: the verdict has changed. What was skipped says nothing. */
bool check_note(
    struct check_count *c, const struct check_spec *spec, enum check_result result) NODISCARD;
/* From the start of this check to the start of the next one. */
uint64_t check_wait(const struct check_count *c, const struct check_spec *spec, uint64_t random);

#endif
