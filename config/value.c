#include "config/value.h"

#include <stdio.h>

#include "config/value_parts.h"

enum {
	NAME_MAX_LEN = 128,
	LINE_MAX_LEN = 1024,
	NUMBER_DIGITS = 15,
	GUESS_MAX = 1000000, /* a number in a duration that is worth a guess */
	WHOLE = 100,         /* percent */
	PORT_MAX = 65535,
};

bool
value_say(char *out, size_t room, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(out, room, fmt, ap); /* what does not fit is cut */
	va_end(ap);
	return false;
}

bool
value_number(struct str text, uint64_t min, uint64_t max, uint64_t *out)
{
	return (text.len == 1 || (text.len > 0 && text.p[0] != '0')) &&
	       str_to_u64(text, max, out) && *out >= min;
}

static const struct value_unit {
	struct str unit;
	uint64_t us;
	struct str misspelt; /* what people write for it begins so */
} value_units[] = {
    {STR_INIT("ms"), 1000, STR_INIT("mil")},
    {STR_INIT("s"), 1000000, STR_INIT("se")},
    {STR_INIT("m"), 60000000, STR_INIT("mi")},
    {STR_INIT("h"), 3600000000, STR_INIT("h")},
    {STR_INIT("d"), 86400000000, STR_INIT("d")},
};

/* What was probably meant. */
static const struct value_unit *
value_guess_unit(struct str unit)
{
	if (str_starts(unit, STR("msec")))
		return &value_units[0];
	for (size_t i = 0; i < nelem(value_units); i++) {
		struct str begin = value_units[i].misspelt;

		if (str_eq_case(unit, value_units[i].unit) ||
		    (unit.len > begin.len && str_eq_case(str_of(unit.p, begin.len), begin)))
			return &value_units[i];
	}
	return &value_units[1];
}

/* "1h30m", "1.5 h", "5sec", "5": what was meant, in the largest unit that is whole. 0: no idea. */
static uint64_t
value_guess_duration(struct str text)
{
	uint64_t sum = 0;
	size_t at = 0;

	while (at < text.len) {
		uint64_t whole = 0, part = 0, scale = 1;
		const struct value_unit *unit;
		size_t from = at;

		for (; at < text.len && is_digit(text.p[at]) && whole < GUESS_MAX; at++)
			whole = whole * 10 + (uint64_t)(text.p[at] - '0');
		if (at == from || whole >= GUESS_MAX)
			return 0;
		if (at < text.len && text.p[at] == '.')
			for (at++; at < text.len && is_digit(text.p[at]) && scale < GUESS_MAX;
			     at++, scale *= 10)
				part = part * 10 + (uint64_t)(text.p[at] - '0');
		while (at < text.len && text.p[at] == ' ')
			at++;
		for (from = at; at < text.len && !is_digit(text.p[at]); at++)
			;
		unit = value_guess_unit(str_trim(str_of(text.p + from, at - from)));
		sum += whole * unit->us + part * unit->us / scale;
	}
	return sum / value_units[0].us * value_units[0].us;
}

bool
value_duration(struct str text, uint64_t *out, struct value_wrong *w)
{
	size_t digits = 0, unit = nelem(value_units) - 1;
	uint64_t n;

	while (digits < text.len && is_digit(text.p[digits]))
		digits++;
	if (digits <= NUMBER_DIGITS && value_number(str_of(text.p, digits), 0, UINT64_MAX, &n))
		for (size_t i = 0; i < nelem(value_units); i++)
			if (str_eq(str_from_at(text, digits), value_units[i].unit) &&
			    !__builtin_mul_overflow(n, value_units[i].us, out))
				return true;
	WRONG(w, "\"%.*s%s\" is not a duration", SHOWN(text));
	n = value_guess_duration(text);
	if (n == 0)
		n = 5 * value_units[1].us;
	while (n % value_units[unit].us != 0)
		unit--;
	return HINT(w, "write %llu%s (units: ms s m h d)",
	    (unsigned long long)(n / value_units[unit].us), value_units[unit].unit.p);
}

bool
value_size(struct str text, uint64_t *out, struct value_wrong *w)
{
	static const struct {
		struct str unit;
		uint64_t bytes;
	} units[] = {
	    {STR_INIT("B"), 1},
	    {STR_INIT("KB"), UINT64_C(1) << 10},
	    {STR_INIT("MB"), UINT64_C(1) << 20},
	    {STR_INIT("GB"), UINT64_C(1) << 30},
	};
	size_t digits = 0;
	uint64_t n;

	while (digits < text.len && is_digit(text.p[digits]))
		digits++;
	if (digits <= NUMBER_DIGITS && value_number(str_of(text.p, digits), 0, UINT64_MAX, &n))
		for (size_t i = 0; i < nelem(units); i++)
			if (str_eq(str_from_at(text, digits), units[i].unit) &&
			    !__builtin_mul_overflow(n, units[i].bytes, out))
				return true;
	WRONG(w, "\"%.*s%s\" is not a size", SHOWN(text));
	return HINT(w, "write a whole number with a unit, such as 64KB (units: B KB MB GB)");
}

