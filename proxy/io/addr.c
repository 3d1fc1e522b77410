#include "io/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
	IP4_BYTES = 4,
	IP6_BYTES = 16,
	IP4_BITS = 32,
	IP6_BITS = 128,
	MAPPED_BITS = IP6_BITS - IP4_BITS,    /* the prefix ::ffff:0:0/96 */
	MAPPED_BYTES = IP6_BYTES - IP4_BYTES, /* the same in bytes */
	PORT_MAX = 65535,
	PORT_DIGITS = 5,
	BYTE_BITS = 8,
};

static const uint8_t mapped_prefix[MAPPED_BYTES] = {[10] = 0xff, [11] = 0xff};

/* The IP in the one form that both families share: IPv4 as ::ffff:a.b.c.d. */
static void
addr_bytes(const struct addr *a, uint8_t out[IP6_BYTES])
{
	if (a->sa.sa_family == AF_INET6) {
		memcpy(out, &a->in6.sin6_addr, IP6_BYTES);
		return;
	}
	memcpy(out, mapped_prefix, MAPPED_BYTES);
	memcpy(out + MAPPED_BYTES, &a->in.sin_addr, IP4_BYTES);
}

static bool
addr_parse_port(struct str text, uint16_t *port)
{
	uint64_t n;

	if (text.len > PORT_DIGITS || !str_to_u64(text, PORT_MAX, &n))
		return false;
	*port = (uint16_t)n;
	return true;
}

bool
addr_parse_ip(struct str text, struct addr *out)
{
	bool bracketed = text.len >= 2 && text.p[0] == '[' && text.p[text.len - 1] == ']';
	char copy[INET6_ADDRSTRLEN];

	memset(out, 0, sizeof(*out));
	if (bracketed)
		text = str_of(text.p + 1, text.len - 2);
	if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.p, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	if (!bracketed && inet_pton(AF_INET, copy, &out->in.sin_addr) == 1)
		out->sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, copy, &out->in6.sin6_addr) == 1)
		out->sa.sa_family = AF_INET6;
	else
		return false;
	return true;
}

bool
addr_parse(struct str text, bool any_ok, struct addr *out)
{
	struct str ip = text;
	uint16_t port;

	memset(out, 0, sizeof(*out));
	while (ip.len > 0 && ip.p[ip.len - 1] != ':')
		ip.len--;
	if (ip.len == 0) /* no colon at all */
		return false;
	if (!addr_parse_port(str_of(text.p + ip.len, text.len - ip.len), &port))
		return false;
	ip.len--;
	if (ip.len == 0 && any_ok)
		out->sa.sa_family = AF_INET; /* the address is zero: all interfaces */
	else if (memchr(ip.p, ':', ip.len) != NULL && ip.p[0] != '[')
		return false; /* a bare "::1:80" could be read in two ways */
	else if (!addr_parse_ip(ip, out))
		return false;
	addr_set_port(out, port);
	return true;
}

socklen_t
addr_len(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
}

uint16_t
addr_port(const struct addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->in6.sin6_port : a->in.sin_port);
}

void
addr_set_port(struct addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons(port);
	else
		a->in.sin_port = htons(port);
}

bool
addr_same(const struct addr *a, const struct addr *b)
{
	uint8_t ip_a[IP6_BYTES], ip_b[IP6_BYTES];

	addr_bytes(a, ip_a);
	addr_bytes(b, ip_b);
	return memcmp(ip_a, ip_b, sizeof(ip_a)) == 0 && addr_port(a) == addr_port(b);
}

uint64_t
addr_hash(const struct addr *a)
{
	uint8_t ip[IP6_BYTES];

	addr_bytes(a, ip);
	return XXH3_64bits(ip, sizeof(ip)); /* no seed: every instance picks the same endpoint */
}

/* "0." to "255.": each number with the dot behind it. */
#define DIGIT(n) ('0' + (n) % 10)
#define DOTTED(n)                                                                                  \
	{                                                                                          \
		(n) >= 100  ? DIGIT((n) / 100)                                                     \
		: (n) >= 10 ? DIGIT((n) / 10)                                                      \
			    : DIGIT(n),                                                            \
		    (n) >= 100  ? DIGIT((n) / 10)                                                  \
		    : (n) >= 10 ? DIGIT(n)                                                         \
				: '.',                                                             \
		    (n) >= 100 ? DIGIT(n) : '.', '.'                                               \
	}
#define DOTTED4(n)  DOTTED(n), DOTTED((n) + 1), DOTTED((n) + 2), DOTTED((n) + 3)
#define DOTTED16(n) DOTTED4(n), DOTTED4((n) + 4), DOTTED4((n) + 8), DOTTED4((n) + 12)
#define DOTTED64(n) DOTTED16(n), DOTTED16((n) + 16), DOTTED16((n) + 32), DOTTED16((n) + 48)

