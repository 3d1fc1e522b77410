/* Formatted by hand: a line costs about a thousand instructions, a tenth of what printf takes. No
 * put_* checks for room, since the longest line fits by the sum of its fields' limits. */
#include "observe/accesslog.h"

#include "base/escape.h"

enum {
	LONG_FIELDS = 3, /* target, referer, user agent */
	NAME_FIELDS =
	    10, /* method, host, listener, route, backend, endpoint, id, subject, sni, alpn */
	FIXED_MAX = 1024, /* names, quotes, numbers, dates, addresses */
};
_Static_assert(LONG_FIELDS *ACCESSLOG_FIELD_MAX + NAME_FIELDS * ACCESSLOG_NAME_MAX + FIXED_MAX <=
		   ACCESSLOG_LINE_MAX,
    "a line may be longer than what is reserved for it");

enum { US_PER_MS = 1000, MS_PER_S = 1000, US_PER_S = US_PER_MS * MS_PER_S };
enum { DECIMAL = 10, HUNDRED = 100, DIGITS_MAX = 20 }; /* of a uint64_t */

#define PUT(p, literal) mempcpy((p), (literal), sizeof(literal) - 1)

static char *
put_str(char *p, struct str s)
{
	return mempcpy(p, s.p, s.len);
}

static char *
put_number(char *p, uint64_t n)
{
	char digits[DIGITS_MAX];
	size_t at = sizeof(digits);

	while (n >= DECIMAL) {
		digits[--at] = (char)('0' + n % DECIMAL);
		n /= DECIMAL;
	}
	*p++ = (char)('0' + n);
	while (at < sizeof(digits))
		*p++ = digits[at++];
	return p;
}

/* Exactly two digits, of a number below 100; and four, below 10,000. */
static char *
put_two(char *p, uint32_t n)
{
	*p++ = (char)('0' + n / DECIMAL % DECIMAL);
	*p++ = (char)('0' + n % DECIMAL);
	return p;
}

static char *
put_four(char *p, uint32_t n)
{
	return put_two(put_two(p, n / HUNDRED), n % HUNDRED);
}

struct date {
	uint32_t year, month, day, hour, minute, second, ms; /* month and day from 1 */
};

/* The civil calendar from days since 1970, counted in eras of 400 years that begin in March, so
 * that the leap day is the last of its year. */
static struct date
date_of(uint64_t wall_us)
{
	enum {
		SECONDS_DAY = 86400,
		DAYS_ERA = 146097, /* 400 years */
		DAYS_CENTURY = 36524,
		DAYS_FOUR_YEARS = 1461,
		DAYS_YEAR = 365,
		DAYS_TO_1970 = 719468, /* from 1 March of the year 0 */
		MONTHS_DAYS = 153,
		MONTHS_RUN = 5, /* March to July and August to December */
		YEARS_ERA = 400,
		MARCH = 3,
		TEN_MONTHS = 10,
		TWELVE = 12,
		SIXTY = 60,
	};
	uint64_t seconds = wall_us / US_PER_S;
	uint64_t days = seconds / SECONDS_DAY + DAYS_TO_1970;
	uint32_t rest = (uint32_t)(seconds % SECONDS_DAY);
	uint32_t of_era = (uint32_t)(days % DAYS_ERA);
	uint32_t year = (of_era - of_era / (DAYS_FOUR_YEARS - 1) + of_era / DAYS_CENTURY -
			    of_era / (DAYS_ERA - 1)) /
			DAYS_YEAR;
	uint32_t of_year = of_era - (DAYS_YEAR * year + year / 4 - year / 100);
	uint32_t month = (MONTHS_RUN * of_year + 2) / MONTHS_DAYS; /* 0 is March */
	struct date d = {
	    .day = of_year - (MONTHS_DAYS * month + 2) / MONTHS_RUN + 1,
	    .month = month < TEN_MONTHS ? month + MARCH : month + MARCH - TWELVE,
	    .year = (uint32_t)(days / DAYS_ERA) * YEARS_ERA + year + (month >= TEN_MONTHS),
	    .hour = rest / (SIXTY * SIXTY),
	    .minute = rest / SIXTY % SIXTY,
	    .second = rest % SIXTY,
	    .ms = (uint32_t)(wall_us / US_PER_MS % MS_PER_S),
	};

	return d;
}

