#include "io/resolve_parts.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>

enum { LOOKUP_FIRST_ROOM = 8 };

/* ---- what it comes to ---- */

void
lookup_live(struct lookup *l, uint32_t ttl_s)
{
	if (ttl_s < l->ttl_s)
		l->ttl_s = ttl_s;
}

void
lookup_add(struct lookup *l, const struct spot *p, uint32_t ttl_s)
{
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : LOOKUP_FIRST_ROOM;
		l->spots = xrealloc(l->spots, l->room * sizeof(*l->spots));
	}
	l->spots[l->n++] = *p;
	lookup_live(l, ttl_s);
}

static void
lookup_over(struct lookup *l)
{
	l->n = spots_sort(l->spots, l->n); /* servers turn their answers around */
	if (l->n > 0)
		l->at = LOOKUP_FOUND;
	else
		l->at = l->partial ? LOOKUP_FAILED : LOOKUP_NOTHING;
	if (l->why == NULL)
		l->why = "it has no address";
	timer_clear(l->resolver->loop, &l->timer);
	loop_again(l->resolver->loop, l->owner); /* the loop may not turn yet: see resolver_wait */
}

/* A failure says more than a name that is not there. */
void
lookup_note(struct lookup *l, bool failed, const char *why)
{
	if (failed || l->why == NULL)
		l->why = why;
	l->partial |= failed;
}

/* ---- its questions ---- */

static void
question_leave(struct question *q)
{
	struct question **at = &q->lookup->questions;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	q->lookup = NULL;
}

void
question_over(struct question *q)
{
	struct lookup *l = q->lookup;

	if (l != NULL) {
		question_leave(q);
		if (l->questions == NULL)
			lookup_over(l);
	}
	free(q);
}

static struct question *
question_new(struct lookup *l, struct str name)
{
	struct question *q = xcalloc(1, sizeof(*q) + name.len + 1);

	q->resolver = l->resolver;
	q->lookup = l;
	memcpy(q->name, name.p, name.len);
	q->next = l->questions;
	l->questions = q;
	TAILQ_INSERT_TAIL(&q->resolver->waiting, q, entry);
	loop_again(q->resolver->loop, &q->resolver->task);
	return q;
}

void
question_add(struct lookup *l, struct str name, const struct spot *as)
{
	question_new(l, name)->as = *as;
}

/* Whether this host can talk to others in this family (RFC 3493 section 6.1, AI_ADDRCONFIG). */
static bool
host_has_family(const struct ifaddrs *list, int family)
{
	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next)
		if (i->ifa_addr != NULL && i->ifa_addr->sa_family == family &&
		    (i->ifa_flags & IFF_LOOPBACK) == 0)
			return true;
	return false;
}

/* Of a host that has neither, both are asked for. */
static void
lookup_choose_families(struct lookup *l)
{
	struct ifaddrs *list = NULL;
	bool four, six;

	if (getifaddrs(&list) != 0)
		list = NULL;
	four = host_has_family(list, AF_INET);
	six = host_has_family(list, AF_INET6);
	if (list != NULL)
		freeifaddrs(list);
	l->four = four || !six;
	l->six = six || !four;
}

/* ---- from its owner ---- */

static void
lookup_forget_questions(struct lookup *l)
{
	struct question *q;

	while ((q = l->questions) != NULL) {
		question_leave(q);
		if (q->asked)
			continue;
		TAILQ_REMOVE(&q->resolver->waiting, q, entry);
		free(q);
	}
}

static void
lookup_late(struct timer *t)
{
	struct lookup *l = container_of(t, struct lookup, timer);

	lookup_forget_questions(l);
	lookup_note(l, true, "no answer in time");
	lookup_over(l);
}

static void
lookup_begin(struct lookup *l, struct resolver *r, struct task *owner)
{
	ASSERT(l->at == LOOKUP_IDLE);
	*l = (struct lookup){.at = LOOKUP_ASKS,
	    .resolver = r,
	    .owner = owner,
	    .ttl_s = UINT32_MAX,
	    .timer.fire = lookup_late};
	timer_set(r->loop, &l->timer, r->loop->now + r->timeout_us);
	lookup_choose_families(l);
}

void
lookup_name(
    struct lookup *l, struct resolver *r, struct str name, uint16_t port, struct task *owner)
{
	struct spot as = {.priority = 0};

	addr_set_port(&as.addr, port);
	lookup_begin(l, r, owner);
	question_add(l, name, &as);
}

void
lookup_service(struct lookup *l, struct resolver *r, struct str name, struct task *owner)
{
	lookup_begin(l, r, owner);
	question_new(l, name)->service = true;
}

void
lookup_end(struct lookup *l)
{
	if (l->at == LOOKUP_IDLE)
		return;
	lookup_forget_questions(l);
	timer_clear(l->resolver->loop, &l->timer);
	free(l->spots);
	*l = (struct lookup){.at = LOOKUP_IDLE};
}
