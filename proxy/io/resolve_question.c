#include "io/resolve_parts.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>

enum { QUESTION_TARGETS = 1024 }; /* records of one service that are looked at */

static const char *
question_words(int status)
{
	switch (status) {
	case ARES_ENOTFOUND:
		return "no such name";
	case ARES_ETIMEOUT:
		return "no answer in time";
	case ARES_ECONNREFUSED: /* also when the last one that was asked failed or refused */
	case ARES_ESERVFAIL:
	case ARES_EREFUSED:
		return "no DNS server could answer";
	case ARES_EFORMERR:
	case ARES_EBADRESP:
		return "the DNS server's answer is malformed";
	default:
		return ares_strerror(status);
	}
}

static void
question_note(struct question *q, int status)
{
	if (q->lookup == NULL || status == ARES_SUCCESS)
		return;
	if (status == ARES_ENODATA)
		lookup_note(
		    q->lookup, false, q->service ? "no such service" : "the name has no address");
	else
		lookup_note(q->lookup, status != ARES_ENOTFOUND, question_words(status));
}

/* One query of it is over. */
static void
question_closes(struct question *q)
{
	if (--q->open > 0)
		return;
	q->resolver->asked--;
	question_over(q);
}

/* ---- addresses ---- */

static void
question_add_spot(struct question *q, int family, const void *ip, int ttl_s)
{
	struct spot p = q->as;

	if (q->lookup == NULL)
		return;
	p.addr.sa.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		memcpy(&p.addr.in.sin_addr, ip, sizeof(p.addr.in.sin_addr));
	else
		memcpy(&p.addr.in6.sin6_addr, ip, sizeof(p.addr.in6.sin6_addr));
	addr_set_port(&p.addr, addr_port(&q->as.addr));
	lookup_add(q->lookup, &p, ttl_s > 0 ? (uint32_t)ttl_s : 0);
}

static void
question_on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
	struct question *q = arg;

	(void)timeouts;
	for (struct ares_addrinfo_node *n = found ? found->nodes : NULL; n != NULL; n = n->ai_next)
		if (n->ai_family == AF_INET)
			question_add_spot(q, AF_INET,
			    &((struct sockaddr_in *)(void *)n->ai_addr)->sin_addr, n->ai_ttl);
		else if (n->ai_family == AF_INET6)
			question_add_spot(q, AF_INET6,
			    &((struct sockaddr_in6 *)(void *)n->ai_addr)->sin6_addr, n->ai_ttl);
	if (found != NULL)
		ares_freeaddrinfo(found);
	question_note(q, status);
	question_closes(q);
}

static bool
question_read_file(struct question *q, int family)
{
	struct hostent *found = NULL;

	if (ares_gethostbyname_file(q->resolver->channel, q->name, family, &found) != ARES_SUCCESS)
		return false;
	for (char **ip = found->h_addr_list; *ip != NULL; ip++)
		question_add_spot(q, family, *ip, 0);
	ares_free_hostent(found);
	return true;
}

/* The library would look into hosts(5) for each family, and ask for the one that is not there. */
static bool
question_in_file(struct question *q)
{
	bool four = q->lookup->four && question_read_file(q, AF_INET);
	bool six = q->lookup->six && question_read_file(q, AF_INET6);

	return four || six;
}

static void
question_ask_family(struct question *q, int family)
{
	const struct ares_addrinfo_hints hints = {
	    .ai_flags = ARES_AI_NOSORT, .ai_family = family, .ai_socktype = SOCK_STREAM};

	q->open++;
	ares_getaddrinfo(q->resolver->channel, q->name, NULL, &hints, question_on_addresses, q);
}

/* ---- services ---- */

/* The target "." says that there is no such service (RFC 2782). */
static void
question_add_targets(struct question *q, const struct ares_srv_reply *found)
{
	uint32_t n = 0;

	for (; found != NULL && n < QUESTION_TARGETS; found = found->next, n++) {
		struct spot as = {.priority = found->priority, .weight = found->weight};

		addr_set_port(&as.addr, found->port);
		if (found->host[0] != '\0' && found->port != 0)
			question_add(q->lookup, str_from(found->host), &as);
	}
}

/* The shortest life of the answer's own records, which the library does not tell of: RFC 1035
 * section 4.1. What cannot be read lives no time at all. */
static uint32_t
question_answer_ttl(const unsigned char *answer, int len)
{
	ns_msg msg;
	ns_rr rr;
	uint32_t ttl = UINT32_MAX;

	if (ns_initparse(answer, len, &msg) != 0)
		return 0;
	for (int i = 0; i < ns_msg_count(msg, ns_s_an); i++) {
		if (ns_parserr(&msg, ns_s_an, i, &rr) != 0)
			return 0;
		if (ns_rr_ttl(rr) < ttl)
			ttl = ns_rr_ttl(rr);
	}
	return ttl == UINT32_MAX ? 0 : ttl;
}

static void
question_on_records(void *arg, int status, int timeouts, unsigned char *answer, int len)
{
	struct question *q = arg;
	struct ares_srv_reply *found = NULL;

	(void)timeouts;
	if (status == ARES_SUCCESS)
		status = ares_parse_srv_reply(answer, len, &found);
	if (status == ARES_SUCCESS && q->lookup != NULL) {
		lookup_live(q->lookup, question_answer_ttl(answer, len));
		question_add_targets(q, found);
	}
	if (found != NULL)
		ares_free_data(found);
	question_note(q, status);
	question_closes(q);
}

/* The library may call back at once. */
void
question_ask(struct question *q)
{
	const struct lookup *l = q->lookup;

	q->asked = true;
	q->resolver->asked++;
	q->open = 1;
	if (q->service) {
		q->open++;
		ares_search(
		    q->resolver->channel, q->name, ns_c_in, ns_t_srv, question_on_records, q);
	} else if (!question_in_file(q)) {
		if (l->four)
			question_ask_family(q, AF_INET);
		if (l->six)
			question_ask_family(q, AF_INET6);
	}
	question_closes(q);
}
