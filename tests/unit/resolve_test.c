/* Lookups against a DNS server of this file, which answers from a table and keeps to itself what it
 * has no row for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static int families(struct ifaddrs **list);
static void families_free(struct ifaddrs *list);
#define getifaddrs  families
#define freeifaddrs families_free
#include "io/resolve_lookup.c"

enum { MANY = 300, TIMEOUT_US = 600000, HEAD = 12, PACKET = 1500 };

/* ---- which families this host has ---- */

static bool has_six;

static int
families(struct ifaddrs **list)
{
	static struct sockaddr four = {.sa_family = AF_INET}, six = {.sa_family = AF_INET6};
	static struct ifaddrs both[2];

	both[0] = (struct ifaddrs){.ifa_next = has_six ? &both[1] : NULL, .ifa_addr = &four};
	both[1] = (struct ifaddrs){.ifa_addr = &six};
	*list = both;
	return 0;
}

static void
families_free(struct ifaddrs *list)
{
	(void)list;
}

/* ---- the server ---- */

struct row { /* rows of one name and type are one answer */
	const char *name;
	int type;
	uint32_t ttl;
	const char *is; /* an address; of SRV: "priority weight port target" */
	int rcode;
};

static const struct row table[] = {
    {"one.test", ns_t_a, 60, "10.0.0.1", 0},
    {"many.test", ns_t_a, 60, "10.0.0.3", 0},
    {"many.test", ns_t_a, 30, "10.0.0.1", 0},
    {"many.test", ns_t_a, 90, "10.0.0.2", 0},
    {"many.test", ns_t_a, 90, "10.0.0.1", 0},
    {"both.test", ns_t_a, 60, "10.0.0.1", 0},
    {"both.test", ns_t_aaaa, 20, "fd00::1", 0},
    {"four.test", ns_t_a, 60, "10.0.0.1", 0},
    {"four.test", ns_t_aaaa, 60, NULL, 0},
    {"half.test", ns_t_a, 60, "10.0.0.1", 0},
    {"half.test", ns_t_aaaa, 0, NULL, ns_r_servfail},
    {"nobody.test", ns_t_a, 0, NULL, ns_r_nxdomain},
    {"bare.test", ns_t_a, 0, NULL, 0},
    {"broken.test", ns_t_a, 0, NULL, ns_r_servfail},
    {"_http._tcp.test", ns_t_srv, 15, "10 60 8001 one.test", 0},
    {"_http._tcp.test", ns_t_srv, 15, "10 40 8002 many.test", 0},
    {"_http._tcp.test", ns_t_srv, 15, "20 0 8003 one.test", 0},
    {"_gone._tcp.test", ns_t_srv, 15, "0 0 0 .", 0},
    {"_lame._tcp.test", ns_t_srv, 15, "0 1 80 one.test", 0},
    {"_lame._tcp.test", ns_t_srv, 15, "0 1 80 broken.test", 0},
};

struct server {
	int fd;
	struct addr addr;
	pthread_t thread;
	_Atomic bool stop;
	_Atomic unsigned asked;
};

static uint8_t *
put16(uint8_t *p, unsigned n)
{
	*p++ = (uint8_t)(n >> 8);
	*p++ = (uint8_t)n;
	return p;
}

static uint8_t *
put_name(uint8_t *p, const char *name)
{
	struct str rest = str_from(name), label;

	while (str_cut(&rest, '.', &label)) {
		if (label.len == 0)
			continue;
		*p++ = (uint8_t)label.len;
		p = mempcpy(p, label.p, label.len);
	}
	*p++ = 0;
	return p;
}

static uint8_t *
put_record(uint8_t *p, const struct row *row)
{
	unsigned priority, weight, port;
	char target[64];
	uint8_t *len;

	p = put16(p, 0xc000 | HEAD); /* the name is the question's */
	p = put16(p, (unsigned)row->type);
	p = put16(p, ns_c_in);
	p = put16(p, row->ttl >> 16);
	p = put16(p, row->ttl & 0xffff);
	len = p;
	p += 2;
	if (row->type == ns_t_srv) {
		assert_int_equal(
		    sscanf(row->is, "%u %u %u %63s", &priority, &weight, &port, target), 4);
		p = put_name(put16(put16(put16(p, priority), weight), port), target);
	} else {
		assert_int_equal(
		    inet_pton(row->type == ns_t_a ? AF_INET : AF_INET6, row->is, p), 1);
		p += row->type == ns_t_a ? 4 : 16;
	}
	put16(len, (unsigned)(p - len - 2));
	return p;
}

