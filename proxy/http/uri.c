#include "http/uri.h"

#include <arpa/inet.h>

#include "base/put.h"
#include "http/chars.h"
#include "http/vector.h"

/* Where proxies and the servers behind them read a target differently, requests get past rules:
 * so everything that two readers might read in two ways is refused, and what is left is used
 * byte for byte by routing and forwarding alike. */

enum {
	ESCAPE_LEN = 3,      /* "%2e" */
	PORT_DIGITS = 5,     /* of 65535 */
	DOT_SEGMENT_MAX = 2, /* dots in ".." */
	PORT_HTTP = 80,
	PORT_HTTPS = 443,
};

/* The byte that the escape at p stands for; -1: not two hex digits, or NUL (RFC 3986 section 2.1;
 * NUL ends strings in servers written in C, so it is never data). */
static int
escape_decode(const char *p, const char *end)
{
	unsigned byte;

	if (end - p < ESCAPE_LEN || !char_is(p[1], CHAR_HEX) || !char_is(p[2], CHAR_HEX))
		return -1;
	byte = char_hex(p[1]) << 4 | char_hex(p[2]);
	return byte == 0 ? -1 : (int)byte;
}

/* One byte, escaped or not, as some server behind us might read it. *len: how long it is written;
 * 0 at the end. Only compared with ASCII, so a bad escape may read as '%' here. */
static char
byte_read(const char *p, const char *end, size_t *len)
{
	int byte = -1;

	*len = p < end;
	if (p == end)
		return '\0';
	if (*p == '%')
		byte = escape_decode(p, end);
	if (byte < 0)
		return *p;
	*len = ESCAPE_LEN;
	return (char)byte;
}

/* Is the segment at p "." or ".." (RFC 3986 section 3.3), or would it be after somebody's decoding:
 * dots as %2e, an end that is an escaped slash, a backslash or a ";parameter", which servlet
 * containers cut off? */
static bool
segment_is_dots(const char *p, const char *end)
{
	size_t len, dots = 0;
	char c;

	while ((c = byte_read(p, end, &len)) == '.' && dots <= DOT_SEGMENT_MAX) {
		p += len;
		dots++;
	}
	return dots > 0 && dots <= DOT_SEGMENT_MAX &&
	       (len == 0 || c == '/' || c == '\\' || c == ';' || c == '?');
}

/* From the '/' at p to the '?' or the end, which is returned; NULL: refused. */
static const char *
path_scan(const char *p, const char *end)
{
	int byte;

	for (;;) {
		while (p < end && char_is(*p, CHAR_PATH))
			p++;
		if (p == end || *p == '?')
			return p;
		if (*p == '/') {
			p++;
		} else if (*p == '%') {
			byte = escape_decode(p, end);
			if (byte < 0)
				return NULL;
			p += ESCAPE_LEN;
			if (byte != '/' && byte != '\\')
				continue;
		} else {
			return NULL; /* control, space, '#', '\', not ASCII */
		}
		if (p < end && (*p == '.' || *p == '%') && segment_is_dots(p, end))
			return NULL;
	}
}

static bool
query_is_valid(const char *p, const char *end)
{
	for (;; p += ESCAPE_LEN) {
		while (p < end && char_is(*p, CHAR_QUERY))
			p++;
		if (p == end)
			return true;
		if (*p != '%' || escape_decode(p, end) < 0)
			return false;
	}
}

static enum fault
path_and_query(const char *p, const char *end, struct uri *out)
{
	const char *mark = path_scan(p, end);

	if (mark == NULL)
		return FAULT_http_request_error;
	out->path = str_of(p, (size_t)(mark - p));
	if (mark == end)
		return FAULT_none;
	out->query = str_of(mark + 1, (size_t)(end - mark - 1));
	return query_is_valid(mark + 1, end) ? FAULT_none : FAULT_http_request_error;
}

/* RFC 9112 section 3.2.2; `p` is behind the "//". */
static enum fault
absolute_form(enum method m, const char *p, const char *end, struct uri *out)
{
	const char *start = p;
	uint16_t port;

	while (p < end && *p != '/' && *p != '?')
		p++;
	out->authority = str_of(start, (size_t)(p - start));
	if (!uri_authority(out->authority, &out->host, &port))
		return FAULT_http_request_error;
	if (p < end && *p == '/')
		return path_and_query(p, end, out);
	/* RFC 9112 section 3.2.4: OPTIONS of no path asks about the server as a whole. */
	out->path = m == METHOD_OPTIONS && p == end ? STR("*") : STR("/");
	if (p == end)
		return FAULT_none;
	out->query = str_of(p + 1, (size_t)(end - p - 1));
	return query_is_valid(p + 1, end) ? FAULT_none : FAULT_http_request_error;
}

/* RFC 9112 section 3.2.3: host and port, both. A tunnel has no path; "/" keeps the rule that there
 * is one. */
