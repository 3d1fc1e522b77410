#include "run/changes.h"

#include <stdlib.h>

#include "run/doors.h"

/* Panic that begins or is over, by what has changed. */
static void
changes_panic(struct server *s, struct backend *b)
{
	const struct panic *p = &b->state->panic;
	char *text;

	if (!panic_review(b))
		return;
	text = p->on ? xasprintf("backend %.*s panics: %u of %u endpoints left, with less than "
				 "%u%% all are used",
			   STR_FMT(b->name), p->well, p->n, b->panic)
		     : xasprintf("backend %.*s panics no more: %u of %u endpoints left",
			   STR_FMT(b->name), p->well, p->n);
	log_line(NULL, p->on ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "%s", text);
	doors_note(s, text, "health");
	free(text);
}

/* "; 0 of 1 left" */
static char *
changes_left(const struct backend *b)
{
	const struct targets *t = backend_targets(b);
	uint32_t well = 0;

	for (uint32_t i = 0; i < t->n; i++)
		well += health_is_well(t->v[i].endpoint);
	return xasprintf("; %u of %u left", well, t->n);
}

void
changes_tell(void *arg, const struct health_event *event)
{
	struct server *s = arg;
	const struct endpoint *e = event->endpoint;
	struct backend *b =
	    s->snapshot != NULL ? map_get(&s->snapshot->backends_by_name, e->backend) : NULL;
	/* Of a backend that nothing is sent to yet there is nothing to say. */
	char *left = b != NULL ? changes_left(b) : xstrdup("");
	char *text = xasprintf("%.*s/%.*s %s: %s%s", STR_FMT(e->backend), STR_FMT(e->name),
	    endpoint_state_word(event->to), event->why, left);

	/* No rate limit: every change is told. */
	log_line(NULL, event->well ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "%s", text);
	doors_note(s, text, "health");
	free(text);
	free(left);
	if (b != NULL)
		changes_panic(s, b);
	if (event->to == ENDPOINT_WARMING)
		warmings_wake(s);
}

void
changes_follow(struct server *s)
{
	for (uint32_t i = 0; i < s->snapshot->n_backends; i++)
		changes_panic(s, s->snapshot->backends[i]);
}
