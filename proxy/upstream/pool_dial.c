#include "upstream/pool_parts.h"

#include <errno.h>

#include "io/tls_conn.h"

enum fault
upstream_dial_fault(int error)
{
	switch (error) {
	case ETIMEDOUT:
		return FAULT_connection_timeout;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EADDRNOTAVAIL:
		return FAULT_destination_ip_unroutable;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return FAULT_connection_limit_reached;
	default:
		return FAULT_connection_refused;
	}
}

static void
upstream_shaken(struct upstream *u)
{
	enum io io = tls_handshake(&u->conn);
	enum tls_failure why = u->conn.tls->failure;

	if (io == IO_DONE && u->speaks->major == 2 && !str_eq(tls_alpn(&u->conn), STR("h2")))
		upstream_dial_failed(u, FAULT_tls_protocol_error);
	else if (io == IO_DONE)
		upstream_ready(u);
	else if (io == IO_FAILED)
		upstream_dial_failed(u, why == TLS_certificate ? FAULT_tls_certificate_error
					: why == TLS_closed    ? FAULT_connection_refused
							       : FAULT_tls_protocol_error);
	else if (u->timed_out)
		upstream_dial_failed(u, FAULT_connection_timeout);
}

struct str
upstream_host(const struct endpoint *e)
{
	struct str host = e->name;

	while (host.len > 0 && host.p[host.len - 1] != ':')
		host.len--;
	host.len -= host.len > 0;
	if (host.len > 1 && host.p[0] == '[')
		host = str_of(host.p + 1, host.len - 2);
	return host;
}

/* TCP stands. */
static void
upstream_connected(struct upstream *u)
{
	if (u->tls == NULL) {
		upstream_ready(u);
		return;
	}
	u->at = UPSTREAM_SHAKES;
	u->timed_out = false;
	tls_connect(&u->conn, u->tls, upstream_host(u->endpoint));
	timer_set(u->conn.loop, &u->conn.timer, u->conn.loop->now + *u->pools->spec.tls_us);
	upstream_shaken(u);
}

static void
upstream_dialled(struct upstream *u)
{
	enum io io = conn_dialled(&u->conn);

	if (io == IO_MORE && !u->timed_out)
		return;
	if (io == IO_DONE)
		upstream_connected(u);
	else
		upstream_dial_failed(u,
		    u->timed_out ? FAULT_connection_timeout : upstream_dial_fault(u->conn.error));
}

void
upstream_dial_run(struct upstream *u)
{
	if (u->at == UPSTREAM_DIALS)
		upstream_dialled(u);
	else
		upstream_shaken(u);
}

static struct upstream *
upstream_new(struct pools *p, const struct backend *b, struct endpoint *e, bool alone)
{
	struct upstream *u = slab_take(&p->upstreams);

	memset(u, 0, sizeof(*u));
	TAILQ_INIT(&u->waiters);
	u->pools = p;
	u->speaks = b->codec;
	u->tls = b->tls != NULL ? tls_client_ref(b->tls) : NULL;
	u->endpoint = e;
	u->backend = b->state;
	u->alone = alone;
	u->lent = 1;
	u->at = UPSTREAM_DIALS;
	return u;
}

static struct upstream *
upstream_begin(struct upstream *u, struct waiter *w)
{
	struct pools *p = u->pools;
	enum io io = conn_dial(&u->conn, p->spec.loop, &u->endpoint->addr, upstream_run);

	u->conn.timer.fire = upstream_timer;
	if (io == IO_DONE)
		upstream_connected(u);
	else if (io == IO_FAILED)
		upstream_dial_failed(u, upstream_dial_fault(u->conn.error));
	if (u->at == UPSTREAM_LENT || u->at == UPSTREAM_CLOSED)
		return u;
	waiter_join(w, &u->waiters);
	if (u->speaks->many && !u->alone)
		upstream_link(u, &upstream_pool(u)->dials);
	if (u->at == UPSTREAM_DIALS)
		timer_set(p->spec.loop, &u->conn.timer, p->spec.loop->now + *p->spec.connect_us);
	return u;
}

struct upstream *
upstream_dial(struct pools *p, const struct backend *b, struct endpoint *e, struct waiter *w)
{
	return upstream_begin(upstream_new(p, b, e, false), w);
}

struct upstream *
upstream_dial_alone(struct pools *p, const struct backend *b, struct endpoint *e, struct waiter *w)
{
	return upstream_begin(upstream_new(p, b, e, true), w);
}
