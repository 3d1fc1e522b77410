#include "run/changes.h"

#include <stdlib.h>

#include "run/doors.h"

/* "; 0 of 1 left"; of a backend that nothing is sent to yet there is nothing to say. */
static char *
changes_left(const struct server *s, const struct endpoint *e)
{
	const struct backend *b =
	    s->snapshot != NULL ? map_get(&s->snapshot->backends_by_name, e->backend) : NULL;
	const struct targets *t;
	uint32_t usable = 0;

	if (b == NULL)
		return xstrdup("");
	t = backend_targets(b);
	for (uint32_t i = 0; i < t->n; i++)
		usable += endpoint_usable(t->v[i].endpoint);
	return xasprintf("; %u of %u left", usable, t->n);
}

void
changes_tell(void *arg, const struct health_event *event)
{
	struct server *s = arg;
	const struct endpoint *e = event->endpoint;
	char *left = changes_left(s, e);
	char *text = xasprintf("%.*s/%.*s %s: %s%s", STR_FMT(e->backend), STR_FMT(e->name),
	    endpoint_state_word(event->to), event->why, left);

	/* No rate limit: every change is told. */
	log_line(NULL, event->usable ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "%s", text);
	doors_note(s, text, "health");
	free(text);
	free(left);
}
