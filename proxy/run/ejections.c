#include "run/ejections.h"

#include <stdlib.h>

#include "run/doors.h"
#include "upstream/ejection.h"
#include "upstream/health.h"

static struct ejection_crowd
ejections_crowd(const struct backend *b)
{
	const struct targets *t = backend_targets(b);
	struct ejection_crowd crowd = {.n = t->n};

	for (uint32_t i = 0; i < t->n; i++) {
		crowd.ejected += ejection_lasts(t->v[i].endpoint);
		crowd.usable += health_is_well(t->v[i].endpoint);
	}
	return crowd;
}

/* An outlier that stays is told of too, but not with each of its requests. */
static void
ejections_tell_withheld(struct server *s, const struct backend *b, struct endpoint *e,
    enum outlier_verdict verdict, const struct outlier_case *found)
{
	char *words, *text;
	uint64_t now = s->loop->now;

	if (e->ejection->told_at != 0 && now - e->ejection->told_at < b->outlier.interval)
		return;
	e->ejection->told_at = now;
	words = outlier_case_words(found);
	text = xasprintf("%.*s/%.*s not ejected: %s, but %s", STR_FMT(e->backend), STR_FMT(e->name),
	    words,
	    verdict == OUTLIER_LAST ? "it is the last usable one" : "enough others are ejected");
	log_line(NULL, LOG_LEVEL_WARN, "%s", text);
	doors_note(s, text, "outlier");
	free(words);
	free(text);
}

static void
ejections_wake(struct server *s, uint64_t at)
{
	struct timer *t = &s->ejections.timer;

	if (t->prev == NULL || at < t->at)
		timer_set(s->loop, t, at);
}

/* Results of before it was left out still come in; they change nothing. */
static void
ejections_judge(struct server *s, const struct backend *b, struct endpoint *e,
    struct ejection_crowd *crowd, const struct outlier_case *found)
{
	enum outlier_verdict verdict;

	if (ejection_lasts(e) || !health_is_well(e))
		return;
	verdict = ejection_try(e, &b->outlier, crowd, found, s->loop->now);
	if (verdict != OUTLIER_EJECT) {
		ejections_tell_withheld(s, b, e, verdict, found);
		return;
	}
	crowd->ejected++;
	crowd->usable--;
	ejections_wake(s, e->ejection->term.until);
}

static void
ejections_noticed(void *arg, struct endpoint *e, enum outlier_detector which)
{
	struct server *s = arg;
	const struct backend *b =
	    s->snapshot != NULL ? map_get(&s->snapshot->backends_by_name, e->backend) : NULL;
	struct outlier_case found = {.found = true, .which = which};
	struct ejection_crowd crowd;

	if (b == NULL || b->outlier.streak[which] == 0)
		return; /* a reload was faster */
	found.value = found.threshold = b->outlier.streak[which];
	crowd = ejections_crowd(b);
	ejections_judge(s, b, e, &crowd, &found);
}

/* ---- at the end of an interval ---- */

static struct ejection_sums
ejections_sum(const struct server *s, const struct meter *m)
{
	struct ejection_sums sums = {0};

	for (uint32_t w = 0; w < s->n_workers; w++) {
		const struct endpoint_stats *e =
		    atomic_load_explicit(&m->blocks[w], memory_order_acquire);

		if (e == NULL)
			continue;
		sums.good += COUNTER_READ(e->good);
		sums.failed += COUNTER_READ(e->failed);
		for (size_t i = 0; i <= METRIC_BUCKETS; i++)
			sums.answers.buckets[i] += COUNTER_READ(e->answers.buckets[i]);
	}
	return sums;
}

/* What came since the last time, in the form that is compared. */
static struct outlier_case
ejections_case(const struct server *s, const struct endpoint *e)
{
	enum { PERCENT = 95 };
	struct ejection_sums now = ejections_sum(s, e->meter), *before = &e->ejection->sums;
	struct outlier_case c = {
	    .good = now.good - before->good,
	    .failed = now.failed - before->failed,
	};
	struct histogram answers = now.answers;

	for (size_t i = 0; i <= METRIC_BUCKETS; i++)
		answers.buckets[i] -= before->answers.buckets[i];
	c.p95_us = histogram_percentile(&answers, PERCENT);
	*before = now;
	return c;
}

static void
ejections_compare(struct server *s, const struct backend *b, const struct targets *t)
{
	struct outlier_case *cases = xcalloc(t->n, sizeof(*cases));
	struct ejection_crowd crowd = ejections_crowd(b);

	for (uint32_t i = 0; i < t->n; i++)
		cases[i] = ejections_case(s, t->v[i].endpoint);
	outlier_compare(&b->outlier, cases, t->n);
	for (uint32_t i = 0; i < t->n; i++)
		if (cases[i].found)
			ejections_judge(s, b, t->v[i].endpoint, &crowd, &cases[i]);
	free(cases);
}

/* One endpoint at an interval's end, or in between. */
static void
ejections_review(
    const struct server *s, const struct outlier_spec *spec, struct endpoint *e, bool interval)
{
	uint64_t now = s->loop->now;

	if (ejection_lasts(e) && !spec->on)
		ejection_end(e, now, "outliers are not looked for any more");
	else if (ejection_lasts(e) && e->ejection->term.until <= now)
		ejection_end(e, now, "its time is over");
	else if (interval)
		outlier_peace(&e->ejection->term, spec, now);
}

static void
ejections_look_at(struct server *s, const struct backend *b)
{
	const struct outlier_spec *spec = &b->outlier;
	const struct targets *t = backend_targets(b);
	uint64_t now = s->loop->now, nth = spec->on ? now / spec->interval : 0;
	bool interval = spec->on && nth != s->ejections.looked_at / spec->interval;

	if (interval)
		ejections_compare(s, b, t);
	for (uint32_t i = 0; i < t->n; i++) {
		struct endpoint *e = t->v[i].endpoint;

		ejections_review(s, spec, e, interval);
		if (ejection_lasts(e))
			ejections_wake(s, e->ejection->term.until);
	}
	if (spec->on)
		ejections_wake(s, (nth + 1) * spec->interval);
}

static void
ejections_look(struct timer *t)
{
	struct server *s = container_of(t, struct server, ejections.timer);

	timer_clear(s->loop, t);
	for (uint32_t i = 0; i < s->snapshot->n_backends; i++)
		ejections_look_at(s, s->snapshot->backends[i]);
	s->ejections.looked_at = s->loop->now;
}

void
ejections_open(struct server *s)
{
	s->ejections.timer.fire = ejections_look;
	s->ejections.looked_at = s->loop->now;
	ejection_attend(s->registry, ejections_noticed, s);
}

void
ejections_follow(struct server *s)
{
	ejections_look(&s->ejections.timer);
}
