#include "route/ask.h"

#include <stdio.h>

bool
ask_field_is(const struct field *f, enum field_id id, struct str name)
{
	if (f->id != id)
		return false;
	return id != FIELD_OTHER || str_eq_case(str_of(f->name, f->name_len), name);
}

static bool
ask_value_fits(const struct ask_field *want, struct match_scratch *scratch, struct str value)
{
	switch (want->kind) {
	case PREDICATE_PRESENT:
		return true;
	case PREDICATE_EXACT:
		return str_eq(value, want->value);
	case PREDICATE_PATTERN:
		return pattern_match(want->pattern, scratch, value);
	}
	return false;
}

/* One of several fields with the name is enough. */
static bool
ask_header_fits(const struct ask_field *want, const struct table_query *q)
{
	const struct fields *fields = &q->head->fields;

	if (want->id != FIELD_OTHER && !(fields->present >> want->id & 1))
		return false;
	for (uint32_t i = 0; i < fields->n; i++)
		if (ask_field_is(&fields->v[i], want->id, want->name) &&
		    ask_value_fits(want, q->scratch, field_value(&fields->v[i])))
			return true;
	return false;
}

/* Names and values are compared as they came, undecoded; "a" is "a=". */
static bool
ask_query_fits(const struct ask_field *want, const struct table_query *q)
{
	struct str rest = q->head->query, piece;

	while (str_cut(&rest, '&', &piece)) {
		size_t eq = str_find(piece, '=', 0);
		size_t value = eq < piece.len ? eq + 1 : eq;

		if (str_eq(str_of(piece.p, eq), want->name) &&
		    ask_value_fits(want, q->scratch, str_of(piece.p + value, piece.len - value)))
			return true;
	}
	return false;
}

static bool
ask_listener_fits(const struct ask *a, uint32_t listener)
{
	for (size_t i = 0; i < a->n_listeners; i++)
		if (a->listeners[i] == listener)
			return true;
	return a->n_listeners == 0;
}

/* Methods are case-sensitive (RFC 9110 section 9.1), and HEAD is not GET: who wants both says so.
 */
static bool
ask_method_fits(const struct ask *a, const struct head *head)
{
	if (a->methods == 0)
		return true;
	if (!(a->methods >> head->method & 1))
		return false;
	if (head->method != METHOD_OTHER)
		return true;
	for (size_t i = 0; i < a->n_other_methods; i++)
		if (str_eq(a->other_methods[i], head->method_text))
			return true;
	return false;
}

enum ask_miss
ask_miss(const struct ask *a, const struct table_query *q, const struct ask_field **which)
{
	if (!ask_listener_fits(a, q->listener))
		return ASK_LISTENER;
	if (!ask_method_fits(a, q->head))
		return ASK_METHOD;
	for (size_t i = 0; i < a->n_headers; i++) {
		*which = &a->headers[i];
		if (!ask_header_fits(*which, q))
			return ASK_HEADER;
	}
	for (size_t i = 0; i < a->n_queries; i++) {
		*which = &a->queries[i];
		if (!ask_query_fits(*which, q))
			return ASK_QUERY;
	}
	return ASK_MET;
}

static void
ask_methods_print(const struct ask *a, FILE *out)
{
	const char *before = "method is not ";

	for (int m = METHOD_OTHER + 1; m < METHOD_COUNT; m++) {
		if (!(a->methods >> m & 1))
			continue;
		fprintf(out, "%s%.*s", before, STR_FMT(method_name((enum method)m)));
		before = " or ";
	}
	for (size_t i = 0; i < a->n_other_methods; i++) {
		fprintf(out, "%s%.*s", before, STR_FMT(a->other_methods[i]));
		before = " or ";
	}
}

static void
ask_field_print(const char *what, const struct ask_field *which, bool there, FILE *out)
{
	fprintf(out, "%s \"%.*s\" ", what, STR_FMT(which->name));
	if (!there)
		fputs("is missing", out);
	else if (which->kind == PREDICATE_EXACT)
		fprintf(out, "is not \"%.*s\"", STR_FMT(which->value));
	else
		fprintf(out, "does not match \"%.*s\"", STR_FMT(which->value));
}

void
ask_miss_print(const struct ask *a, const struct table_query *q, enum ask_miss miss,
    const struct ask_field *which, char *out, size_t out_size)
{
	struct ask_field present = which ? *which : (struct ask_field){0};
	FILE *f = fmemopen(out, out_size, "w");

	ASSERT(f != NULL && out_size > 0);
	present.kind = PREDICATE_PRESENT;
	switch (miss) {
	case ASK_MET:
		break;
	case ASK_LISTENER:
		fputs("it is for another listener", f);
		break;
	case ASK_METHOD:
		ask_methods_print(a, f);
		break;
	case ASK_HEADER:
		ask_field_print("header", which, ask_header_fits(&present, q), f);
		break;
	case ASK_QUERY:
		ask_field_print("query parameter", which, ask_query_fits(&present, q), f);
		break;
	}
	(void)fclose(f); /* what did not fit is cut */
	out[out_size - 1] = '\0';
}
