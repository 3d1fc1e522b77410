#include "io/resolve_parts.h"

#include <ares.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

enum {
	RESOLVE_AT_ONCE = 64,      /* questions under way; more would overflow a server's socket */
	RESOLVE_TRIES = 3,         /* of one question, at each server in turn */
	RESOLVE_EDNS_BYTES = 1232, /* what comes through everywhere in one piece */
	US_PER_MS = 1000,
	US_PER_S = 1000000,
};

/* A socket of the library, as it wants it watched. */
struct inquiry {
	struct inquiry *next;
	struct resolver *resolver;
	int fd;
	short wants, got; /* EV_READ, EV_WRITE */
	struct event event;
};

/* ---- the library's sockets ---- */

static void
resolver_on_event(evutil_socket_t fd, short what, void *arg)
{
	struct inquiry *i = arg;

	(void)fd;
	i->got |= what & (EV_READ | EV_WRITE);
	loop_ready(i->resolver->loop, &i->resolver->task);
}

static struct inquiry **
resolver_inquiry(struct resolver *r, int fd)
{
	struct inquiry **at = &r->inquiries;

	while (*at != NULL && (*at)->fd != fd)
		at = &(*at)->next;
	return at;
}

/* How the library wants a socket watched; not at all just before it closes it. */
static void
resolver_on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = arg;
	struct inquiry **at = resolver_inquiry(r, fd), *i = *at;
	short wants = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));

	if (i != NULL)
		event_del(&i->event);
	if (wants == 0) {
		if (i != NULL)
			*at = i->next;
		free(i);
		return;
	}
	if (i == NULL) {
		i = *at = xcalloc(1, sizeof(*i));
		i->resolver = r;
		i->fd = fd;
	}
	i->wants = wants;
	event_assign(&i->event, r->loop->base, fd, wants | EV_PERSIST, resolver_on_event, i);
	ASSERT(event_add(&i->event, NULL) == 0); /* as in conn_register */
}

static bool
resolver_use_servers(struct resolver *r)
{
	struct ares_addr_port_node *list = xcalloc(r->n_servers, sizeof(*list));
	int status;

	for (size_t i = 0; i < r->n_servers; i++) {
		const struct addr *a = &r->servers[i];

		list[i].next = i + 1 < r->n_servers ? &list[i + 1] : NULL;
		list[i].family = a->sa.sa_family;
		list[i].udp_port = list[i].tcp_port = addr_port(a);
		if (a->sa.sa_family == AF_INET6)
			memcpy(&list[i].addr.addr6, &a->in6.sin6_addr, sizeof(list[i].addr.addr6));
		else
			list[i].addr.addr4 = a->in.sin_addr;
	}
	status = ares_set_servers_ports(r->channel, list);
	free(list);
	return status == ARES_SUCCESS;
}

/* NULL channel: the library cannot work; that is no reason for us to stop. */
static void
resolver_open(struct resolver *r)
{
	char lookups[] = "b"; /* the DNS only */
	struct ares_options options = {
	    .flags = ARES_FLAG_EDNS,
	    .ednspsz = RESOLVE_EDNS_BYTES,
	    .timeout = (int)(r->timeout_us / US_PER_MS / RESOLVE_TRIES) + 1,
	    .tries = RESOLVE_TRIES,
	    .lookups = lookups,
	    .sock_state_cb = resolver_on_socket,
	    .sock_state_cb_data = r,
	};
	const int given = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
			  ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;

	if (ares_init_options(&r->channel, &options, given) != ARES_SUCCESS)
		r->channel = NULL;
	else if (r->n_servers > 0 && !resolver_use_servers(r))
		ares_destroy(r->channel), r->channel = NULL;
}

/* Takes its sockets with it. */
static void
resolver_close(struct resolver *r)
{
	if (r->channel != NULL)
		ares_destroy(r->channel);
	r->channel = NULL;
	ASSERT(r->inquiries == NULL && r->asked == 0);
}

/* ---- its turn ---- */

