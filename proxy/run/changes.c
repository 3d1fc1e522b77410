#include "run/changes.h"

#include <stdlib.h>

#include "run/doors.h"

enum { CHANGES_NAMES = 3 /* routes, or listeners, that are named in one line */ };

/* Panic that begins or is over. */
static void
changes_tell_panic(struct server *s, const struct backend *b)
{
	const struct panic *p = &b->state->panic;
	char *text;

	text = p->on ? xasprintf("backend %.*s panics: %u of %u endpoints left, with less than "
				 "%u%% all are used",
			   STR_FMT(b->name), p->well, p->n, b->panic)
		     : xasprintf("backend %.*s panics no more: %u of %u endpoints left",
			   STR_FMT(b->name), p->well, p->n);
	log_line(NULL, p->on ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "%s", text);
	doors_note(s, text, "health");
	free(text);
}

/* Who is well, and so who gets what, has changed. */
static void
changes_divide(struct server *s, const struct backend *b)
{
	const struct groups *g = &backend_targets(b)->groups;
	char *text = NULL;
	size_t len;
	FILE *out;

	if (!groups_divide(g))
		return;
	out = open_memstream(&text, &len);
	ASSERT(out != NULL);
	fprintf(out, "backend %.*s:", STR_FMT(b->name));
	for (uint32_t i = 0; i < g->n; i++) {
		char *name = group_name(&g->v[i]);

		fprintf(out, "%s %s gets %.0f%%", i > 0 ? "," : "", name, groups_percent(g, i));
		free(name);
	}
	fclose(out);
	log_line(NULL, LOG_LEVEL_INFO, "%s", text);
	doors_note(s, text, "health");
	free(text);
}

/* What a change says to who uses the endpoint: the word for it, in the log. */
static const char *
changes_word(enum endpoint_state to)
{
	switch (to) {
	case ENDPOINT_UNHEALTHY:
	case ENDPOINT_DOWN:
		return "down";
	case ENDPOINT_HEALTHY:
		return "up";
	case ENDPOINT_UNCHECKED:
	case ENDPOINT_EJECTED:
	case ENDPOINT_WARMING:
	case ENDPOINT_DRAINING:
	case ENDPOINT_STATES:
		break;
	}
	return endpoint_state_word(to);
}

static uint32_t
changes_usable(const struct backend *b)
{
	const struct targets *t = backend_targets(b);
	uint32_t usable = 0;

	for (uint32_t i = 0; i < t->n; i++)
		usable += endpoint_usable(t->v[i].endpoint);
	return usable;
}

/* How much of what these arms get goes to b, which is alone in its state: none of it, a part, or,
 * as no other has anybody left, all. */
enum reach { REACH_NONE, REACH_PART, REACH_ALL };

static enum reach
changes_reach(const struct arms *arms, const struct backend *b)
{
	enum reach reach = REACH_NONE;
	bool others = false;

	for (uint32_t i = 0; i < arms->n; i++) {
		if (arms->backends[i] == NULL || arms->weights[i] == 0)
			continue;
		if (arms->backends[i] == b)
			reach = REACH_ALL;
		else
			others |= changes_usable(arms->backends[i]) > 0;
	}
	return reach == REACH_ALL && others ? REACH_PART : reach;
}

/* Of a listener it is a part if only some names that clients ask for go there. */
static enum reach
changes_reach_listener(const struct listener_spec *l, const struct backend *b)
{
	enum reach reach = changes_reach(&l->arms, b);

	for (size_t i = 0; i < l->sni.n && reach == REACH_NONE; i++)
		if (changes_reach(&l->sni.hosts[i].arms, b) != REACH_NONE)
			reach = REACH_PART;
	return reach;
}

/* "route a, part of route b and 3 more". */
struct list {
	FILE *out;
	uint32_t n;
};

static void
changes_name(struct list *list, enum reach reach, const char *what, struct str name)
{
	if (reach == REACH_NONE || list->n++ >= CHANGES_NAMES)
		return;
	fprintf(
	    list->out, ", %s%s %.*s", reach == REACH_PART ? "part of " : "", what, STR_FMT(name));
}

static void
changes_list_end(const struct list *list, const char *one, const char *many)
{
	if (list->n > CHANGES_NAMES)
		fprintf(list->out, " and %u more", list->n - CHANGES_NAMES);
	if (list->n > 0)
		fprintf(list->out, " %s", list->n == 1 ? one : many);
}

/* If the last one that was used has gone, or the first one is back: who notices? */
static void
changes_put_users(
    FILE *out, const struct snapshot *s, const struct backend *b, const struct health_event *event)
{
	struct list routes = {out, 0}, listeners = {out, 0};
	uint32_t usable = changes_usable(b);
	bool back = event->well && !event->was_well && usable == 1;

	if (!back && (event->well || !event->was_well || usable > 0))
		return;

	for (uint32_t i = 0; i < s->n_routes; i++)
		changes_name(
		    &routes, changes_reach(&s->routes[i]->arms, b), "route", s->routes[i]->name);
	changes_list_end(&routes, back ? "now answers" : "now answers 503",
	    back ? "now answer" : "now answer 503");
	for (uint32_t i = 0; i < s->n_listeners; i++)
		changes_name(&listeners, changes_reach_listener(&s->listeners[i], b), "listener",
		    s->listeners[i].name);
	changes_list_end(&listeners, back ? "now serves" : "now serves nobody",
	    back ? "now serve" : "now serve nobody");
}

/* The panic has just been reviewed: it has counted. */
static void
changes_put_left(FILE *out, const struct backend *b, bool well)
{
	fprintf(out, "; %u of %u %s", b->state->panic.well, backend_targets(b)->n,
	    well ? "up" : "left");
}

void
changes_tell(void *arg, const struct health_event *event)
{
	struct server *s = arg;
	const struct endpoint *e = event->endpoint;
	struct backend *b =
	    s->snapshot != NULL ? map_get(&s->snapshot->backends_by_name, e->backend) : NULL;
	bool panic = b != NULL && panic_review(b);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ASSERT(out != NULL);
	fprintf(out, "%.*s/%.*s %s: %s", STR_FMT(e->backend), STR_FMT(e->name),
	    changes_word(event->to), event->why);
	if (b != NULL) /* of one that nothing is sent to yet there is nothing to say */
		changes_put_left(out, b, event->well);
	if (b != NULL && !panic) /* else somebody was, or is, used all the same */
		changes_put_users(out, s->snapshot, b, event);
	ASSERT(fclose(out) == 0);
	/* No rate limit: every change is told. */
	log_line(NULL, event->well ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "%s", text);
	doors_note(s, text, "health");
	free(text);
	if (panic)
		changes_tell_panic(s, b);
	if (b != NULL)
		changes_divide(s, b);
	if (event->to == ENDPOINT_WARMING)
		warmings_wake(s);
}

void
changes_follow(struct server *s)
{
	for (uint32_t i = 0; i < s->snapshot->n_backends; i++) {
		struct backend *b = s->snapshot->backends[i];

		if (panic_review(b))
			changes_tell_panic(s, b);
		changes_divide(s, b);
	}
}
