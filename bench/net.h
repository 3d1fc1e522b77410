/* net - the few socket calls that origin, floor and load share. Everything is on the loopback
 * address, non-blocking and without Nagle. A failure that no measurement survives ends the program.
 */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include <stddef.h>
#include <stdint.h>

enum {
	NET_BUFFER = 64 * 1024, /* bytes that one recv() may take, everywhere */
	NET_EVENTS = 512,       /* events that one epoll_wait() may return */
};
#define NET_NO_LENGTH UINT64_MAX

/* Input, output and the end of input, each reported once per change: registered for life. */
extern const uint32_t net_all_events;

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *must_alloc(size_t size);          /* zeroed; never NULL */
uint64_t must_number(const char *text); /* a decimal number, or the end */
uint64_t now_ns(void);

void net_prepare(void);        /* no SIGPIPE, as many descriptors as allowed */
int net_listen(uint16_t port); /* 0: the kernel picks one */
uint16_t net_port(int fd);
int net_accept(int listener); /* -1: none is waiting */
int net_dial(uint16_t port);  /* connecting or connected; -1: refused */
void net_watch(int poll, int fd, void *owner, uint32_t events);
uint64_t net_body_length(const char *head, size_t len); /* Content-Length, or NET_NO_LENGTH */

#endif
