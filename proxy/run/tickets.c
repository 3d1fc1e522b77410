#include "run/tickets.h"

#define TICKETS_US (UINT64_C(1000000) * TLS_TICKET_ROTATE_S)

static void
tickets_rotate(struct timer *timer)
{
	struct tickets *t = container_of(timer, struct tickets, timer);

	tls_tickets_rotate(t->keys);
	timer_set(t->loop, timer, t->loop->now + TICKETS_US);
}

void
tickets_open(struct tickets *t, struct loop *l)
{
	t->keys = tls_tickets_new();
	t->loop = l;
	t->timer.fire = tickets_rotate;
	timer_set(l, &t->timer, l->now + TICKETS_US);
}

void
tickets_close(struct tickets *t)
{
	if (t->keys != NULL)
		tls_tickets_free(&t->keys);
}