static const char dotted[256][4] = {DOTTED64(0), DOTTED64(64), DOTTED64(128), DOTTED64(192)};

/* Every request has its client's address written for the log and for X-Forwarded-For, nearly always
 * an IPv4 one: from the table this takes 30 instructions, by inet_ntop and printf 1,300. Returns
 * the end. */
static char *
addr_put_ip4(char *p, const uint8_t ip[4])
{
	for (size_t i = 0; i < 4; i++) {
		memcpy(p, dotted[ip[i]], sizeof(dotted[0]));
		p += 2 + (ip[i] >= 10) + (ip[i] >= 100);
	}
	*--p = '\0';
	return p;
}

static size_t
addr_format(const struct addr *a, bool with_port, char out[ADDR_TEXT])
{
	uint8_t ip[IP6_BYTES];
	char text[INET6_ADDRSTRLEN];
	bool six;

	if (likely(a->sa.sa_family == AF_INET && !with_port))
		return (size_t)(addr_put_ip4(out, (const uint8_t *)&a->in.sin_addr) - out);
	addr_bytes(a, ip);
	six = memcmp(ip, mapped_prefix, MAPPED_BYTES) != 0;
	if (!six && !with_port)
		return (size_t)(addr_put_ip4(out, ip + MAPPED_BYTES) - out);
	/* Cannot fail: both families are known and the buffer holds the longer one. */
	(void)inet_ntop(six ? AF_INET6 : AF_INET, six ? ip : ip + MAPPED_BYTES, text, sizeof(text));
	if (!with_port)
		return (size_t)snprintf(out, ADDR_TEXT, "%s", text);
	return (size_t)snprintf(out, ADDR_TEXT, six ? "[%s]:%u" : "%s:%u", text, addr_port(a));
}

size_t
addr_text(const struct addr *a, char out[ADDR_TEXT])
{
	return addr_format(a, true, out);
}

size_t
addr_text_ip(const struct addr *a, char out[ADDR_TEXT])
{
	return addr_format(a, false, out);
}

/* Whether the bits of a below the mask are all zero. */
static bool
cidr_is_clean(const struct cidr *c)
{
	for (size_t bit = c->bits; bit < IP6_BITS; bit++)
		if (c->bytes[bit / BYTE_BITS] & (0x80 >> bit % BYTE_BITS))
			return false;
	return true;
}

bool
cidr_parse(struct str text, struct cidr *out)
{
	size_t slash = str_find(text, '/', 0);
	struct addr ip;
	uint64_t bits;
	bool six;

	if (!addr_parse_ip(str_of(text.p, slash), &ip))
		return false;
	six = ip.sa.sa_family == AF_INET6;
	bits = six ? IP6_BITS : IP4_BITS;
	if (slash < text.len) {
		struct str mask = str_of(text.p + slash + 1, text.len - slash - 1);

		if (mask.len > 3 || !str_to_u64(mask, bits, &bits))
			return false;
	}
	addr_bytes(&ip, out->bytes);
	out->bits = (uint8_t)(bits + (six ? 0 : MAPPED_BITS));
	return cidr_is_clean(out);
}

size_t
cidr_text(const struct cidr *c, char out[ADDR_TEXT])
{
	bool four = c->bits >= MAPPED_BITS && memcmp(c->bytes, mapped_prefix, MAPPED_BYTES) == 0;
	char text[INET6_ADDRSTRLEN];

	(void)inet_ntop(four ? AF_INET : AF_INET6, four ? c->bytes + MAPPED_BYTES : c->bytes, text,
	    sizeof(text)); /* cannot fail, as above */
	return (size_t)snprintf(
	    out, ADDR_TEXT, "%s/%u", text, (unsigned)c->bits - (four ? MAPPED_BITS : 0));
}

static bool
cidr_covers(const struct cidr *c, const uint8_t ip[IP6_BYTES])
{
	size_t whole = c->bits / BYTE_BITS, rest = c->bits % BYTE_BITS;

	if (memcmp(c->bytes, ip, whole) != 0)
		return false;
	return rest == 0 || ((c->bytes[whole] ^ ip[whole]) >> (BYTE_BITS - rest)) == 0;
}

bool
cidr_has(const struct cidr *list, size_t n, const struct addr *a)
{
	uint8_t ip[IP6_BYTES];
	bool four;

	addr_bytes(a, ip);
	four = memcmp(ip, mapped_prefix, MAPPED_BYTES) == 0;
	for (size_t i = 0; i < n; i++) {
		/* "::/0" was written by someone who thought of IPv6: it trusts no IPv4. */
		if (four && list[i].bits < MAPPED_BITS)
			continue;
		if (cidr_covers(&list[i], ip))
			return true;
	}
	return false;
}
