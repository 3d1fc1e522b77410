/* The specification is HAProxy's doc/proxy-protocol.txt; its section numbers are given below. A
 * header is judged with every byte that arrives: a prefix that no further bytes can make right is
 * bad at once, so that a stranger on a listener that expects it is gone with his first packet. */
#include "io/proxy_protocol.h"

#include <arpa/inet.h>
#include <stdio.h>

enum {
	V1_MAX = 107, /* with CRLF, section 2.1 */
	V1_PORT_DIGITS = 5,
	PORT_MAX = 65535,
	V2_HEAD = 16,
	V2_LEN_AT = 14,
	V2_INET = 2 * 4 + 2 * 2,   /* two addresses, two ports */
	V2_INET6 = 2 * 16 + 2 * 2, /* the same */
	V2_UNIX = 2 * 108,
	TLV_HEAD = 3,
	TLV_CRC32C = 0x03,
	BYTE_BITS = 8,
};

/* Section 2.2: version in the high half and command in the low one; family, and protocol. */
enum { V2_LOCAL = 0x20, V2_PROXY = 0x21 };
enum { V2_TCP4 = 0x11, V2_TCP6 = 0x21 };
enum { FAMILY_UNSPEC, FAMILY_INET, FAMILY_INET6, FAMILY_UNIX, FAMILY_N };
enum { PROTO_UNSPEC, PROTO_STREAM, PROTO_DGRAM, PROTO_N };

static const char v2_signature[] = "\r\n\r\n\0\r\nQUIT\n";
static const struct str v2_signature_str = {v2_signature, sizeof(v2_signature) - 1};

struct v1_form {
	struct str start;
	const char *bytes; /* that may follow; NULL: any */
	sa_family_t family;
};

/* The mapped form of IPv6 has dots; the specification does not show it, but inet_ntop() writes it
 * and so every sender does. */
static const struct v1_form v1_forms[] = {
    {STR_INIT("PROXY TCP4 "), "0123456789. ", AF_INET},
    {STR_INIT("PROXY TCP6 "), "0123456789abcdefABCDEF:. ", AF_INET6},
    {STR_INIT("PROXY UNKNOWN"), NULL, AF_UNSPEC},
};

/* Is one the beginning of the other? */
static bool
agrees(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;

	return str_eq(str_of(a.p, n), str_of(b.p, n));
}

static bool
v1_port(struct str text, uint16_t *port)
{
	uint64_t n;

	if (text.len > V1_PORT_DIGITS || (text.len > 1 && text.p[0] == '0'))
		return false;
	if (!str_to_u64(text, PORT_MAX, &n))
		return false;
	*port = (uint16_t)n;
	return true;
}

/* "source destination sport dport", one space between, of one family. */
static bool
v1_addresses(struct str text, sa_family_t family, struct proxy_info *out)
{
	struct addr *const addrs[] = {&out->source, &out->destination};
	struct str piece;
	uint16_t port;

	for (size_t i = 0; i < nelem(addrs); i++)
		if (!str_cut(&text, ' ', &piece) || !addr_parse_ip(piece, addrs[i]) ||
		    addrs[i]->sa.sa_family != family)
			return false;
	for (size_t i = 0; i < nelem(addrs); i++) {
		if (!str_cut(&text, ' ', &piece) || !v1_port(piece, &port))
			return false;
		addr_set_port(addrs[i], port);
	}
	return text.p == NULL;
}

/* The bytes behind the form's start, as far as they are here. */
static bool
v1_bytes_fit(struct str rest, const struct v1_form *form)
{
	if (form->bytes == NULL)
		return (rest.len == 0 || rest.p[0] == ' ') && str_find(rest, '\n', 0) == rest.len;
	for (size_t i = 0; i < rest.len; i++)
		if (rest.p[i] == '\0' || strchr(form->bytes, rest.p[i]) == NULL)
			return false;
	return true;
}

static const struct v1_form *
v1_form_of(struct str line)
{
	for (size_t i = 0; i < nelem(v1_forms); i++)
		if (agrees(line, v1_forms[i].start))
			return &v1_forms[i];
	return NULL;
}

static enum proxy_parse
v1_parse(struct str bytes, struct proxy_info *out, size_t *used)
{
	struct str most = str_of(bytes.p, bytes.len < V1_MAX - 1 ? bytes.len : V1_MAX - 1);
	struct str line = str_of(bytes.p, str_find(most, '\r', 0));
	bool ended = line.len < most.len;
	const struct v1_form *form = v1_form_of(line);
	struct str rest = STR_NONE;

	if (form == NULL || (ended && line.len < form->start.len))
		return PROXY_PARSE_BAD;
	if (line.len > form->start.len)
		rest = str_of(line.p + form->start.len, line.len - form->start.len);
	if (!v1_bytes_fit(rest, form))
		return PROXY_PARSE_BAD;
	if (!ended)
		return most.len < V1_MAX - 1 ? PROXY_PARSE_MORE : PROXY_PARSE_BAD;
	if (line.len + 1 < bytes.len && bytes.p[line.len + 1] != '\n')
		return PROXY_PARSE_BAD;
	*out = (struct proxy_info){.local = form->family == AF_UNSPEC};
	if (!out->local && !v1_addresses(rest, form->family, out))
		return PROXY_PARSE_BAD;
	*used = line.len + 2;
	return *used <= bytes.len ? PROXY_PARSE_DONE : PROXY_PARSE_MORE;
}