/* 0: nothing is said. */
static size_t
server_answer(const uint8_t *query, size_t size, uint8_t *out)
{
	char name[NS_MAXDNAME];
	int named = ns_name_uncompress(query, query + size, query + HEAD, name, sizeof(name));
	size_t question = HEAD + (size_t)named + 4;
	int type = query[question - 4] << 8 | query[question - 3], rcode = -1;
	uint8_t *p = mempcpy(out, query, question);
	unsigned n = 0;

	assert_true(named > 0 && question <= size);
	if (strncmp(name, "fill", 4) == 0 && type == ns_t_a) {
		struct row row = {name, type, 60, "10.9.9.9", 0};

		p = put_record(p, &row);
		n++;
		rcode = 0;
	}
	for (size_t i = 0; i < nelem(table); i++) {
		if (strcasecmp(name, table[i].name) != 0 || type != table[i].type)
			continue;
		rcode = table[i].rcode;
		if (table[i].is != NULL) {
			p = put_record(p, &table[i]);
			n++;
		}
	}
	out[2] = 0x81; /* an answer, recursion desired */
	out[3] = (uint8_t)(0x80 | rcode);
	put16(out + 6, n);
	put16(out + 8, 0);
	put16(out + 10, 0);
	return rcode < 0 ? 0 : (size_t)(p - out);
}

static void *
server_main(void *arg)
{
	struct server *s = arg;
	uint8_t query[PACKET], answer[PACKET];

	while (!s->stop) {
		struct pollfd pfd = {.fd = s->fd, .events = POLLIN};
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n;
		size_t size;

		if (poll(&pfd, 1, 20) <= 0)
			continue;
		n = recvfrom(s->fd, query, sizeof(query), 0, (struct sockaddr *)&from, &len);
		assert_true(n > HEAD);
		s->asked++;
		size = server_answer(query, (size_t)n, answer);
		if (size > 0)
			assert_int_equal(
			    sendto(s->fd, answer, size, 0, (struct sockaddr *)&from, len), size);
	}
	return NULL;
}

/* ---- the rig ---- */

struct rig {
	struct server server;
	struct loop *loop;
	struct resolver *resolver;
	struct lookup lookup;
	struct task task;
	unsigned told;
};

static void
rig_told(struct task *t)
{
	struct rig *r = container_of(t, struct rig, task);

	r->told++;
	loop_stop(r->loop);
}

static int
rig_open(void **state)
{
	struct rig *r = xcalloc(1, sizeof(*r));
	struct server *s = &r->server;
	socklen_t len = sizeof(s->addr.in);

	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(addr_parse(STR("127.0.0.1:0"), false, &s->addr));
	assert_int_equal(bind(s->fd, &s->addr.sa, len), 0);
	assert_int_equal(getsockname(s->fd, &s->addr.sa, &len), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, server_main, s), 0);
	r->loop = loop_new(r);
	r->task.run = rig_told;
	r->resolver = resolver_new(r->loop, &(struct resolver_spec){&s->addr, 1, TIMEOUT_US});
	has_six = false;
	*state = r;
	return 0;
}

static int
rig_close(void **state)
{
	struct rig *r = *state;

	lookup_end(&r->lookup);
	task_unlist(r->loop, &r->task);
	resolver_free(&r->resolver);
	assert_null(r->resolver);
	loop_free(&r->loop);
	r->server.stop = true;
	pthread_join(r->server.thread, NULL);
	close(r->server.fd);
	free(r);
	return 0;
}

static void
rig_run(struct rig *r)
{
	r->loop->stop = false;
	loop_run(r->loop);
}