/* What the library does may close any of its sockets, so each look begins anew. */
static void
resolver_read(struct resolver *r)
{
	struct inquiry *i = r->inquiries;

	while (i != NULL) {
		short got = i->got;

		if (got == 0) {
			i = i->next;
			continue;
		}
		i->got = 0;
		ares_process_fd(r->channel, got & EV_READ ? i->fd : ARES_SOCKET_BAD,
		    got & EV_WRITE ? i->fd : ARES_SOCKET_BAD);
		i = r->inquiries;
	}
	if (r->channel != NULL) /* what is late */
		ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void
resolver_ask(struct resolver *r)
{
	struct question *q;

	while (r->asked < RESOLVE_AT_ONCE && (q = TAILQ_FIRST(&r->waiting)) != NULL) {
		TAILQ_REMOVE(&r->waiting, q, entry);
		if (r->channel == NULL)
			resolver_open(r);
		if (r->channel != NULL) {
			question_ask(q);
			continue;
		}
		lookup_note(q->lookup, true, "the system has no DNS settings");
		question_over(q);
	}
}

/* When the library would try again; UINT64_MAX: it waits for nothing. */
static uint64_t
resolver_next_us(struct resolver *r)
{
	struct timeval in;

	if (r->channel == NULL || ares_timeout(r->channel, NULL, &in) == NULL)
		return UINT64_MAX;
	return (uint64_t)in.tv_sec * US_PER_S + (uint64_t)in.tv_usec;
}

static void
resolver_turn(struct resolver *r)
{
	uint64_t next;

	resolver_read(r);
	resolver_ask(r);
	if (r->asked == 0)
		resolver_close(r);
	next = resolver_next_us(r);
	if (next == UINT64_MAX)
		timer_clear(r->loop, &r->timer);
	else
		timer_set(r->loop, &r->timer, r->loop->now + next);
}

static void
resolver_run(struct task *t)
{
	resolver_turn(container_of(t, struct resolver, task));
}

static void
resolver_timer(struct timer *t)
{
	struct resolver *r = container_of(t, struct resolver, timer);

	loop_ready(r->loop, &r->task);
}

static uint64_t
resolve_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * US_PER_S + (uint64_t)ts.tv_nsec / 1000;
}

/* Waits for any of the sockets, for so long at most. */
static void
resolver_poll(struct resolver *r, uint64_t us)
{
	struct pollfd fds[RESOLVE_AT_ONCE];
	nfds_t n = 0;

	for (struct inquiry *i = r->inquiries; i != NULL && n < nelem(fds); i = i->next)
		fds[n++] = (struct pollfd){.fd = i->fd,
		    .events = (short)((i->wants & EV_READ ? POLLIN : 0) |
				      (i->wants & EV_WRITE ? POLLOUT : 0))};
	if (poll(fds, n, (int)(us / US_PER_MS) + 1) <= 0)
		return;
	for (nfds_t f = 0; f < n; f++) {
		struct inquiry *i = *resolver_inquiry(r, fds[f].fd);

		if (fds[f].revents & ~POLLOUT)
			i->got |= EV_READ;
		if (fds[f].revents & POLLOUT)
			i->got |= EV_WRITE;
	}
}

uint64_t
resolver_wait(struct resolver *r, const struct lookup *l, uint64_t us)
{
	uint64_t until = resolve_clock() + us, now = until - us;

	resolver_turn(r);
	while (l->at == LOOKUP_ASKS && now < until) {
		uint64_t next = resolver_next_us(r);

		resolver_poll(r, next < until - now ? next : until - now);
		resolver_turn(r);
		now = resolve_clock();
	}
	return now < until ? until - now : 0;
}

/* ---- life ---- */

void
resolver_set(struct resolver *r, const struct resolver_spec *spec)
{
	free(r->servers);
	r->servers = xcalloc(spec->n_servers, sizeof(*r->servers));
	r->n_servers = spec->n_servers;
	for (size_t i = 0; i < spec->n_servers; i++)
		r->servers[i] = spec->servers[i];
	r->timeout_us = spec->timeout_us;
}

struct resolver *
resolver_new(struct loop *l, const struct resolver_spec *spec)
{
	struct resolver *r = xcalloc(1, sizeof(*r));

	r->loop = l;
	r->task.run = resolver_run;
	r->timer.fire = resolver_timer;
	TAILQ_INIT(&r->waiting);
	resolver_set(r, spec);
	return r;
}

void
resolver_free(struct resolver **rp)
{
	struct resolver *r = *rp;

	*rp = NULL;
	if (r == NULL)
		return;
	ASSERT(TAILQ_EMPTY(&r->waiting));
	resolver_close(r);
	timer_clear(r->loop, &r->timer);
	task_unlist(r->loop, &r->task);
	free(r->servers);
	free(r);
}
