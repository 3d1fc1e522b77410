#include "upstream/ejection.h"

#include <stdlib.h>
#include <sys/random.h>

#include "upstream/registry.h"

enum { US_PER_MS = 1000, MS_PER_S = 1000 };

static void
ejection_arrives(struct letter *letter, void *owner)
{
	struct ejection *j = container_of(letter, struct ejection, letter);
	struct endpoint *e = j->endpoint;
	struct registry *r = e->health->registry;
	enum outlier_detector which = j->which;

	(void)owner;
	outlier_heard(&e->streaks); /* from here on another letter may be written */
	if (r->noticed != NULL)
		r->noticed(r->noticed_arg, e, which);
	endpoint_unref(&e);
}

void
ejection_attend(struct registry *r, ejection_noticed_fn *noticed, void *arg)
{
	r->noticed = noticed;
	r->noticed_arg = arg;
}

/* At home nobody may be left who knows it when the letter comes: hence the reference. */
void
ejection_ask(struct endpoint *e, enum outlier_detector which, struct loop *home)
{
	struct ejection *j = e->ejection;

	(void)endpoint_ref(e);
	j->which = which;
	j->letter.run = ejection_arrives;
	loop_post(home, &j->letter);
}

/* Only for jitter: any number will do. */
static uint64_t
ejection_random(void)
{
	uint64_t n = 0;

	(void)!getrandom(&n, sizeof(n), 0);
	return n;
}

static char *
ejection_span(uint64_t us)
{
	unsigned long long ms = us / US_PER_MS;

	return ms % MS_PER_S == 0 ? xasprintf("%llu s", ms / MS_PER_S) : xasprintf("%llu ms", ms);
}

enum outlier_verdict
ejection_try(struct endpoint *e, const struct outlier_spec *spec,
    const struct ejection_crowd *crowd, const struct outlier_case *found, uint64_t now)
{
	struct ejection *j = e->ejection;
	enum outlier_verdict verdict = outlier_may(spec, crowd->n, crowd->ejected, crowd->usable);
	char *words, *span;

	if (verdict != OUTLIER_EJECT) {
		j->withheld++;
		return verdict;
	}
	j->counts[found->which]++;
	span = ejection_span(outlier_eject(&j->term, spec, now, ejection_random()));
	words = outlier_case_words(found);
	health_hold(
	    e, HEALTH_IS_EJECTED, "%s, left out for %s (ejection %u)", words, span, j->term.nth);
	free(words);
	free(span);
	return verdict;
}

void
ejection_end(struct endpoint *e, uint64_t now, const char *why)
{
	outlier_return(&e->ejection->term, now);
	health_release(e, HEALTH_IS_EJECTED, "%s", why);
}

struct ejection *
ejection_new(struct endpoint *e)
{
	struct ejection *j = xcalloc(1, sizeof(*j));

	j->endpoint = e;
	return j;
}
