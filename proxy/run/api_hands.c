/* api_hands - POST /endpoints: what people say of endpoints (hands.h). */
#include <stdarg.h>
#include <stdlib.h>

#include "config/value.h"
#include "run/api.h"
#include "upstream/health.h"

enum { WEIGHT_MAX = 1000 };

struct saying {
	const struct backend *backend;
	struct str endpoint; /* empty: all of them */
	struct hands_order order;
	char wrong[ADMIN_WHY];
};

PRINTF_LIKE(2, 3)
static bool
saying_wrong(struct saying *say, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(say->wrong, sizeof(say->wrong), fmt, ap);
	va_end(ap);
	return false;
}

/* ---- which ones ---- */

static bool
saying_no_backend(const struct server *s, struct saying *say, struct str of)
{
	uint32_t n = s->snapshot->n_backends;
	char **names = xcalloc(n, sizeof(*names));
	const char *near;

	for (uint32_t i = 0; i < n; i++)
		names[i] = str_dup(s->snapshot->backends[i]->name);
	near = error_suggest(of, (const char *const *)names, n);
	saying_wrong(say, "there is no backend \"%.*s\"%s%s%s", STR_FMT(of),
	    near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
	    near != NULL ? "\"?" : "");
	for (uint32_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return false;
}

/* BACKEND or BACKEND/ENDPOINT; as a backend's name may have a slash, the longest that fits. */
static bool
saying_whom(const struct server *s, struct saying *say, struct str of)
{
	const struct targets *t;
	size_t end = of.len;

	while (
	    (say->backend = map_get(&s->snapshot->backends_by_name, str_of(of.p, end))) == NULL) {
		while (end > 0 && of.p[end - 1] != '/')
			end--;
		if (end == 0)
			return saying_no_backend(s, say, str_of(of.p, str_find(of, '/', 0)));
		end--;
	}
	if (end == of.len)
		return true;
	say->endpoint = str_of(of.p + end + 1, of.len - end - 1);
	t = backend_targets(say->backend);
	for (uint32_t i = 0; i < t->n; i++)
		if (str_eq(t->v[i].endpoint->name, say->endpoint))
			return true;
	return saying_wrong(say, "backend %.*s has no endpoint \"%.*s\"",
	    STR_FMT(say->backend->name), STR_FMT(say->endpoint));
}

/* ---- what ---- */

static bool
saying_wish(struct saying *say, const char *state, const char *weight)
{
	static const char *const words[] = {"drain", "down", "ready"};
	uint64_t number;

	for (unsigned i = 0; state != NULL && weight == NULL && i < nelem(words); i++)
		if (strcmp(state, words[i]) == 0) {
			say->order.wish = (enum hands_wish)i;
			return true;
		}
	if (state != NULL || weight == NULL)
		return saying_wrong(say, "say a state (drain, down, ready) or a weight");
	if (!str_to_u64(str_from(weight), WEIGHT_MAX, &number))
		return saying_wrong(say, "a weight is a whole number, 0-%d", WEIGHT_MAX);
	say->order.wish = HANDS_WEIGH;
	say->order.weight = (uint32_t)number;
	return true;
}

static bool
saying_span(struct saying *say, const char *span)
{
	struct value_wrong w = {.text = ""};

	if (span == NULL)
		return true;
	if (say->order.wish == HANDS_READY)
		return saying_wrong(say, "ready takes back what was said: it has no end");
	if (!value_duration(str_from(span), &say->order.span, &w))
		return saying_wrong(say, "%s%s%s", w.text, w.hint[0] ? "; " : "", w.hint);
	return say->order.span > 0 || saying_wrong(say, "for no time at all");
}

/* ---- done ---- */

static void
saying_do(struct server *s, const struct saying *say, const struct admin_request *r,
    struct admin_answer *a)
{
	const struct targets *t = backend_targets(say->backend);
	FILE *f = r->text ? api_text_begin(a) : NULL;
	json_t *out = r->text ? NULL : json_array();

	for (uint32_t i = 0; i < t->n; i++) {
		struct endpoint *e = t->v[i].endpoint;

		if (say->endpoint.len > 0 && !str_eq(e->name, say->endpoint))
			continue;
		hands_do(s, say->backend, e, &say->order);
		if (f != NULL)
			api_endpoint_text(e, f);
		else
			json_array_append_new(out, api_endpoint_json(e, s->loop->now));
	}
	if (f != NULL)
		api_text_end(a, 200, f);
	else
		api_json(a, 200, out);
}

static void
saying_refuse(const struct saying *say, const struct admin_request *r, struct admin_answer *a,
    unsigned status)
{
	if (r->text)
		admin_say(r, a, status, "%s", say->wrong);
	else
		api_json(a, status, json_pack("{s:i, s:s}", "status", status, "error", say->wrong));
}

void
api_endpoints(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	struct server *s = ((struct api *)owner)->server;
	char *of = admin_param(r, "of"), *state = admin_param(r, "state"),
	     *weight = admin_param(r, "weight"), *span = admin_param(r, "for"), *who = NULL;
	struct saying say = {.endpoint = STR_NONE};
	bool known;

	if (!saying_wish(&say, state, weight) || !saying_span(&say, span)) {
		saying_refuse(&say, r, a, 400);
	} else {
		known = saying_whom(s, &say, of != NULL ? str_from(of) : STR_NONE);
		who = xasprintf("by hand (%s)%s%s", r->who, span != NULL ? ", for " : "",
		    span != NULL ? span : "");
		say.order.who = who;
		if (known)
			saying_do(s, &say, r, a);
		else
			saying_refuse(&say, r, a, 404);
	}
	free(of);
	free(state);
	free(weight);
	free(span);
	free(who);
}