static size_t
be16(const unsigned char *p)
{
	return (size_t)p[0] << BYTE_BITS | p[1];
}

/* CRC32c (RFC 4960 appendix B), with the four bytes at `hole` taken as zero. Bit by bit: a header
 * comes once per connection, and few carry a checksum. */
static uint32_t
crc32c(const unsigned char *p, size_t len, size_t hole)
{
	const uint32_t reflected = 0x82f63b78;
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= i - hole < sizeof(crc) ? 0 : p[i];
		for (int bit = 0; bit < BYTE_BITS; bit++)
			crc = crc >> 1 ^ (crc & 1 ? reflected : 0);
	}
	return ~crc;
}

/* Section 2.2.3: a checksum that is there must be right; the spec's writers send it big-endian. */
static bool
v2_crc_holds(const unsigned char *p, size_t len, size_t at)
{
	uint32_t sent;

	memcpy(&sent, p + at, sizeof(sent));
	return ntohl(sent) == crc32c(p, len, at);
}

/* Whole vectors up to the very end; only the checksum is looked into. */
static bool
v2_tlvs_hold(const unsigned char *p, size_t at, size_t len)
{
	bool checked = false;

	while (at < len) {
		size_t size;

		if (len - at < TLV_HEAD)
			return false;
		size = be16(p + at + 1);
		if (size > len - at - TLV_HEAD)
			return false;
		if (p[at] == TLV_CRC32C) {
			if (checked || size != sizeof(uint32_t) ||
			    !v2_crc_holds(p, len, at + TLV_HEAD))
				return false;
			checked = true;
		}
		at += TLV_HEAD + size;
	}
	return true;
}

static void
v2_addresses(const unsigned char *p, struct proxy_info *out, unsigned family)
{
	struct in6_addr *const ip6[] = {
	    &out->source.in6.sin6_addr, &out->destination.in6.sin6_addr};
	struct in_addr *const ip4[] = {&out->source.in.sin_addr, &out->destination.in.sin_addr};
	struct addr *const addrs[] = {&out->source, &out->destination};

	for (size_t i = 0; i < nelem(addrs); i++) {
		addrs[i]->sa.sa_family = family == FAMILY_INET ? AF_INET : AF_INET6;
		if (family == FAMILY_INET)
			memcpy(ip4[i], p + i * sizeof(*ip4[i]), sizeof(*ip4[i]));
		else
			memcpy(ip6[i], p + i * sizeof(*ip6[i]), sizeof(*ip6[i]));
	}
	p += family == FAMILY_INET ? 2 * sizeof(*ip4[0]) : 2 * sizeof(*ip6[0]);
	for (size_t i = 0; i < nelem(addrs); i++)
		addr_set_port(addrs[i], (uint16_t)be16(p + i * sizeof(in_port_t)));
}

/* Section 2.2. What is valid but is not TCP over IP counts as unspecified, as the specification
 * asks; a LOCAL header's family is not even looked at. */
static enum proxy_parse
v2_parse(struct str bytes, struct proxy_info *out, size_t *used)
{
	static const size_t sizes[FAMILY_N] = {0, V2_INET, V2_INET6, V2_UNIX};
	const unsigned char *p = (const unsigned char *)bytes.p;
	size_t sig = v2_signature_str.len, len;
	unsigned family, proto;

	if (!agrees(bytes, v2_signature_str))
		return PROXY_PARSE_BAD;
	if (bytes.len > sig && p[sig] != V2_LOCAL && p[sig] != V2_PROXY)
		return PROXY_PARSE_BAD;
	if (bytes.len < sig + 2)
		return PROXY_PARSE_MORE;
	family = p[sig + 1] >> 4;
	proto = p[sig + 1] & 0xf;
	if (p[sig] == V2_PROXY && (family >= FAMILY_N || proto >= PROTO_N))
		return PROXY_PARSE_BAD;
	if (bytes.len < V2_HEAD)
		return PROXY_PARSE_MORE;
	len = V2_HEAD + be16(p + V2_LEN_AT);
	if (len > PROXY_PROTOCOL_MAX)
		return PROXY_PARSE_BAD;
	if (p[sig] == V2_LOCAL || family == FAMILY_UNSPEC || proto == PROTO_UNSPEC)
		family = FAMILY_UNSPEC;
	if (len - V2_HEAD < sizes[family])
		return PROXY_PARSE_BAD;
	if (bytes.len < len)
		return PROXY_PARSE_MORE;
	if (family != FAMILY_UNSPEC && !v2_tlvs_hold(p, V2_HEAD + sizes[family], len))
		return PROXY_PARSE_BAD;
	*out = (struct proxy_info){.local = true};
	if (proto == PROTO_STREAM && (family == FAMILY_INET || family == FAMILY_INET6)) {
		out->local = false;
		v2_addresses(p + V2_HEAD, out, family);
	}
	*used = len;
	return PROXY_PARSE_DONE;
}