static char *
put_clock(char *p, const struct date *d)
{
	p = put_two(p, d->hour);
	*p++ = ':';
	p = put_two(p, d->minute);
	*p++ = ':';
	return put_two(p, d->second);
}

/* 22/Nov/2026:19:30:29 +0000 */
static char *
put_date_text(char *p, uint64_t wall_us)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	enum { MONTH_LEN = 3 };
	struct date d = date_of(wall_us);

	p = put_two(p, d.day);
	*p++ = '/';
	p = mempcpy(p, months + (d.month - 1) * MONTH_LEN, MONTH_LEN);
	*p++ = '/';
	p = put_four(p, d.year);
	*p++ = ':';
	p = put_clock(p, &d);
	return PUT(p, " +0000");
}

/* 2026-11-22T19:30:29.123Z (RFC 3339) */
static char *
put_date_json(char *p, uint64_t wall_us)
{
	struct date d = date_of(wall_us);

	p = put_four(p, d.year);
	*p++ = '-';
	p = put_two(p, d.month);
	*p++ = '-';
	p = put_two(p, d.day);
	*p++ = 'T';
	p = put_clock(p, &d);
	*p++ = '.';
	*p++ = (char)('0' + d.ms / HUNDRED);
	p = put_two(p, d.ms % HUNDRED);
	*p++ = 'Z';
	return p;
}

static char *
put_span_text(char *p, uint64_t us)
{
	enum { DECIMALS_BELOW_MS = 10, US_PER_HUNDREDTH = 10 };
	uint64_t ms = us / US_PER_MS;
	uint32_t hundredths = (uint32_t)(us % US_PER_MS / US_PER_HUNDREDTH);

	if (us == 0) {
		*p++ = '0';
		return p;
	}
	if (ms == 0)
		return PUT(put_number(p, us), "us");
	p = put_number(p, ms);
	if (ms < DECIMALS_BELOW_MS && hundredths > 0) {
		*p++ = '.';
		p = put_two(p, hundredths);
		if (p[-1] == '0')
			p--;
	}
	return PUT(p, "ms");
}

/* Seconds, to the microsecond. */
static char *
put_span_json(char *p, uint64_t us)
{
	enum { TEN_THOUSAND = HUNDRED * HUNDRED };
	uint32_t part = (uint32_t)(us % US_PER_S);

	p = put_number(p, us / US_PER_S);
	if (part == 0)
		return p;
	*p++ = '.';
	p = put_two(p, part / TEN_THOUSAND);
	return put_four(p, part % TEN_THOUSAND);
}

/* The inside of a quoted field of the Combined log. */
static char *
put_quoted(char *p, struct str s, size_t max)
{
	if (s.len == 0) {
		*p++ = '-';
		return p;
	}
	return p + escape_write(p, max, s, ESCAPE_QUOTED);
}

static char *
put_json(char *p, struct str s, size_t max)
{
	if (s.p == NULL)
		return PUT(p, "null");
	*p++ = '"';
	p += escape_write(p, max, s, ESCAPE_JSON);
	*p++ = '"';
	return p;
}

enum column {
	COLUMN_HOST,
	COLUMN_ROUTE,
	COLUMN_BACKEND,
	COLUMN_ENDPOINT,
	COLUMN_TIME,
	COLUMN_WAIT,
	COLUMN_CONNECT,
	COLUMN_FIRST,
	COLUMN_TRIES,
	COLUMN_RETRY,
	COLUMN_GRPC,
	COLUMN_WHY,
	COLUMN_ID,
	COLUMN_TLS,
	COLUMN_SUBJECT,
	COLUMN_SNI,
	COLUMN_ALPN,
};

