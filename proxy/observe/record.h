/* record - everything known about one finished exchange or tunnel: the single source of the access
 * log line, the metrics and (later) the span. Filled by flow/, read here, never kept: all strings
 * are borrowed for the call. Times are microseconds, of the loop's monotonic clock. */
#ifndef OBSERVE_RECORD_H
#define OBSERVE_RECORD_H

#include "base/fault.h"
#include "base/metric.h"
#include "http/grpc.h"
#include "io/addr.h"

enum record_kind { RECORD_EXCHANGE, RECORD_TUNNEL, RECORD_UPGRADE };

enum { RECORD_ID = 32 }; /* hex digits of a request id that weir made */

struct record {
	enum record_kind kind;
	enum fault why;       /* FAULT_none: all went well */
	uint16_t status;      /* as sent to the client; 0: none was sent */
	uint8_t tries;        /* endpoints tried; 0: none */
	uint8_t major, minor; /* version of HTTP in which the request came */
	bool local;           /* the answer was made here, not by an endpoint */
	bool reused;          /* the last try went over a kept connection */
	bool away;            /* and to an endpoint of another zone */
	enum method method;
	/* gRPC: it is a call; what was said of it to the client */
	bool grpc;
	enum grpc_status grpc_status;
	const struct addr *peer;   /* the other end of the client's connection */
	const struct addr *client; /* who it is, after PROXY protocol and trusted_proxies */
	struct str listener, route, backend, endpoint; /* p is NULL: got not so far */
	struct str method_text, target, host, referer, user_agent;
	struct str id;
	struct str tls;               /* its version; p is NULL: plain */
	struct str subject;           /* of the client's certificate; p is NULL: none */
	struct str retry;             /* why there was no other try, although one was wanted */
	struct str sni, alpn;         /* what the client of a tls listener asked for and offered */
	uint64_t bytes_in, bytes_out; /* body (L4: payload) bytes from and to the client */
	/* points in time; 0: never happened */
	uint64_t started_at;   /* first byte of the request; L4: accepted */
	uint64_t attempt_at;   /* the last try began (endpoint chosen) */
	uint64_t connected_at; /* its connection was ready */
	uint64_t first_at;     /* first byte of its answer */
	uint64_t finished_at;
	uint64_t wait_us; /* spent waiting for a place before a try could begin */
	/* whose counters move; NULL where it got not so far. Borrowed. */
	struct meter *listener_meter, *route_meter, *backend_meter, *endpoint_meter;
};

/* The status that is counted and logged: the one sent, or else the one the fault stands for (499
 * for a client that left first). */
static inline uint16_t
record_status(const struct record *r)
{
	return r->status != 0 ? r->status : fault_row(r->why)->http;
}

/* The same for a call. An answer without a status is one that nobody understands. */
static inline enum grpc_status
record_grpc_status(const struct record *r)
{
	if (r->grpc_status != GRPC_NONE)
		return r->grpc_status;
	return r->why != FAULT_none ? (enum grpc_status)fault_row(r->why)->grpc : GRPC_UNKNOWN;
}

#endif
