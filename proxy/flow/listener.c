#include "flow/listener.h"

#include <stdlib.h>

#include "flow/client.h"

static bool
listener_full(const struct listener *l)
{
	const struct listener_spec *s = l->spec;

	return s->max_connections != 0 &&
	       atomic_load_explicit(&s->state->conns, memory_order_relaxed) >= s->max_connections;
}

/* False: nobody waits any more. */
static bool
listener_accept(struct listener *l)
{
	enum fault why = FAULT_none;
	struct addr peer;
	bool exhausted;
	int fd = acceptor_accept(&l->acceptor, &peer, &exhausted);

	if (exhausted)
		log_warn("listener %s: out of file descriptors, refusing connections", l->name);
	if (fd >= 0 && listener_full(l))
		why = FAULT_connection_limit_reached;
	else if (fd >= 0 && worker_refuses(l->worker))
		why = FAULT_overload_shed;
	if (exhausted || why != FAULT_none)
		COUNTER_ADD(listener_stats(l)->refused, 1);
	if (fd < 0)
		return false;
	if (why != FAULT_none) {
		client_refuse(l, fd, why);
		return true;
	}
	COUNTER_ADD(listener_stats(l)->conns, 1);
	l->conns++;
	atomic_fetch_add_explicit(&l->state->conns, 1, memory_order_relaxed);
	client_open(l, fd, &peer);
	return true;
}

static void
listener_run(struct task *t)
{
	struct acceptor *a = container_of(t, struct acceptor, task);
	struct listener *l = container_of(a, struct listener, acceptor);

	for (unsigned i = 0; i < ACCEPTOR_SHARE && listener_accept(l); i++)
		;
}

/* A removed one has had its time. It is gone with the last of its clients. */
static void
listener_cut(struct task *t)
{
	struct listener *l = container_of(t, struct listener, cut);
	struct client *c, *next;

	log_warn(
	    "listener %s: removed and not drained in time, %u connections cut", l->name, l->conns);
	LIST_FOREACH_SAFE(c, &l->worker->all_clients, entry, next)
		if (c->listener == l)
			(void)client_cut(c, FAULT_drain_timeout);
}

static void
listener_cut_due(struct timer *t)
{
	struct listener *l = container_of(t, struct listener, cut_timer);

	loop_ready(l->worker->loop, &l->cut);
}

static void
listener_name(struct listener *l, struct str name)
{
	size_t n = name.len < sizeof(l->name) - 1 ? name.len : sizeof(l->name) - 1;

	memcpy(l->name, name.p, n);
	l->name[n] = '\0';
}

struct listener *
listener_open(struct worker *w, const struct listener_spec *spec, int fd)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->worker = w;
	l->addr = spec->state->bound;
	l->port = str_of(
	    l->port_text, (size_t)(put_u64(l->port_text, addr_port(&l->addr)) - l->port_text));
	l->index = spec->index;
	l->protocol = spec->protocol;
	l->spec = spec;
	l->state = spec->state;
	l->meter = meter_ref(spec->meter);
	l->cut.run = listener_cut;
	l->cut_timer.fire = listener_cut_due;
	l->codec_spec = (struct codec_spec){
	    .side = SIDE_CLIENT, .slabs = &w->slabs, .draining = &l->draining, .h2 = true};
	listener_name(l, spec->name);
	acceptor_open(&l->acceptor, w->loop, fd, listener_run);
	LIST_INSERT_HEAD(&w->listeners, l, entry);
	return l;
}

void
listener_update(struct listener *l, const struct listener_spec *spec)
{
	struct client *c, *next;

	if (spec == NULL) {
		if (!l->draining)
			timer_set(l->worker->loop, &l->cut_timer,
			    l->worker->loop->now + l->worker->timeouts.drain);
		LIST_FOREACH_SAFE(c, &l->worker->all_clients, entry, next)
			if (c->listener == l)
				client_drain(c);
		listener_close(l);
		return;
	}
	l->spec = spec;
	l->index = spec->index;
	l->protocol = spec->protocol;
	if (!str_eq(spec->name, str_from(l->name))) {
		listener_name(l, spec->name);
		meter_unref(&l->meter);
		l->meter = meter_ref(spec->meter);
	}
}

static void
listener_free(struct listener *l)
{
	LIST_REMOVE(l, entry);
	timer_clear(l->worker->loop, &l->cut_timer);
	task_unlist(l->worker->loop, &l->cut);
	meter_unref(&l->meter);
	free(l);
}

void
listener_close(struct listener *l)
{
	l->draining = true;
	if (l->acceptor.fd >= 0) {
		/* Those that the kernel has already greeted are served, not reset. */
		while (l->spec != NULL && listener_accept(l))
			;
		acceptor_close(&l->acceptor);
	}
	l->spec = NULL; /* it belongs to a snapshot that may go now */
	if (l->conns == 0)
		listener_free(l);
}

void
listener_client_gone(struct listener *l)
{
	l->conns--;
	atomic_fetch_sub_explicit(&l->state->conns, 1, memory_order_relaxed);
	COUNTER_ADD(listener_stats(l)->closed, 1);
	if (l->conns == 0 && l->acceptor.fd < 0)
		listener_free(l);
}