static struct lookup *
look_up(struct rig *r, const char *name, uint16_t port)
{
	lookup_end(&r->lookup);
	lookup_name(&r->lookup, r->resolver, str_from(name), port, &r->task);
	assert_int_equal(r->lookup.at, LOOKUP_ASKS);
	rig_run(r);
	return &r->lookup;
}

static struct lookup *
look_up_service(struct rig *r, const char *name)
{
	lookup_end(&r->lookup);
	lookup_service(&r->lookup, r->resolver, str_from(name), &r->task);
	rig_run(r);
	return &r->lookup;
}

/* "10.0.0.1:80 10/60, ..." */
static const char *
spots(const struct lookup *l)
{
	static char out[1024];
	char text[ADDR_TEXT];
	size_t len = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < l->n; i++) {
		addr_text(&l->spots[i].addr, text);
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s %u/%u",
		    i > 0 ? ", " : "", text, l->spots[i].priority, l->spots[i].weight);
	}
	return out;
}

/* ---- tests ---- */

static void
finds_the_address_of_a_name(void **state)
{
	struct rig *r = *state;
	const struct lookup *l = look_up(r, "one.test", 8080);

	assert_int_equal(l->at, LOOKUP_FOUND);
	assert_false(l->partial);
	assert_string_equal(spots(l), "10.0.0.1:8080 0/0");
	assert_int_equal(l->ttl_s, 60);
	assert_int_equal(r->told, 1);
}

static void
sorts_addresses_and_has_none_twice(void **state)
{
	const struct lookup *l = look_up(*state, "many.test", 80);

	assert_string_equal(spots(l), "10.0.0.1:80 0/0, 10.0.0.2:80 0/0, 10.0.0.3:80 0/0");
	assert_int_equal(l->ttl_s, 30);
}

static void
asks_for_the_families_that_the_host_has(void **state)
{
	struct rig *r = *state;
	const struct lookup *l = look_up(r, "both.test", 80);

	assert_string_equal(spots(l), "10.0.0.1:80 0/0");
	has_six = true;
	l = look_up(r, "both.test", 80);
	assert_string_equal(spots(l), "10.0.0.1:80 0/0, [fd00::1]:80 0/0");
	assert_int_equal(l->ttl_s, 20);
	l = look_up(r, "four.test", 80);
	assert_int_equal(l->at, LOOKUP_FOUND);
	assert_false(l->partial);
	assert_string_equal(spots(l), "10.0.0.1:80 0/0");
}

static void
tells_nothing_there_from_nobody_could_say(void **state)
{
	struct rig *r = *state;
	const struct lookup *l = look_up(r, "nobody.test", 80);

	assert_int_equal(l->at, LOOKUP_NOTHING);
	assert_string_equal(l->why, "no such name");
	l = look_up(r, "bare.test", 80);
	assert_int_equal(l->at, LOOKUP_NOTHING);
	assert_string_equal(l->why, "the name has no address");
	l = look_up(r, "broken.test", 80);
	assert_int_equal(l->at, LOOKUP_FAILED);
	assert_string_equal(l->why, "no DNS server could answer");
	l = look_up(r, "silent.test", 80);
	assert_int_equal(l->at, LOOKUP_FAILED);
	assert_string_equal(l->why, "no answer in time");
}

static void
says_when_only_a_part_was_found(void **state)
{
	const struct lookup *l;

	has_six = true;
	l = look_up(*state, "half.test", 80);
	assert_int_equal(l->at, LOOKUP_FOUND);
	assert_true(l->partial);
	assert_string_equal(spots(l), "10.0.0.1:80 0/0");
	has_six = false;
	l = look_up_service(*state, "_lame._tcp.test");
	assert_int_equal(l->at, LOOKUP_FOUND);
	assert_true(l->partial);
	assert_string_equal(spots(l), "10.0.0.1:80 0/1");
}

