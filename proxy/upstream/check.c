#include "upstream/check.h"

#include <stdlib.h>

enum { JITTER = 10 /* percent, to either side */, WHOLE = 100 };

struct check *
check_new(const struct check_spec *spec)
{
	struct check *c = xcalloc(1, sizeof(*c));
	struct arena *a = &c->arena;
	struct check_field *fields;

	arena_init(a, NULL, 0, SIZE_MAX);
	fields = arena_take(a, spec->n_fields * sizeof(*fields));
	for (size_t i = 0; i < spec->n_fields; i++)
		fields[i] = (struct check_field){
		    arena_copy(a, spec->fields[i].name), arena_copy(a, spec->fields[i].value)};
	c->refs = 1;
	c->spec = *spec;
	c->spec.tls = spec->tls != NULL ? tls_client_ref(spec->tls) : NULL;
	c->spec.ask = arena_copy(a, spec->ask);
	c->spec.method = arena_copy(a, spec->method);
	c->spec.target = arena_copy(a, spec->target);
	c->spec.host = arena_copy(a, spec->host);
	c->spec.body = arena_copy(a, spec->body);
	c->spec.fields = fields;
	return c;
}

struct check *
check_ref(struct check *c)
{
	c->refs++;
	return c;
}

void
check_unref(struct check **cp)
{
	struct check *c = *cp;

	*cp = NULL;
	if (c == NULL || --c->refs > 0)
		return;
	tls_client_unref(&c->spec.tls);
	arena_reset(&c->arena);
	free(c);
}

/* The first result decides, unless it would take away what is in use. */
uint32_t
check_needs(const struct check_count *c, const struct check_spec *spec, enum check_result result)
{
	if (result == CHECK_PASSED)
		return c->verdict == CHECK_DOWN ? spec->up : 1;
	return c->verdict == CHECK_UNSURE && !c->trusted ? 1 : spec->down;
}

bool
check_note(struct check_count *c, const struct check_spec *spec, enum check_result result)
{
	enum check_verdict verdict = result == CHECK_PASSED ? CHECK_UP : CHECK_DOWN;

	c->results[result]++;
	if (result == CHECK_SKIPPED)
		return false;
	c->row = c->row > 0 && c->last == result ? c->row + 1 : 1;
	c->last = result;
	if (c->verdict == verdict || c->row < check_needs(c, spec, result))
		return false;
	c->verdict = verdict;
	return true;
}

/* Thousands of endpoints that come at once are asked at once; then they spread over the interval,
 * and what jitter there is keeps them so. */
uint64_t
check_wait(const struct check_count *c, const struct check_spec *spec, uint64_t random)
{
	bool changing = c->verdict != (c->last == CHECK_PASSED ? CHECK_UP : CHECK_DOWN);
	uint64_t every = changing                 ? spec->every_changing
			 : c->verdict == CHECK_UP ? spec->every
						  : spec->every_down;
	uint64_t share = every / WHOLE * 2 * JITTER;

	if (c->results[CHECK_PASSED] + c->results[CHECK_FAILED] <= 1 && !changing)
		return every > 0 ? random % every : 0;
	return every - share / 2 + (share > 0 ? random % share : 0);
}
