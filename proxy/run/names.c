#include "run/names.h"

#include <stdlib.h>

#include "io/watch.h"
#include "run/changes.h"
#include "run/doors.h"
#include "run/endpoint_file.h"
#include "run/endpoints.h"

enum { NAMES_SHOWN = 8 }; /* addresses of one change */

/* ---- a name has other addresses ---- */

struct telling {
	FILE *out;
	uint32_t n;
};

static void
names_tell_spot(struct telling *t, char sign, const struct spot *p)
{
	char text[ADDR_TEXT];

	addr_text(&p->addr, text);
	if (t->n++ < NAMES_SHOWN)
		fprintf(t->out, " %c%s", sign, text);
}

/* " +10.0.0.3:80 -10.0.0.1:80": both are sorted. */
static void
names_tell_difference(struct telling *t, const struct roster *r, const struct spot *was, uint32_t n)
{
	uint32_t i = 0, j = 0;

	while (i < n || j < r->n) {
		int cmp = i == n ? 1 : j == r->n ? -1 : spot_cmp(&was[i], &r->spots[j]);

		if (cmp < 0)
			names_tell_spot(t, '-', &was[i]);
		else if (cmp > 0)
			names_tell_spot(t, '+', &r->spots[j]);
		i += cmp <= 0;
		j += cmp >= 0;
	}
	if (t->n > NAMES_SHOWN)
		fprintf(t->out, " and %u more", t->n - NAMES_SHOWN);
}

static void
names_tell(struct server *s, const struct roster *r, const struct spot *was, uint32_t n)
{
	char *text = NULL;
	size_t len;
	struct telling t = {.out = open_memstream(&text, &len)};

	ASSERT(t.out != NULL);
	fprintf(t.out, "%s %.*s: %u address%s", r->kind == ROSTER_FILE ? "file" : "name",
	    STR_FMT(r->text), r->n, r->n == 1 ? "" : "es");
	names_tell_difference(&t, r, was, n);
	fclose(t.out);
	if (t.n > 0) { /* else it is the weights */
		log_info("%s", text);
		doors_note(s, text, r->kind == ROSTER_FILE ? "file" : "dns");
	}
	free(text);
}

static void
names_changed(void *arg, const struct roster *r, const struct spot *was, uint32_t n)
{
	struct server *s = arg;

	for (uint32_t i = 0; s->snapshot != NULL && i < s->snapshot->n_backends; i++) {
		struct backend *b = s->snapshot->backends[i];

		if (!recipe_has(b->recipe, r))
			continue;
		backend_compose(b, s->registry);
		endpoints_follow(s, b);
		backend_publish(b, s->grace);
	}
	names_tell(s, r, was, n);
	if (s->snapshot != NULL) {
		endpoints_settle(s);
		changes_follow(s);
	}
}

/* ---- start and reload ---- */

void
names_begin(struct server *s)
{
	s->watcher = watcher_new(s->loop);
	s->rosters = rosters_new(s->loop,
	    &(struct rosters_owner){names_changed, endpoint_file_begin, endpoint_file_end, s});
}

void
names_stop(struct server *s)
{
	if (s->rosters == NULL)
		return;
	rosters_stop(s->rosters);
	watcher_free(&s->watcher);
}

void
names_end(struct server *s)
{
	rosters_free(&s->rosters);
}

static void
names_warn(const struct model_backend *m, const struct recipe *recipe, struct errors *errors)
{
	for (uint32_t i = 0; i < recipe->n; i++) {
		const struct roster *r = recipe->v[i].roster;

		if (r != NULL && r->kind == ROSTER_FILE && r->good_at == 0)
			errors_add(errors, SEVERITY_WARNING, m->endpoints[i].at, STR_NONE,
			    "there are no endpoints from %s", r->why);
		else if (r != NULL && r->kind != ROSTER_FILE && r->n == 0)
			errors_add(errors, SEVERITY_WARNING, m->endpoints[i].at, STR_NONE,
			    "endpoint \"%.*s\" is down: its name does not resolve (%s)",
			    STR_FMT(r->text), r->why != NULL ? r->why : "no answer yet");
	}
}

void
names_settle(
    struct server *s, const struct model *m, const struct snapshot *snapshot, struct errors *errors)
{
	const struct model_dns *dns = &m->dns;

	rosters_set(s->rosters, &(struct rosters_spec){{dns->servers, dns->n_servers, dns->timeout},
				    dns->min_ttl, dns->max_ttl});
	rosters_settle(s->rosters);
	for (uint32_t i = 0; i < snapshot->n_backends; i++) {
		struct backend *b = snapshot->backends[i];

		if (!b->recipe->living)
			continue;
		backend_compose(b, s->registry);
		names_warn(&m->backends[i], b->recipe, errors);
	}
}
