/* addr - an IPv4 or IPv6 address with a port, by value; and CIDR ranges. No names are resolved. */
#ifndef IO_ADDR_H
#define IO_ADDR_H

#include <netinet/in.h>

#include "base/str.h"

enum { ADDR_TEXT = 64 }; /* room for the longest text of an address, with NUL */

struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
};

struct cidr {
	uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t bits;      /* 0-128, in that mapped form */
};

/* "10.0.0.1:80", "[::1]:80"; with any_ok also ":80" (all IPv4 interfaces). False: malformed. */
bool addr_parse(struct str text, bool any_ok, struct addr *out) NODISCARD;
/* The same without a port: "10.0.0.1", "::1", "[::1]". */
bool addr_parse_ip(struct str text, struct addr *out) NODISCARD;
socklen_t addr_len(const struct addr *a);
uint16_t addr_port(const struct addr *a);
void addr_set_port(struct addr *a, uint16_t port);
bool addr_same(const struct addr *a, const struct addr *b);
uint64_t addr_hash(const struct addr *a); /* of the IP only: stable over instances */
/* "10.0.0.1:80" or "[::1]:80"; mapped IPv4 is printed as IPv4. Ends in NUL; the length without. */
size_t addr_text(const struct addr *a, char out[ADDR_TEXT]);
/* The same without the port and without brackets. */
size_t addr_text_ip(const struct addr *a, char out[ADDR_TEXT]);

/* "10.0.0.0/8", "::1/128", or an address alone. False: malformed, or bits set below the mask. */
bool cidr_parse(struct str text, struct cidr *out) NODISCARD;
/* "10.0.0.0/8"; ends in NUL; the length without. */
size_t cidr_text(const struct cidr *c, char out[ADDR_TEXT]);
bool cidr_has(const struct cidr *list, size_t n, const struct addr *a);

#endif