static const struct {
	struct str text, json;
} columns[] = {
#define COLUMN(name)                                                                               \
	{                                                                                          \
		STR_INIT(" " name "="), STR_INIT(",\"" name "\":")                                 \
	}
    [COLUMN_HOST] = COLUMN("host"),
    [COLUMN_ROUTE] = COLUMN("route"),
    [COLUMN_BACKEND] = COLUMN("backend"),
    [COLUMN_ENDPOINT] = COLUMN("endpoint"),
    [COLUMN_TIME] = COLUMN("time"),
    [COLUMN_WAIT] = COLUMN("wait"),
    [COLUMN_CONNECT] = COLUMN("connect"),
    [COLUMN_FIRST] = COLUMN("first"),
    [COLUMN_TRIES] = COLUMN("tries"),
    [COLUMN_RETRY] = COLUMN("retry"),
    [COLUMN_GRPC] = COLUMN("grpc"),
    [COLUMN_WHY] = COLUMN("why"),
    [COLUMN_ID] = COLUMN("id"),
    [COLUMN_TLS] = COLUMN("tls"),
    [COLUMN_SUBJECT] = COLUMN("subject"),
    [COLUMN_SNI] = COLUMN("sni"),
    [COLUMN_ALPN] = COLUMN("alpn"),
#undef COLUMN
};

/* Where a line is being written, and how. */
struct line {
	char *p;
	enum log_format format;
};

static void
line_key(struct line *l, enum column c)
{
	l->p = put_str(l->p, l->format == LOG_TEXT ? columns[c].text : columns[c].json);
}

static void
line_word(struct line *l, enum column c, struct str s)
{
	line_key(l, c);
	if (l->format == LOG_JSON) {
		l->p = put_json(l->p, s, ACCESSLOG_NAME_MAX);
	} else if (s.p == NULL) {
		*l->p++ = '-';
	} else if (s.len <= ACCESSLOG_NAME_MAX && escape_word(l->p, s)) {
		l->p += s.len;
	} else {
		*l->p++ = '"';
		l->p += escape_write(l->p, ACCESSLOG_NAME_MAX, s, ESCAPE_QUOTED);
		*l->p++ = '"';
	}
}

static void
line_span(struct line *l, enum column c, bool known, uint64_t us)
{
	line_key(l, c);
	if (!known)
		l->p = l->format == LOG_TEXT ? PUT(l->p, "-") : PUT(l->p, "null");
	else
		l->p = l->format == LOG_TEXT ? put_span_text(l->p, us) : put_span_json(l->p, us);
}