bool
value_percent(struct str text, uint64_t *out, struct value_wrong *w)
{
	if (text.len > 1 && text.p[text.len - 1] == '%' && text.len <= NUMBER_DIGITS &&
	    value_number(str_of(text.p, text.len - 1), 0, UINT32_MAX, out))
		return true;
	WRONG(w, "\"%.*s%s\" is not a percentage", SHOWN(text));
	if (text.len <= NUMBER_DIGITS && value_number(text, 0, UINT32_MAX, out))
		HINT(w, "write %.*s%%", STR_FMT(text));
	else
		HINT(w, "write a whole number with a percent sign, such as 125%%");
	return false;
}

bool
value_share(struct str text, uint64_t *out, struct value_wrong *w)
{
	if (value_percent(text, out, w) && *out <= WHOLE)
		return true;
	WRONG(w, "\"%.*s%s\" is not a share of 0%%-100%%", SHOWN(text));
	return HINT(w, "whole percents; for finer shares use plain weights, such as 199 and 1");
}

bool
value_address(struct str text, struct addr *out, struct value_wrong *w)
{
	uint64_t port;
	struct addr ip;

	if (addr_parse(text, true, out))
		return true;
	WRONG(w, "\"%.*s%s\" is not an address with a port", SHOWN(text));
	if (value_number(text, 0, PORT_MAX, &port))
		return HINT(w, "write 0.0.0.0:%u for all interfaces", (unsigned)port);
	if (addr_parse_ip(text, &ip))
		return HINT(w,
		    ip.sa.sa_family == AF_INET6 && text.p[0] != '[' ? "add the port: [%.*s]:80"
								    : "add the port: %.*s:80",
		    STR_FMT(text));
	return HINT(w, "write 10.0.0.1:80, [::1]:80, or :80 for all interfaces");
}

enum {
	HOST_MAX_LEN = 253, /* RFC 1035 section 2.3.4 */
	LABEL_MAX_LEN = 63,
};

bool
value_is_hostname(struct str text)
{
	size_t label = 0;

	if (text.len == 0 || text.len > HOST_MAX_LEN)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		label = c == '.' ? 0 : label + 1;
		if (c == '.' ? i == 0 || text.p[i - 1] == '.'
			     : !is_alnum(c) && c != '-' && c != '_')
			return false;
		if (label > LABEL_MAX_LEN)
			return false;
	}
	return label > 0;
}

static bool
value_is_number_like(struct str host)
{
	for (size_t i = 0; i < host.len; i++)
		if (!is_digit(host.p[i]) && host.p[i] != '.')
			return false;
	return true;
}

bool
value_endpoint(struct str text, struct str *host, struct addr *out, struct value_wrong *w)
{
	size_t colon = str_find(text, ':', 0);
	struct str name = str_of(text.p, colon), number = str_from_at(text, colon + 1);
	uint64_t port;

	*host = STR_NONE;
	if (addr_parse(text, false, out)) {
		if (addr_port(out) > 0)
			return true;
	} else if (value_is_hostname(name) && !value_is_number_like(name) &&
		   value_number(number, 1, PORT_MAX, &port)) {
		*host = name;
		memset(out, 0, sizeof(*out));
		out->sa.sa_family = AF_INET;
		addr_set_port(out, (uint16_t)port);
		return true;
	}
	WRONG(w, "\"%.*s%s\" is not an endpoint", SHOWN(text));
	if (addr_parse_ip(text, out) && out->sa.sa_family == AF_INET6 && text.p[0] != '[')
		return HINT(w, "add the port: \"[%.*s]:80\"", STR_FMT(text));
	if (addr_parse_ip(text, out) || (value_is_hostname(text) && !value_is_number_like(text)))
		return HINT(w, "add the port: %.*s:80", STR_FMT(text));
	if (str_starts(text, STR("http://")))
		return HINT(w, "write HOST:PORT, without http://");
	return HINT(w, "write 10.0.0.1:8080, \"[::1]:8080\" or name:8080");
}

bool
value_service(struct str text, struct value_wrong *w)
{
	if (value_is_hostname(text) && !value_is_number_like(text))
		return true;
	WRONG(w, "\"%.*s%s\" is not a name of SRV records", SHOWN(text));
	if (str_find(text, ':', 0) < text.len)
		return HINT(w, "without a port: the records have their own");
	return HINT(w, "write _http._tcp.api.internal");
}

