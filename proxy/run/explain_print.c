/* explain_print - the answer for people: what, where it is written, and why. */
#include <stdarg.h>
#include <stdlib.h>

#include "run/explain.h"
#include "run/explain_policy.h"

enum { LABEL = 11, WHAT = 36, PLACE = 18 };

static const char *
explain_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

/* One line in columns; nothing hangs behind the last word. */
static void
explain_line(FILE *out, const char *label, const char *what, const char *place, const char *why)
{
	fprintf(out, "%-*s", LABEL, label);
	if (*place == '\0' && *why == '\0')
		fprintf(out, "%s\n", what);
	else if (*why == '\0')
		fprintf(out, "%-*s %s\n", WHAT, what, place);
	else
		fprintf(out, "%-*s %-*s %s\n", WHAT, what, PLACE, place, why);
}

PRINTF_LIKE(1, 2)
static char *
explain_sentence(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	ASSERT(vasprintf(&s, fmt, ap) >= 0);
	va_end(ap);
	return s;
}

static void
explain_print_listener(const json_t *answer, FILE *out)
{
	const json_t *l = json_object_get(answer, "listener"),
		     *c = json_object_get(answer, "client");
	char *what;

	if (l == NULL)
		return;
	what = explain_sentence("%s %s", explain_text(l, "name"), explain_text(l, "address"));
	explain_line(out, "listener", what, explain_text(l, "at"), explain_text(l, "note"));
	free(what);
	if (c != NULL)
		explain_line(out, "client", explain_text(c, "address"), "",
		    json_is_true(json_object_get(c, "trusted"))
			? "trusted: what it says of the client is believed"
			: "not trusted: X-Forwarded-* are written anew");
}

static void
explain_print_routes(const json_t *answer, FILE *out)
{
	const json_t *r = json_object_get(answer, "route"),
		     *others = json_object_get(answer, "others");
	const json_t *row;
	size_t i;

	if (r != NULL)
		explain_line(out, "route", explain_text(r, "name"), explain_text(r, "at"),
		    explain_text(r, "why"));
	else
		explain_line(out, "route", "no route: 404", "", "");
	json_array_foreach(others, i, row) explain_line(out, "  not", explain_text(row, "name"),
	    explain_text(row, "at"), explain_text(row, "why"));
}

static void
explain_print_endpoint(const json_t *e, const char *label, const char *place, FILE *out)
{
	const char *state = explain_text(e, "state"), *reason = explain_text(e, "reason");
	json_int_t weight = json_integer_value(json_object_get(e, "weight"));
	json_int_t priority = json_integer_value(json_object_get(e, "priority"));
	char *why = NULL, *what = weight != 1 ? explain_sentence("%s weight %lld",
						    explain_text(e, "name"), (long long)weight)
					      : xstrdup(explain_text(e, "name"));

	if (priority > 0) {
		char *longer = explain_sentence("%s priority %lld", what, (long long)priority);

		free(what);
		what = longer;
	}
	if (*state != '\0')
		why = explain_sentence("%s%s%s%s, %lld in flight, %lld connections", state,
		    *reason ? " (" : "", reason, *reason ? ")" : "",
		    (long long)json_integer_value(json_object_get(e, "in_flight")),
		    (long long)json_integer_value(json_object_get(e, "connections")));
	explain_line(out, label, what, place, why ? why : "");
	free(what);
	free(why);
}

static void
explain_print_backend(const json_t *b, FILE *out)
{
	const json_t *endpoints = json_object_get(b, "endpoints"), *e;
	char *label = explain_sentence("  %.*s", LABEL - 3, explain_text(b, "name"));
	size_t i;

	if (json_array_size(endpoints) == 0)
		explain_line(out, label, "no endpoints: 503", explain_text(b, "at"), "");
	json_array_foreach(endpoints, i, e) explain_print_endpoint(
	    e, i == 0 ? label : "", i == 0 ? explain_text(b, "at") : "", out);
	json_array_foreach(json_object_get(b, "priorities"), i, e)
	{
		const char *zone = explain_text(e, "zone");
		char *part = explain_sentence("priority %lld%s%s gets %.1f%%",
		    (long long)json_integer_value(json_object_get(e, "priority")),
		    *zone != '\0' ? " in " : "", zone,
		    json_real_value(json_object_get(e, "percent")));

		explain_line(out, "", part, "", "");
		free(part);
	}
	if (*explain_text(b, "sticky") != '\0')
		explain_line(out, "", explain_text(b, "sticky"), "", "");
	if (json_is_true(json_object_get(b, "panic")))
		explain_line(out, "", "panic: all of them are used", "", "");
	free(label);
}

static void
explain_print_backends(const json_t *answer, FILE *out)
{
	const json_t *backends = json_object_get(answer, "backends"), *b;
	char *what = NULL;
	size_t i, len;
	FILE *f;

	if (backends == NULL)
		return;
	f = open_memstream(&what, &len);
	ASSERT(f != NULL);
	json_array_foreach(backends, i, b)
	{
		fprintf(f, "%s%s", i > 0 ? ", " : "", explain_text(b, "name"));
		if (json_array_size(backends) > 1)
			fprintf(f, " %.4g%%", json_real_value(json_object_get(b, "percent")));
	}
	ASSERT(fclose(f) == 0);
	explain_line(out, "backend", what, explain_text(answer, "to_at"), "");
	free(what);
	json_array_foreach(backends, i, b) explain_print_backend(b, out);
}

void
explain_print(const json_t *answer, FILE *out)
{
	if (*explain_text(answer, "refused") != '\0') {
		explain_line(out, "refused", explain_text(answer, "refused"), "", "");
		return;
	}
	explain_print_listener(answer, out);
	if (*explain_text(answer, "redirect") != '\0') {
		explain_line(out, "redirect", explain_text(answer, "redirect"), "", "");
		return;
	}
	explain_print_routes(answer, out);
	explain_print_backends(answer, out);
	explain_print_policy(answer, out);
}