static enum fault
authority_form(struct str target, struct uri *out)
{
	uint16_t port;

	if (!uri_authority(target, &out->host, &port) || target.p[target.len - 1] == ':' ||
	    target.len == out->host.len)
		return FAULT_http_request_error;
	out->authority = target;
	out->path = STR("/");
	return FAULT_none;
}

enum fault
uri_parse(enum method m, struct str target, struct uri *out)
{
	static const struct str schemes[] = {STR_INIT("http://"), STR_INIT("https://")};
	const char *end;

	*out = (struct uri){.authority = STR_NONE};
	if (target.len == 0)
		return FAULT_http_request_error;
	end = target.p + target.len;
	if (m == METHOD_CONNECT)
		return authority_form(target, out);
	if (likely(target.p[0] == '/'))
		return path_and_query(target.p, end, out);
	if (m == METHOD_OPTIONS && str_eq(target, STR("*"))) {
		out->path = target;
		return FAULT_none;
	}
	for (size_t i = 0; i < nelem(schemes); i++) {
		size_t len = schemes[i].len;

		if (target.len > len && str_eq_case(str_of(target.p, len), schemes[i]))
			return absolute_form(m, target.p + len, end, out);
	}
	return FAULT_http_request_error;
}

/* RFC 3986 section 3.2.2: the brackets hold an IPv6 address; zones and the unused IPvFuture are
 * refused. How many bytes at the start of s are that; 0: none. Rare, so kept out of the way. */
static COLD size_t
literal_len(struct str s)
{
	size_t bracket = str_find(s, ']', 0), len = bracket - 1;
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (bracket == s.len || len >= sizeof(text))
		return 0;
	memcpy(text, s.p + 1, len);
	text[len] = '\0';
	if (memchr(text, '\0', len) != NULL || inet_pton(AF_INET6, text, &address) != 1)
		return 0;
	return bracket + 1;
}

/* How many of the up to 16 bytes at p are of a name; dots: a bit for each dot among them. */
static inline size_t
name_len(const char *p, size_t len, unsigned *dots)
{
	size_t n = 0;

#ifdef __SSE2__
	char bytes[VECTOR] UNSET;
	__m128i v, more;

	(void)put(bytes, str_of(p, len));
	v = vector_load(bytes);
	more = _mm_or_si128(vector_is(v, '.'), _mm_or_si128(vector_is(v, '_'), vector_is(v, '~')));
	n = (size_t)__builtin_ctz(~vector_bits(_mm_or_si128(vector_plain(v), more)) | 1U << len);
	*dots = vector_bits(vector_is(v, '.')) & ((1U << n) - 1);
#else
	for (*dots = 0; n < len && char_is(p[n], CHAR_HOST); n++)
		*dots |= (p[n] == '.') << n;
#endif
	return n;
}

/* How many bytes at the start of s, which is not empty, are a host; 0: none. Of RFC 3986's
 * reg-name: what names of DNS and of machines are made of. Escapes, list and sub-delimiters, and
 * empty labels but the root's are refused: there they only served to be read in two ways. */
static inline size_t
host_len(struct str s)
{
	unsigned dots,
	    before = 1; /* was the last byte a dot? A name may not begin with one either */
	size_t len = 0, some, n;

	if (unlikely(*s.p == '['))
		return literal_len(s);
	do {
		some = s.len - len < VECTOR ? s.len - len : VECTOR;
		n = name_len(s.p + len, some, &dots);
		if ((dots & (dots << 1 | before)) != 0)
			return 0;
		before = dots >> (VECTOR - 1);
		len += n;
	} while (unlikely(n == VECTOR && len < s.len));
	return len;
}

/* *( DIGIT ) up to 65535. */
static inline bool
port_read(const char *p, const char *end, uint16_t *port)
{
	unsigned number = 0;

	if (end - p > PORT_DIGITS)
		return false;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return false;
		number = number * 10 + (unsigned)(*p - '0');
	}
	*port = (uint16_t)number;
	return number <= UINT16_MAX;
}

bool
uri_authority(struct str authority, struct str *host, uint16_t *port)
{
	size_t len = authority.len > 0 ? host_len(authority) : 0;
	const char *end;

	if (len == 0 || len > URI_HOST_MAX)
		return false;
	end = authority.p + authority.len;
	*host = str_of(authority.p, len);
	*port = 0;
	return len == authority.len ||
	       (authority.p[len] == ':' && port_read(authority.p + len + 1, end, port));
}

/* Without a scheme at hand (TLS may have ended before us) either default counts as unwritten. */
static bool
port_is_default(unsigned port)
{
	return port == 0 || port == PORT_HTTP || port == PORT_HTTPS;
}

bool
uri_authority_same(struct str a, struct str b)
{
	struct str host_a, host_b;
	uint16_t port_a, port_b;

	if (!uri_authority(a, &host_a, &port_a) || !uri_authority(b, &host_b, &port_b) ||
	    !str_eq_case(host_a, host_b))
		return false;
	if (port_a == 0 || port_b == 0)
		return port_is_default(port_a | port_b);
	return port_a == port_b;
}