bool
value_server(struct str text, struct addr *out, struct value_wrong *w)
{
	enum { DNS_PORT = 53 };

	if (addr_parse_ip(text, out)) {
		addr_set_port(out, DNS_PORT);
		return true;
	}
	if (addr_parse(text, false, out) && addr_port(out) > 0)
		return true;
	WRONG(w, "\"%.*s%s\" is not the address of a DNS server", SHOWN(text));
	return HINT(w, "write 10.0.0.2, \"10.0.0.2:5353\" or \"fd00::2\"");
}

bool
value_cidr(struct str text, struct cidr *out, struct value_wrong *w)
{
	size_t slash = str_find(text, '/', 0);
	struct addr ip;
	uint64_t bits;

	if (cidr_parse(text, out))
		return true;
	if (addr_parse_ip(str_of(text.p, slash), &ip) &&
	    value_number(str_from_at(text, slash + 1), 0, sizeof(out->bytes) * 8, &bits)) {
		WRONG(w, "\"%.*s%s\" has bits set below its mask", SHOWN(text));
		return HINT(w, "the address has to be the first of its range");
	}
	WRONG(w, "\"%.*s%s\" is not an address or a range", SHOWN(text));
	return HINT(w, "write 10.0.0.0/8, 192.0.2.1 or \"2001:db8::/32\"");
}

bool
value_name(struct str text, struct value_wrong *w)
{
	size_t i = 0;

	while (i < text.len && (is_alnum(text.p[i]) || memchr("._-/", text.p[i], 4) != NULL))
		i++;
	if (i == text.len && i > 0 && i <= NAME_MAX_LEN && (is_alnum(text.p[0])))
		return true;
	WRONG(w, "\"%.*s%s\" is not a name", SHOWN(text));
	return HINT(
	    w, "a letter or digit, then letters, digits and . _ - / (at most %d)", NAME_MAX_LEN);
}

size_t
value_control(struct str text)
{
	size_t i = 0;

	while (i < text.len && (unsigned char)text.p[i] >= ' ' && text.p[i] != 0x7f)
		i++;
	return i;
}

bool
value_line(struct str text, struct value_wrong *w)
{
	if (text.len == 0)
		return WRONG(w, "this is empty");
	if (text.len > LINE_MAX_LEN)
		return WRONG(w, "this is longer than %d bytes", LINE_MAX_LEN);
	if (value_control(text) < text.len)
		return WRONG(w, "this has a line break or another control character inside");
	return true;
}

bool
value_is_token(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_alnum(text.p[i]) &&
		    (text.p[i] == '\0' || strchr("!#$%&'*+-.^_`|~", text.p[i]) == NULL))
			return false;
	return text.len > 0 && text.len <= NAME_MAX_LEN;
}

bool
value_token(struct str text, struct value_wrong *w)
{
	if (value_is_token(text))
		return true;
	return WRONG(w, "\"%.*s%s\" cannot be the name of a header or a cookie", SHOWN(text));
}

bool
value_method(struct str text, struct value_wrong *w)
{
	char upper[sizeof("PROPPATCH")];
	size_t i;

	for (i = 0; i < text.len && i + 1 < sizeof(upper); i++)
		upper[i] =
		    (char)(text.p[i] >= 'a' && text.p[i] <= 'z' ? text.p[i] & ~0x20 : text.p[i]);
	upper[i] = '\0';
	if (value_is_token(text) && (i < text.len || str_eq(text, str_of(upper, i))))
		return true;
	WRONG(w, "\"%.*s%s\" is not a method", SHOWN(text));
	if (value_is_token(text)) /* methods are case-sensitive: RFC 9110 section 9.1 */
		return HINT(w, "write %s", upper);
	return HINT(w, "write GET, POST, ...");
}

bool
value_hash_key(struct str text, enum model_hash_key *key, struct str *name, struct value_wrong *w)
{
	size_t space = str_find(text, ' ', 0);
	struct str word = str_of(text.p, space), rest = str_trim(str_from_at(text, space));

	*name = STR_NONE;
	if (str_eq(text, STR("client")) || str_eq(text, STR("path"))) {
		*key = text.p[0] == 'c' ? HASH_CLIENT : HASH_PATH;
		return true;
	}
	if (value_is_token(rest) && (str_eq(word, STR("header")) || str_eq(word, STR("cookie")))) {
		*key = word.p[0] == 'h' ? HASH_HEADER : HASH_COOKIE;
		*name = rest;
		return true;
	}
	WRONG(w, "\"%.*s%s\" is not a key to hash by", SHOWN(text));
	return HINT(w, "write client, path, header NAME or cookie NAME");
}
