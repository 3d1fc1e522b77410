/* exchange - the heart's upper half: a client's stream, the upstream streams that serve it, and its
 * record. One function moves it: look at the state, move what can move, return. Callbacks and
 * codecs only list its task.
 *
 *	head complete -> ROUTE -> REQUEST -> ATTEMPT -> EXCHANGE -----> FINISH
 *	                   |         |        |   ^        |             ^
 *	                   |         |        |   +-retry--+ (if allowed)|
 *	                   +---------+--------+------------+-> REPLY ----+
 */
#ifndef FLOW_EXCHANGE_H
#define FLOW_EXCHANGE_H

#include "flow/attempt.h"
#include "flow/client.h"
#include "flow/replay.h"

enum step_at { STEP_ROUTE, STEP_REQUEST, STEP_ATTEMPT, STEP_EXCHANGE, STEP_REPLY, STEP_FINISH };

struct exchange {
	struct task task;
	struct timer timer;
	struct worker *worker;
	struct client *client;
	struct snapshot_use *use;
	struct stream *client_stream;   /* lent by the client's codec until FINISH */
	struct stream *upstream_stream; /* of attempt.upstream; NULL: none */
	struct route *route;
	struct attempt attempt;
	struct replay replay; /* the request body so far, as long as it can be sent again */
	bool replayable;
	bool cut;      /* ends before its time: the client's conn goes with it */
	bool answered; /* a response head was handed to the client */
	bool timed_out;
	bool trusted;    /* the peer is one of trusted_proxies */
	enum step_at at; /* written by exchange_enter only */
	enum fault fault;
	uint64_t sent_at;   /* the whole request was handed over; the response is awaited since */
	struct addr source; /* the client, after trusted_proxies */
	char id[RECORD_ID + 1];
	struct record record;
	struct reap reap;
};

/* A stream has arrived on a client's codec: it becomes an exchange, which runs at once. */
void exchange_start(struct client *c, struct stream *s);

#endif
