/* listener - one worker's socket on one address: accepts within limits and hands each connection to
 * client.c. It follows the snapshots: found in a new one by its address, or drained. */
#ifndef FLOW_LISTENER_H
#define FLOW_LISTENER_H

#include "base/put.h"
#include "flow/worker.h"
#include "io/acceptor.h"

struct listener {
	LIST_ENTRY(listener) entry; /* in worker.listeners */
	struct worker *worker;
	struct acceptor acceptor;
	struct addr addr;
	char port_text[PUT_U64]; /* of it, for X-Forwarded-Port */
	struct str port;
	enum listen_protocol protocol;
	uint32_t index;                   /* in the current snapshot's listeners */
	const struct listener_spec *spec; /* of the current snapshot; NULL: gone from it */
	struct listener_state *state;     /* process-wide */
	struct codec_spec codec_spec;
	struct meter *meter; /* ref */
	uint32_t conns;      /* clients of this worker on it */
	bool draining;       /* no exchange after the current ones */
	struct task cut;     /* listed when the drain of a removed one has taken too long */
	struct timer cut_timer;
	char name[64];
};

/* Worker thread. Takes the bound descriptor. */
struct listener *listener_open(struct worker *w, const struct listener_spec *spec, int fd);
/* Follows the new snapshot: spec NULL makes it close its socket and drain its clients. */
void listener_update(struct listener *l, const struct listener_spec *spec);
/* Accepts what is queued, then closes the socket; the struct goes with its last client. */
void listener_close(struct listener *l);
void listener_client_gone(struct listener *l);

static inline struct listener_stats *
listener_stats(struct listener *l)
{
	return meter_block(l->meter, l->worker->index);
}

#endif
