/* api_names - GET /names: what the DNS says of each name that endpoints come from, and each file of
 * endpoints, since when, and what is wrong. */
#include "run/api.h"

enum { NAMES_US_PER_S = 1000000 };

static const char *const kinds[] = {
    [ROSTER_NAME] = "dns", [ROSTER_SERVICE] = "srv", [ROSTER_FILE] = "file"};

struct listing {
	const struct server *server;
	json_t *json; /* one of the two */
	FILE *text;
};

static json_t *
name_spots(const struct roster *r)
{
	json_t *out = json_array();
	char text[ADDR_TEXT];

	for (uint32_t i = 0; i < r->n; i++) {
		addr_text(&r->spots[i].addr, text);
		json_array_append_new(out, json_pack("{s:s, s:i, s:i}", "address", text, "priority",
					       r->spots[i].priority, "weight", r->spots[i].weight));
	}
	return out;
}

static void
name_text(const struct listing *l, const struct roster *r)
{
	uint64_t now = l->server->loop->now;
	char age[32];

	api_ago(now - r->good_at, age);
	fprintf(l->text, "%-9s %-32.*s %3u address%s", kinds[r->kind], STR_FMT(r->text), r->n,
	    r->n == 1 ? "" : "es");
	if (r->good_at != 0)
		fprintf(l->text, ", as of %s ago", age);
	fprintf(l->text, "%s%s\n", r->why != NULL ? "; " : "", r->why != NULL ? r->why : "");
}

static void
name_list(void *arg, const struct roster *r)
{
	const struct listing *l = arg;
	uint64_t now = l->server->loop->now;

	if (l->text != NULL) {
		name_text(l, r);
		return;
	}
	json_array_append_new(
	    l->json, json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "name", api_str(r->text), "kind",
			 kinds[r->kind], "addresses", name_spots(r), "age",
			 r->good_at != 0 ? json_real((double)(now - r->good_at) / NAMES_US_PER_S)
					 : json_null(),
			 "next",
			 r->next_at > now ? json_real((double)(r->next_at - now) / NAMES_US_PER_S)
					  : json_null(),
			 "why", r->why != NULL ? json_string(r->why) : json_null()));
}

void
api_names(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	const struct server *s = ((struct api *)owner)->server;
	struct listing l = {.server = s};

	if (r->text)
		l.text = api_text_begin(a);
	else
		l.json = json_array();
	rosters_each(s->rosters, name_list, &l);
	if (r->text)
		api_text_end(a, 200, l.text);
	else
		api_json(a, 200, l.json);
}
