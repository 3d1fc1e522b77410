#include "http/retry_after.h"

#include <time.h>

enum { US_PER_S = 1000000, DATE_MAX = 64 };
enum { SECONDS_MAX = 365 * 24 * 3600 }; /* more is never, too */

/* The form that senders must use, and the two that recipients must know (RFC 9110 section 5.6.7).
 * The program runs in the C locale, whose names of days and months are those of HTTP. */
static time_t
retry_after_date(const char *text)
{
	static const char *const forms[] = {
	    "%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"};

	for (size_t i = 0; i < nelem(forms); i++) {
		struct tm tm = {0};
		const char *end = strptime(text, forms[i], &tm);

		if (end != NULL && *end == '\0')
			return timegm(&tm);
	}
	return 0;
}

uint64_t
retry_after_us(struct str value, uint64_t wall_us)
{
	uint64_t now = wall_us / US_PER_S, seconds;
	char text[DATE_MAX];
	time_t date;

	if (str_to_u64(value, UINT64_MAX / 2, &seconds))
		return (seconds < SECONDS_MAX ? seconds : SECONDS_MAX) * US_PER_S;
	if (value.len == 0 || value.len >= sizeof(text))
		return 0;
	*(char *)mempcpy(text, value.p, value.len) = '\0';
	date = retry_after_date(text);
	if (date <= 0 || (uint64_t)date <= now)
		return 0;
	seconds = (uint64_t)date - now;
	return (seconds < SECONDS_MAX ? seconds : SECONDS_MAX) * US_PER_S;
}
