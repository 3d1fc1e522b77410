#include "run/api.h"

#include <stdlib.h>
#include <time.h>

enum { US_PER_S = 1000000, MINUTE = 60, HOUR = 3600, DAY = 86400 };

void
api_json(struct admin_answer *a, unsigned status, json_t *json)
{
	char *text = json_dumps(json, JSON_INDENT(2));

	ASSERT(text != NULL);
	json_decref(json);
	a->status = status;
	a->type = "application/json";
	a->len = strlen(text);
	text[a->len++] = '\n'; /* in place of the NUL */
	a->body = text;
}

FILE *
api_text_begin(struct admin_answer *a)
{
	FILE *f = open_memstream(&a->body, &a->len);

	ASSERT(f != NULL);
	return f;
}

void
api_text_end(struct admin_answer *a, unsigned status, FILE *f)
{
	ASSERT(fclose(f) == 0);
	a->status = status;
	a->type = "text/plain; charset=utf-8";
}

json_t *
api_str(struct str s)
{
	json_t *out = json_stringn(s.len > 0 ? s.p : "", s.len);

	return out != NULL ? out : json_string("(not UTF-8)");
}

void
api_put_place(json_t *to, const struct position *at)
{
	char *text;

	if (at->file == NULL)
		return;
	text = xasprintf("%s:%u", at->file, at->line);
	json_object_set_new(to, "at", json_string(text));
	free(text);
}

uint64_t
api_wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * US_PER_S + (uint64_t)ts.tv_nsec / 1000;
}

json_t *
api_time(uint64_t wall_us)
{
	time_t at = (time_t)(wall_us / US_PER_S);
	char text[32];
	struct tm tm;

	if (wall_us == 0 || gmtime_r(&at, &tm) == NULL)
		return json_null();
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

void
api_ago(uint64_t us, char out[32])
{
	unsigned long long s = us / US_PER_S;

	if (s < 2 * MINUTE)
		snprintf(out, 32, "%llu s", s);
	else if (s < 2 * HOUR)
		snprintf(out, 32, "%llu min", s / MINUTE);
	else if (s < 2 * DAY)
		snprintf(out, 32, "%llu h", s / HOUR);
	else
		snprintf(out, 32, "%llu days", s / DAY);
}
