/* Level and format are the one global of weir that changes: every room may log, from any thread,
 * and passing a logger through all doors would make each of them longer to say nothing. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"

enum {
	LOG_BURST = 10, /* lines of one call site in one second */
	LOG_MESSAGE_MAX = 2048,
	LOG_PREFIX_MAX = 96, /* program, level, time */
	LOG_LINE_MAX = 4096,
	NS_PER_MS = 1000000,
};

static _Atomic enum log_level log_level_now = LOG_LEVEL_INFO;
static _Atomic enum log_format log_format_now = LOG_TEXT;

static const char *
log_level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARN:
		return "warn";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		return "debug";
	}
	ASSERT(false);
}

void
log_set(enum log_level level, enum log_format format)
{
	atomic_store_explicit(&log_level_now, level, memory_order_relaxed);
	atomic_store_explicit(&log_format_now, format, memory_order_relaxed);
}

bool
log_wants(enum log_level level)
{
	return level <= atomic_load_explicit(&log_level_now, memory_order_relaxed);
}

/* Counts a line; false: over the limit. *left_out: how many were, in the last second that had
 * lines. The thread that sees a new second first takes that sum; a line of another thread may
 * still be counted in the second that ends, which is harmless. */
static bool
log_site_take(struct log_site *site, uint32_t *left_out)
{
	struct timespec now;
	uint64_t second, before;
	uint32_t lines;

	*left_out = 0;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	second = (uint64_t)now.tv_sec;
	before = atomic_load_explicit(&site->second, memory_order_relaxed);
	if (before != second && atomic_compare_exchange_strong(&site->second, &before, second)) {
		lines = atomic_exchange(&site->lines, 1);
		*left_out = lines > LOG_BURST ? lines - LOG_BURST : 0;
		return true;
	}
	lines = atomic_fetch_add_explicit(&site->lines, 1, memory_order_relaxed);
	return lines < LOG_BURST;
}

static size_t
log_prefix(char out[LOG_PREFIX_MAX], enum log_level level, enum log_format format)
{
	struct timespec now;
	struct tm tm;
	char date[sizeof("2026-11-22T19:30:29")];
	int n;

	if (format == LOG_TEXT) {
		n = snprintf(out, LOG_PREFIX_MAX, "weir: %s: ", log_level_name(level));
	} else {
		clock_gettime(CLOCK_REALTIME, &now);
		gmtime_r(&now.tv_sec, &tm);
		if (strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
			date[0] = '\0'; /* a clock after the year 9999 */
		n = snprintf(out, LOG_PREFIX_MAX,
		    "{\"ts\":\"%s.%03ldZ\",\"level\":\"%s\",\"msg\":\"", date,
		    now.tv_nsec / NS_PER_MS, log_level_name(level));
	}
	ASSERT(n > 0 && n < LOG_PREFIX_MAX);
	return (size_t)n;
}

static void
log_write(enum log_level level, struct str message)
{
	enum log_format format = atomic_load_explicit(&log_format_now, memory_order_relaxed);
	struct str tail = format == LOG_TEXT ? STR("\n") : STR("\"}\n");
	char line[LOG_LINE_MAX];
	size_t n = log_prefix(line, level, format);

	n += escape_write(line + n, sizeof(line) - n - tail.len, message,
	    format == LOG_TEXT ? ESCAPE_LINE : ESCAPE_JSON);
	memcpy(line + n, tail.p, tail.len);
	n += tail.len;
	/* A stderr that cannot take the line has nobody behind it who could be told. */
	while (write(STDERR_FILENO, line, n) < 0 && errno == EINTR)
		;
}

void
log_line(struct log_site *site, enum log_level level, const char *fmt, ...)
{
	int saved = errno;
	char message[LOG_MESSAGE_MAX];
	uint32_t left_out = 0;
	va_list ap;
	size_t len;
	int n;

	if (site != NULL && !log_site_take(site, &left_out))
		return;
	va_start(ap, fmt);
	n = vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	ASSERT(n >= 0);
	len = (size_t)n < sizeof(message) ? (size_t)n : sizeof(message) - 1;
	if (left_out > 0) {
		n = snprintf(
		    message + len, sizeof(message) - len, " (%u more like this)", left_out);
		len += (size_t)n < sizeof(message) - len ? (size_t)n : sizeof(message) - len - 1;
	}
	log_write(level, str_of(message, len));
	errno = saved;
}
