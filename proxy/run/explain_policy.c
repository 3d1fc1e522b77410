#include "run/explain_policy.h"

#include <stdlib.h>

#include "config/print_value.h"

/* A value as it would be written. */
static json_t *
policy_value(const struct schema_object *o, const char *key, const void *base)
{
	const struct schema_row *row = schema_find(o, str_from(key));
	char *text = NULL;
	json_t *json;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	ASSERT(row != NULL && f != NULL);
	put_value(f, row, base);
	ASSERT(fclose(f) == 0);
	json = json_stringn(text, len);
	free(text);
	return json;
}

/* "502-504" */
static void
policy_put_statuses(json_t *after, const struct policy *p)
{
	for (unsigned first = 0, last; statuses_next(&p->statuses, &first, &last);
	     first = last + 1) {
		char *text =
		    first == last ? xasprintf("%u", first) : xasprintf("%u-%u", first, last);

		json_array_append_new(after, json_string(text));
		free(text);
	}
}

static const struct origin *
policy_origin(const struct model *m, const struct model_route *route)
{
	const struct schema_row *own = schema_find(&schema_route, STR("retry"));
	const struct schema_row *all = schema_find(&schema_defaults, STR("retry"));
	const struct origin *of_all = m->origins[PART_DEFAULTS];

	if (route->origins != NULL && route->origins[own - schema_route.rows].file != NULL)
		return &route->origins[own - schema_route.rows];
	return of_all != NULL ? &of_all[all - schema_defaults.rows] : NULL;
}

static json_t *
policy_retry(const struct model *m, const struct model_route *route, const struct policy *p,
    enum method method)
{
	const struct origin *at = policy_origin(m, route);
	json_t *out = json_object(), *after = json_array();

	if ((p->asks & POLICY_RESET) != 0)
		json_array_append_new(after, json_string("reset"));
	if ((p->asks & POLICY_TIMEOUT) != 0)
		json_array_append_new(after, json_string("timeout"));
	policy_put_statuses(after, p);
	json_object_set_new(out, "attempts", json_integer(p->retries));
	json_object_set_new(out, "after", after);
	json_object_set_new(
	    out, "repeatable", json_boolean(p->non_idempotent || method_is_idempotent(method)));
	json_object_set_new(
	    out, "per_try_timeout", policy_value(&schema_retry, "per_try_timeout", &route->retry));
	if (at != NULL && at->file != NULL) {
		char *text = xasprintf("%s:%u", at->file, at->line);

		json_object_set_new(out, "at", json_string(text));
		free(text);
	}
	return out;
}

static json_t *
policy_timeouts(const struct model *m, const struct model_route *route)
{
	static const char *const keys[] = {"response", "body", "request"};
	json_t *out = json_object();

	json_object_set_new(out, "connect", policy_value(&schema_timeouts, "connect", m));
	for (size_t i = 0; i < nelem(keys); i++)
		json_object_set_new(
		    out, keys[i], policy_value(&schema_route_timeouts, keys[i], &route->timeouts));
	return out;
}

void
explain_policy(json_t *answer, const struct model *m, const struct model_route *route,
    const struct policy *p, enum method method)
{
	json_object_set_new(answer, "retry", policy_retry(m, route, p, method));
	json_object_set_new(answer, "timeouts", policy_timeouts(m, route));
}

/* ---- for people ---- */

static const char *
policy_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static void
policy_print_retry(const json_t *retry, FILE *out)
{
	const json_t *after = json_object_get(retry, "after"), *what;
	bool repeatable = json_is_true(json_object_get(retry, "repeatable"));
	size_t i;

	fprintf(out, "%-11s", "retry");
	if (json_integer_value(json_object_get(retry, "attempts")) == 0) {
		fputs("off", out);
	} else {
		fprintf(out, "%lld, if it cannot connect",
		    (long long)json_integer_value(json_object_get(retry, "attempts")));
		json_array_foreach(after, i, what)
		    fprintf(out, "%s%s", i > 0 ? ", " : " or after ", json_string_value(what));
		if (json_array_size(after) > 0 && !repeatable)
			fputs("; the latter not with this method", out);
	}
	if (strcmp(policy_text(retry, "per_try_timeout"), "off") != 0)
		fprintf(out, "; each try within %s", policy_text(retry, "per_try_timeout"));
	if (*policy_text(retry, "at") != '\0')
		fprintf(out, "  %s", policy_text(retry, "at"));
	fputc('\n', out);
}

void
explain_print_policy(const json_t *answer, FILE *out)
{
	const json_t *t = json_object_get(answer, "timeouts");

	if (t == NULL)
		return;
	policy_print_retry(json_object_get(answer, "retry"), out);
	fprintf(out, "%-11sconnect %s, first byte %s, pause %s, whole request %s\n", "timeouts",
	    policy_text(t, "connect"), policy_text(t, "response"), policy_text(t, "body"),
	    policy_text(t, "request"));
}
