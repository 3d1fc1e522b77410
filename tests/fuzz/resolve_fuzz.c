/* Answers of the DNS, to questions for addresses and for services: whatever a server says, a lookup
 * ends with spots in order, each once, or with words. The head and the question are always right,
 * so that the rest is looked at. */
#include <ares.h>

static int answered_init(ares_channel *channel, struct ares_options *options, int given);
#define ares_init_options answered_init
#include "io/resolve.c"
#undef ares_init_options

#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PACKET = 4096, HEAD = 12, TURNS = 20, US_OF_A_LOOKUP = 1000000 };

static struct exchange_of_bytes {
	const uint8_t *data;
	size_t size;
	uint8_t query[PACKET];
	size_t query_len;
	struct addr server;
} fuzz;

static void
demand(bool ok)
{
	if (!ok)
		abort();
}

/* ---- the library's sockets ---- */

static ares_socket_t
fake_socket(int family, int type, int protocol, void *arg)
{
	(void)arg;
	return socket(family, type | SOCK_CLOEXEC, protocol);
}

static int
fake_close(ares_socket_t fd, void *arg)
{
	(void)arg;
	return close(fd);
}

static int
fake_connect(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len, void *arg)
{
	(void)fd;
	(void)to;
	(void)len;
	(void)arg;
	return 0;
}

static ares_ssize_t
fake_send(ares_socket_t fd, const struct iovec *iov, int n, void *arg)
{
	(void)fd;
	(void)arg;
	fuzz.query_len = 0;
	for (int i = 0; i < n; i++) {
		demand(fuzz.query_len + iov[i].iov_len <= PACKET);
		memcpy(fuzz.query + fuzz.query_len, iov[i].iov_base, iov[i].iov_len);
		fuzz.query_len += iov[i].iov_len;
	}
	return (ares_ssize_t)fuzz.query_len;
}

/* The query's id and question, then the counts and records of the input. */
static ares_ssize_t
fake_receive(ares_socket_t fd, void *buf, size_t room, int flags, struct sockaddr *from,
    ares_socklen_t *len, void *arg)
{
	uint8_t answer[PACKET * 2];
	size_t question = HEAD, n;

	(void)fd;
	(void)flags;
	(void)arg;
	if (fuzz.query_len < HEAD) {
		errno = EAGAIN;
		return -1;
	}
	while (question < fuzz.query_len && fuzz.query[question] != 0)
		question += fuzz.query[question] + 1u;
	question += 5;
	demand(question <= fuzz.query_len);
	memcpy(answer, fuzz.query, question);
	fuzz.query_len = 0;
	answer[2] = 0x81;
	answer[3] = 0x80;
	n = fuzz.size < PACKET ? fuzz.size : PACKET;
	if (n > 2) {
		answer[3] |= fuzz.data[0] & 0xf;
		answer[7] = fuzz.data[1]; /* so many records */
		memcpy(answer + question, fuzz.data + 2, n - 2);
		question += n - 2;
	}
	answer[10] = answer[11] = 0;
	if (from != NULL) {
		memcpy(from, &fuzz.server.sa, addr_len(&fuzz.server));
		*len = addr_len(&fuzz.server);
	}
	n = question < room ? question : room;
	memcpy(buf, answer, n);
	return (ares_ssize_t)n;
}

static int
answered_init(ares_channel *channel, struct ares_options *options, int given)
{
	static const struct ares_socket_functions fakes = {
	    fake_socket, fake_close, fake_connect, fake_receive, fake_send};
	int status = ares_init_options(channel, options, given);

	if (status == ARES_SUCCESS)
		ares_set_socket_functions(*channel, &fakes, NULL);
	return status;
}

/* ---- one lookup ---- */

static void
told(struct task *t)
{
	(void)t;
}

static void
check(const struct lookup *l)
{
	if (l->at == LOOKUP_ASKS)
		return; /* nothing that was said is an answer */
	demand((l->at == LOOKUP_FOUND) == (l->n > 0));
	demand(l->at == LOOKUP_FOUND || l->why != NULL);
	for (uint32_t i = 0; i < l->n; i++) {
		demand(addr_port(&l->spots[i].addr) != 0);
		demand(i == 0 || spot_cmp(&l->spots[i - 1], &l->spots[i]) < 0);
	}
}

static void
look(struct resolver *r, bool service)
{
	struct task owner = {.run = told};
	struct lookup l = {.at = LOOKUP_IDLE};

	fuzz.query_len = 0;
	if (service)
		lookup_service(&l, r, STR("_http._tcp.test."), &owner);
	else
		lookup_name(&l, r, STR("name.test."), 80, &owner);
	for (int i = 0; i < TURNS && l.at == LOOKUP_ASKS; i++) {
		resolver_turn(r);
		for (struct inquiry *q = r->inquiries; q != NULL; q = q->next)
			q->got |= EV_READ;
	}
	check(&l);
	task_unlist(r->loop, &owner);
	lookup_end(&l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct loop *loop = loop_new(NULL);
	struct resolver *r;

	fuzz.data = data;
	fuzz.size = size;
	demand(addr_parse(STR("127.0.0.1:53"), false, &fuzz.server));
	r = resolver_new(loop, &(struct resolver_spec){&fuzz.server, 1, US_OF_A_LOOKUP});
	look(r, false);
	look(r, true);
	resolver_free(&r);
	loop_free(&loop);
	return 0;
}
