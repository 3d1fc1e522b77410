/* attempt - one request's or tunnel's way to an endpoint: count it against the backend's limits,
 * pick, take a kept connection or dial, and on a connect failure pick another. The only place that
 * decides whether something is tried again (attempt_again.c). */
#ifndef FLOW_ATTEMPT_H
#define FLOW_ATTEMPT_H

#include "flow/worker.h"

enum { ATTEMPT_SERVER_ERROR = 500 }; /* from this status on an answer counts against the backend */

enum attempt_at { ATTEMPT_WAIT, ATTEMPT_READY, ATTEMPT_FAILED };

/* Of the request, when a try fails: nothing went out; all that did is kept; it is not. */
enum attempt_sent { ATTEMPT_SENT_NOTHING, ATTEMPT_SENT_KEPT, ATTEMPT_SENT_LOST };

/* Why there was no other try although the route wants one. */
enum attempt_denied { ATTEMPT_NOT_DENIED, ATTEMPT_NO_BUDGET, ATTEMPT_NOT_KEPT };

struct attempt {
	struct worker *worker;
	struct backend *backend; /* of the snapshot the owner keeps; not used once READY */
	struct backend_state *state;
	const struct policy *policy; /* as long-lived as the backend */
	struct endpoint *endpoint;   /* in flight there; NULL: none */
	struct endpoint *last; /* of the last try, for the record; mentioned when not in flight */
	struct upstream *upstream; /* lent; NULL: none */
	struct waiter waiter;      /* while it is being dialled */
	struct guard_pass pass;    /* counted against the backend */
	struct queue_wait place;   /* while it waits to be */
	struct balance_pick pick;
	const struct sticky_tag *seat; /* the client's; NULL: it has none. As long-lived */
	enum fault fault;              /* why the last try failed */
	uint8_t tries, denied;
	uint8_t moves; /* to another connection, within a try */
	bool raw;      /* no kept connections: the bytes are the owner's */
	bool alone;    /* each has a connection of its own: it names one client (PROXY protocol) */
	bool fresh;    /* no kept connection this time */
	bool reused;   /* the connection had served before this try */
	bool waited;   /* for a dial: others may have been quicker to use the connection */
	bool seated;   /* this try is at the endpoint that the client has a seat at */
	bool judged;   /* what this try says of its endpoint is noted */
	bool idempotent; /* RFC 9110 section 9.2.2 */
	bool pauses;     /* before the next try */
	uint64_t began_at, connected_at;
	uint64_t due;       /* when the pause is over, or the try takes too long; 0: never */
	uint64_t deadline;  /* nothing is begun after it; 0: none */
	uint64_t waited_us; /* for a place */
};

/* a is zeroed. What not all have is set behind it: pick.key, seat, raw, idempotent, deadline. */
void attempt_begin(struct attempt *a, struct worker *w, struct backend *b, const struct policy *p,
    struct task *owner);
/* Goes on. READY: upstream is connected and lent; FAILED: fault says why. Its owner has it run when
 * it is listed, and at `due`. */
enum attempt_at attempt_run(struct attempt *a);
/* This try failed before anything of an answer was passed on. True: run it again. */
bool attempt_retry(struct attempt *a, enum fault why, enum attempt_sent sent);
/* This answer has begun; after_us: the endpoint wants to be left alone so long. True: it is not to
 * be passed on, but tried again, once the owner has released this try. */
bool attempt_decline(struct attempt *a, uint16_t status, enum attempt_sent sent, uint64_t after_us);
struct str attempt_denied_word(const struct attempt *a); /* "no_budget"; STR_NONE */
/* It is passed on; status 0: of a tunnel that stands. */
void attempt_answered(struct attempt *a, uint16_t status);
/* What is said of its endpoint by the end of an answer that began well: FAULT_none, or what cut it
 * short. Only the first word on a try counts. */
void attempt_judge(struct attempt *a, enum fault why);
void attempt_judge_call(struct attempt *a, enum grpc_status status); /* of gRPC, by its end */
/* The answer is complete: the upstream goes back to its pool (reusable) or is closed. */
void attempt_release(struct attempt *a, bool reusable);
void attempt_end(struct attempt *a);    /* drops what is left; safe to call twice */
void attempt_forget(struct attempt *a); /* and `last`: the record is written */

#endif
