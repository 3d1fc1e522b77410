/* backend - a named set of endpoints with the way to choose among them and the limits on them.
 * The struct is part of a snapshot: immutable, shared. What changes at run time hangs in
 * backend_state, which the registry keeps over reloads: the targets that are in force, and counts.
 * So endpoints come and go without a new snapshot, and for the exchanges of old ones too. */
#ifndef UPSTREAM_BACKEND_H
#define UPSTREAM_BACKEND_H

#include "base/fault.h"
#include "upstream/backend_spec.h"
#include "upstream/backend_state.h"

struct backend {
	struct str name; /* borrowed from the state */
	struct position at;
	struct backend_state *state; /* ref */
	struct recipe *recipe;       /* owned; NULL: its targets are always the same */
	struct balance_spec balance; /* but for its targets */
	struct targets *staged;      /* owned; until backend_publish. Control thread */
	bool hashed;
	enum hash_source hash_source;
	struct str hash_name; /* owned */
	struct guard_spec guard;
	struct outlier_spec outlier;
	struct zones zones;
	uint32_t panic; /* when less than so many percent are well; 0: never */
	struct warming_spec warming;
	struct sticky *sticky; /* owned; NULL: nobody is kept with an endpoint */
	enum proxy_protocol proxy_protocol;
	const struct codec_ops *codec; /* what its endpoints speak, unless TLS agrees on another */
	struct tls_client *tls;        /* ref; NULL: plain */
	struct check *check;           /* ref; NULL: they are not checked */
};

struct backend *backend_new(struct registry *r, const struct backend_spec *spec);
void backend_free(struct backend **b);
/* Stages what its recipe comes to, with names as they are known now. Control thread. */
void backend_compose(struct backend *b, struct registry *r);
/* Puts the staged targets in force; those before go when the grace is over. Control thread. */
void backend_publish(struct backend *b, struct grace *g);
/* Those in force, or those that would be: for the control thread to look at. */
const struct targets *backend_targets(const struct backend *b);
/* Those in force, for a worker, until its turn ends. */
static inline const struct targets *
backend_targets_now(const struct backend *b)
{
	return atomic_load_explicit(&b->state->targets, memory_order_acquire);
}

/* One more connection to this endpoint, or why not. Requests are counted by guard.h. */
enum fault backend_conn_open(struct backend *b, struct endpoint *e) NODISCARD;
void backend_conn_closed(struct backend_state *s, struct endpoint *e);
/* Chooses and counts in_flight on the endpoint, which keeps it alive; NULL: none is available, and
 * *why is connection_limit_reached, dns_error or destination_unavailable. */
struct endpoint *backend_pick(struct backend *b, const struct balance_pick *pick, enum fault *why);
/* The endpoint that this client has a seat at, in the same way; NULL, and *why is FAULT_none: there
 * is none with this tag. */
struct endpoint *backend_pick_seat(struct backend *b, const struct balance_pick *pick,
    const struct sticky_tag *seat, enum fault *why);
void backend_pick_done(struct endpoint *e);
/* Would one be chosen, if none had too many requests? */
bool backend_has(const struct backend *b, const struct balance_pick *pick);

#endif