static void
finds_the_places_of_a_service(void **state)
{
	struct rig *r = *state;
	const struct lookup *l = look_up_service(r, "_http._tcp.test");

	assert_int_equal(l->at, LOOKUP_FOUND);
	assert_string_equal(spots(l), "10.0.0.1:8001 10/60, 10.0.0.1:8002 10/40, "
				      "10.0.0.2:8002 10/40, 10.0.0.3:8002 10/40, "
				      "10.0.0.1:8003 20/0");
	assert_int_equal(l->ttl_s, 15);
	l = look_up_service(r, "_gone._tcp.test");
	assert_int_equal(l->at, LOOKUP_NOTHING);
}

static void
gives_up_in_time(void **state)
{
	struct rig *r = *state;
	uint64_t began = r->loop->now;

	(void)look_up(r, "silent.test", 80);
	assert_in_range(r->loop->now - began, TIMEOUT_US / 2, 5 * TIMEOUT_US);
}

/* The answer to a question that nobody waits for any more reaches nobody. */
static void
can_be_ended_at_any_time(void **state)
{
	struct rig *r = *state;

	for (int round = 0; round < 3; round++) {
		lookup_name(&r->lookup, r->resolver, STR("one.test"), 80, &r->task);
		if (round > 0)
			(void)resolver_wait(
			    r->resolver, &r->lookup, 0); /* it is asked, and maybe answered */
		lookup_end(&r->lookup);
		assert_int_equal(r->lookup.at, LOOKUP_IDLE);
	}
	lookup_end(&r->lookup);
	assert_string_equal(spots(look_up(r, "one.test", 80)), "10.0.0.1:80 0/0");
}

static void
waits_without_the_loop(void **state)
{
	struct rig *r = *state;

	lookup_service(&r->lookup, r->resolver, STR("_http._tcp.test"), &r->task);
	assert_true(resolver_wait(r->resolver, &r->lookup, TIMEOUT_US) > 0);
	assert_int_equal(r->lookup.at, LOOKUP_FOUND);
	assert_int_equal(r->lookup.n, 5);
	assert_int_equal(r->told, 0); /* the loop tells it */
	rig_run(r);
	assert_int_equal(r->told, 1);
}

static void
waits_for_so_long_only(void **state)
{
	struct rig *r = *state;

	lookup_name(&r->lookup, r->resolver, STR("silent.test"), 80, &r->task);
	assert_int_equal(resolver_wait(r->resolver, &r->lookup, 1000), 0);
	assert_int_equal(r->lookup.at, LOOKUP_ASKS);
}

/* Far more than a server's socket holds, or the library would look at once. */
static void
asks_many_in_portions(void **state)
{
	struct rig *r = *state;
	struct lookup *many = xcalloc(MANY, sizeof(*many));
	char name[32];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "fill%d.test", i);
		lookup_name(&many[i], r->resolver, str_from(name), 80, &r->task);
	}
	for (int i = 0; i < MANY; i++) {
		(void)resolver_wait(r->resolver, &many[i], TIMEOUT_US);
		assert_int_equal(many[i].at, LOOKUP_FOUND);
		lookup_end(&many[i]);
	}
	assert_true(r->server.asked >= MANY);
	free(many);
}

static void
knows_what_the_hosts_file_says(void **state)
{
	struct rig *r = *state;
	const struct lookup *l = look_up(r, "localhost", 80);

	assert_int_equal(l->at, LOOKUP_FOUND);
	assert_string_equal(spots(l), "127.0.0.1:80 0/0");
	assert_int_equal(r->server.asked, 0);
}

#define RESOLVE_TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RESOLVE_TEST(finds_the_address_of_a_name),
	    RESOLVE_TEST(sorts_addresses_and_has_none_twice),
	    RESOLVE_TEST(asks_for_the_families_that_the_host_has),
	    RESOLVE_TEST(tells_nothing_there_from_nobody_could_say),
	    RESOLVE_TEST(says_when_only_a_part_was_found),
	    RESOLVE_TEST(finds_the_places_of_a_service),
	    RESOLVE_TEST(gives_up_in_time),
	    RESOLVE_TEST(can_be_ended_at_any_time),
	    RESOLVE_TEST(waits_without_the_loop),
	    RESOLVE_TEST(waits_for_so_long_only),
	    RESOLVE_TEST(asks_many_in_portions),
	    RESOLVE_TEST(knows_what_the_hosts_file_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