enum proxy_parse
proxy_protocol_parse(struct str bytes, struct proxy_info *out, size_t *used)
{
	if (bytes.len == 0)
		return PROXY_PARSE_MORE;
	return bytes.p[0] == v2_signature[0] ? v2_parse(bytes, out, used)
					     : v1_parse(bytes, out, used);
}

/* Both addresses in the one family that holds both: IPv4, also when mapped, or IPv6. */
struct pair {
	bool known, v4;
	struct in6_addr ip[2]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t port[2];
};

enum { MAPPED_AT = 12 }; /* where the four bytes are in the mapped form */

static struct pair
pair_of(const struct addr *source, const struct addr *destination)
{
	const struct addr *const addrs[] = {source, destination};
	struct pair pair = {.known = true, .v4 = true};

	for (size_t i = 0; i < nelem(addrs); i++) {
		if (addrs[i]->sa.sa_family == AF_INET6) {
			pair.ip[i] = addrs[i]->in6.sin6_addr;
		} else if (addrs[i]->sa.sa_family == AF_INET) {
			pair.ip[i].s6_addr[MAPPED_AT - 2] = UINT8_MAX;
			pair.ip[i].s6_addr[MAPPED_AT - 1] = UINT8_MAX;
			memcpy(pair.ip[i].s6_addr + MAPPED_AT, &addrs[i]->in.sin_addr,
			    sizeof(struct in_addr));
		} else {
			return (struct pair){.known = false};
		}
		pair.v4 = pair.v4 && IN6_IS_ADDR_V4MAPPED(&pair.ip[i]);
		pair.port[i] = addr_port(addrs[i]);
	}
	return pair;
}

static size_t
v1_write(const struct pair *pair, char out[PROXY_PROTOCOL_MAX])
{
	char text[2][INET6_ADDRSTRLEN];

	if (!pair->known)
		return (size_t)snprintf(out, PROXY_PROTOCOL_MAX, "PROXY UNKNOWN\r\n");
	for (size_t i = 0; i < nelem(text); i++)
		inet_ntop(pair->v4 ? AF_INET : AF_INET6,
		    pair->ip[i].s6_addr + (pair->v4 ? MAPPED_AT : 0), text[i], sizeof(text[i]));
	return (size_t)snprintf(out, PROXY_PROTOCOL_MAX, "PROXY %s %s %s %u %u\r\n",
	    pair->v4 ? "TCP4" : "TCP6", text[0], text[1], pair->port[0], pair->port[1]);
}

static size_t
v2_write(const struct pair *pair, char out[PROXY_PROTOCOL_MAX])
{
	size_t from = pair->v4 ? MAPPED_AT : 0, len = 0;
	char *p = mempcpy(out, v2_signature_str.p, v2_signature_str.len);

	*p++ = pair->known ? V2_PROXY : V2_LOCAL;
	*p++ = (char)(!pair->known ? 0 : pair->v4 ? V2_TCP4 : V2_TCP6);
	if (pair->known)
		len = pair->v4 ? V2_INET : V2_INET6;
	*p++ = 0;
	*p++ = (char)len;
	for (size_t i = 0; i < 2 && pair->known; i++)
		p = mempcpy(p, pair->ip[i].s6_addr + from, sizeof(pair->ip[i]) - from);
	for (size_t i = 0; i < 2 && pair->known; i++) {
		*p++ = (char)(pair->port[i] >> BYTE_BITS);
		*p++ = (char)pair->port[i];
	}
	return (size_t)(p - out);
}

size_t
proxy_protocol_write(enum proxy_protocol version, const struct addr *source,
    const struct addr *destination, char out[PROXY_PROTOCOL_MAX])
{
	struct pair pair = pair_of(source, destination);

	switch (version) {
	case PROXY_PROTOCOL_V1:
		return v1_write(&pair, out);
	case PROXY_PROTOCOL_V2:
		return v2_write(&pair, out);
	case PROXY_PROTOCOL_OFF:
		return 0;
	}
	return 0;
}
