/* backend - a named set of endpoints with the way to choose among them and the limits on them.
 * The struct is part of a snapshot: immutable, shared. What changes at run time hangs in
 * backend_state, which the registry keeps over reloads, and in the endpoints. */
#ifndef UPSTREAM_BACKEND_H
#define UPSTREAM_BACKEND_H

#include "base/error.h"
#include "base/fault.h"
#include "http/codec.h"
#include "io/proxy_protocol.h"
#include "upstream/balance.h"
#include "upstream/guard.h"

enum hash_source { HASH_OF_CLIENT, HASH_OF_PATH, HASH_OF_HEADER, HASH_OF_COOKIE };

struct backend_state {   /* one per backend name, process-wide, survives reload */
	struct str name; /* owned */
	struct meter *meter;
	_Atomic uint32_t refs;
	struct guard guard;
};

struct backend {
	struct str name; /* borrowed from the state */
	struct position at;
	struct backend_state *state;    /* ref */
	struct balance_target *targets; /* owned; endpoints are refs */
	uint32_t n;
	struct balance *balance; /* owned */
	bool hashed;
	enum hash_source hash_source;
	struct str hash_name; /* owned */
	struct guard_spec guard;
	enum proxy_protocol proxy_protocol;
	const struct codec_ops *codec; /* what its endpoints speak, unless TLS agrees on another */
};

struct backend_spec {
	struct str name;
	struct position at;
	struct balance_spec balance; /* its targets' endpoints are taken over as refs */
	bool hashed;
	enum hash_source hash_source;
	struct str hash_name;
	struct guard_spec guard;
	enum proxy_protocol proxy_protocol;
	const struct codec_ops *codec; /* NULL: HTTP/1 */
};

/* The living state of this name, or a new one; counted. Its connections and requests keep it alive
 * as references do. Control thread; an unref on any, freed by registry_sweep. */
struct backend_state *registry_backend_state(struct registry *r, struct str name);
struct backend_state *backend_state_ref(struct backend_state *s); /* of one that is counted */
void backend_state_unref(struct backend_state **s);

struct backend *backend_new(struct registry *r, const struct backend_spec *spec);
void backend_free(struct backend **b);

/* Counts one more connection of the backend to this endpoint, or refuses:
 * FAULT_connection_limit_reached. Requests are counted by guard.h. */
enum fault backend_conn_open(struct backend *b, struct endpoint *e) NODISCARD;
void backend_conn_closed(struct backend_state *s, struct endpoint *e);
/* Chooses and counts in_flight on the endpoint; BALANCE_NONE: none available. *full: there are
 * some, but all of them have as many requests as they may. */
uint32_t backend_pick(struct backend *b, const struct balance_pick *pick, bool *full);
void backend_pick_done(struct endpoint *e);

#endif
