#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { NET_BACKLOG = 4096, NS_PER_S = 1000000000 };

const uint32_t net_all_events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

void
die(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	errno = error;
	fprintf(stderr, " (%m)\n");
	exit(1);
}

void *
must_alloc(size_t size)
{
	void *p = calloc(1, size);

	if (p == NULL)
		die("out of memory");
	return p;
}

uint64_t
must_number(const char *text)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		die("not a number: %s", text);
	return n;
}

uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

void
net_prepare(void)
{
	struct rlimit limit;

	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static struct sockaddr_in
net_address(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int
net_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		die("socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

int
net_listen(uint16_t port)
{
	struct sockaddr_in at = net_address(port);
	int fd = net_socket();
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		die("bind to port %u", port);
	if (listen(fd, NET_BACKLOG) < 0)
		die("listen on port %u", port);
	return fd;
}

uint16_t
net_port(int fd)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);

	if (getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		die("getsockname");
	return ntohs(at.sin_port);
}

int
net_accept(int listener)
{
	/* The options of the listener, TCP_NODELAY among them, are inherited on Linux. */
	return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int
net_dial(uint16_t port)
{
	struct sockaddr_in to = net_address(port);
	int fd = net_socket();

	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

void
net_watch(int poll, int fd, void *owner, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = owner};

	if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl");
}

uint64_t
net_body_length(const char *head, size_t len)
{
	static const char name[] = "\ncontent-length:";
	const size_t name_len = sizeof(name) - 1;

	for (const char *at = head; (at = memchr(at, '\n', len - (size_t)(at - head))); at++) {
		if (len - (size_t)(at - head) < name_len)
			break;
		if (strncasecmp(at, name, name_len) == 0)
			return strtoull(at + name_len, NULL, 10);
	}
	return NET_NO_LENGTH;
}