static uint64_t
span(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

/* What both formats have after the request: who served it, how long it took, why it failed. */
static void
line_columns(struct line *l, const struct record *r)
{
	uint64_t connected = r->connected_at != 0 ? r->connected_at : r->finished_at;
	bool tried = r->attempt_at != 0;

	line_word(l, COLUMN_HOST, r->host);
	line_word(l, COLUMN_ROUTE, r->route);
	line_word(l, COLUMN_BACKEND, r->backend);
	line_word(l, COLUMN_ENDPOINT, r->endpoint);
	line_span(l, COLUMN_TIME, r->started_at != 0, span(r->started_at, r->finished_at));
	line_span(l, COLUMN_WAIT, tried || r->wait_us != 0, r->wait_us);
	line_span(l, COLUMN_CONNECT, tried, span(r->attempt_at, connected));
	line_span(l, COLUMN_FIRST, r->first_at != 0, span(connected, r->first_at));
	line_key(l, COLUMN_TRIES);
	l->p = put_number(l->p, r->tries);
	if (r->retry.p != NULL)
		line_word(l, COLUMN_RETRY, r->retry);
	if (r->grpc)
		line_word(l, COLUMN_GRPC, grpc_status_word(record_grpc_status(r)));
	line_word(l, COLUMN_WHY, r->why == FAULT_none ? STR_NONE : fault_row(r->why)->word);
	line_word(l, COLUMN_ID, r->id);
	if (r->tls.p != NULL)
		line_word(l, COLUMN_TLS, r->tls);
	if (r->subject.p != NULL)
		line_word(l, COLUMN_SUBJECT, r->subject);
	if (r->sni.p != NULL)
		line_word(l, COLUMN_SNI, r->sni);
	if (r->alpn.p != NULL)
		line_word(l, COLUMN_ALPN, r->alpn);
}

static struct str
record_method(const struct record *r)
{
	if (r->method_text.len > 0 || r->method == METHOD_OTHER)
		return r->method_text;
	return method_name(r->method);
}

static char *
put_client(char *p, const struct record *r)
{
	const struct addr *a = r->client != NULL ? r->client : r->peer;
	char text[ADDR_TEXT];
	size_t len;

	if (a == NULL)
		return PUT(p, "-");
	len = addr_text_ip(a, text);
	return mempcpy(p, text, len);
}

static char *
put_version(char *p, const struct record *r)
{
	p = put_number(p, r->major);
	*p++ = '.';
	return put_number(p, r->minor);
}

static char *
put_request_text(char *p, const struct record *r)
{
	struct str method = record_method(r);

	if (r->kind == RECORD_TUNNEL)
		return put_quoted(PUT(p, "TCP "), r->listener, ACCESSLOG_NAME_MAX);
	if (method.len == 0 && r->target.len == 0)
		return PUT(p, "-"); /* what came was no request line */
	p = put_quoted(p, method, ACCESSLOG_NAME_MAX);
	*p++ = ' ';
	p = put_quoted(p, r->target, ACCESSLOG_FIELD_MAX);
	return put_version(PUT(p, " HTTP/"), r);
}

static void
line_text(struct line *l, const struct record *r, uint64_t wall_us)
{
	char *p = put_client(l->p, r);

	p = put_date_text(PUT(p, " - - ["), wall_us);
	p = put_request_text(PUT(p, "] \""), r);
	p = put_number(PUT(p, "\" "), record_status(r));
	*p++ = ' ';
	p = put_number(p, r->bytes_out);
	p = put_quoted(PUT(p, " \""), r->referer, ACCESSLOG_FIELD_MAX);
	p = put_quoted(PUT(p, "\" \""), r->user_agent, ACCESSLOG_FIELD_MAX);
	l->p = PUT(p, "\"");
	line_columns(l, r);
	*l->p++ = '\n';
}

static char *
put_request_json(char *p, const struct record *r)
{
	p = put_json(PUT(p, "\",\"listener\":"), r->listener, ACCESSLOG_NAME_MAX);
	if (r->kind == RECORD_TUNNEL)
		return PUT(p, ",\"method\":null,\"target\":null,\"protocol\":\"TCP\"");
	p = put_json(PUT(p, ",\"method\":"), record_method(r), ACCESSLOG_NAME_MAX);
	p = put_json(PUT(p, ",\"target\":"), r->target, ACCESSLOG_FIELD_MAX);
	p = put_version(PUT(p, ",\"protocol\":\"HTTP/"), r);
	return PUT(p, "\"");
}

static void
line_json(struct line *l, const struct record *r, uint64_t wall_us)
{
	char *p = put_date_json(PUT(l->p, "{\"ts\":\""), wall_us);

	p = put_client(PUT(p, "\",\"client\":\""), r);
	p = put_request_json(p, r);
	p = put_number(PUT(p, ",\"status\":"), record_status(r));
	p = put_number(PUT(p, ",\"bytes_in\":"), r->bytes_in);
	p = put_number(PUT(p, ",\"bytes\":"), r->bytes_out);
	p = put_json(PUT(p, ",\"referer\":"), r->referer, ACCESSLOG_FIELD_MAX);
	l->p = put_json(PUT(p, ",\"user_agent\":"), r->user_agent, ACCESSLOG_FIELD_MAX);
	line_columns(l, r);
	l->p = PUT(l->p, "}\n");
}

void
accesslog_write(struct ring *ring, enum log_format format, const struct record *r, uint64_t wall_us)
{
	char *start = ring_reserve(ring, ACCESSLOG_LINE_MAX);
	struct line line = {.p = start, .format = format};

	if (start == NULL)
		return; /* counted by the ring */
	switch (format) {
	case LOG_TEXT:
		line_text(&line, r, wall_us);
		break;
	case LOG_JSON:
		line_json(&line, r, wall_us);
		break;
	}
	ring_commit(ring, (size_t)(line.p - start));
}
