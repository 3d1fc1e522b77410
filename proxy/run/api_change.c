/* api_change - POST /reload, /drain, /stop, and GET /history, which tells of them. What ends the
 * process, or takes long without being waited for, is done in the next turn, when the answer has
 * left. */
#include <stdlib.h>

#include "run/api.h"

static void
change_later(struct task *t)
{
	struct api *api = container_of(t, struct api, later);
	enum api_wish wish = api->wish;
	struct server *s = api->server;
	char *text = NULL;
	size_t len;
	FILE *f;

	api->wish = API_NOTHING;
	switch (wish) {
	case API_NOTHING:
		return;
	case API_RELOAD:
		if (s->at != SERVER_SERVES)
			return;
		f = open_memstream(&text, &len);
		ASSERT(f != NULL);
		(void)server_reload(s, api->wish_who, f); /* the log tells how it went */
		fclose(f);
		free(text);
		return;
	case API_DRAIN:
		if (s->at == SERVER_SERVES)
			server_drain(s, api->wish_who);
		return;
	case API_STOP:
		server_stop_now(s);
		return;
	}
}

static void
change_wish(struct api *api, enum api_wish wish, const char *verb, const struct admin_request *r)
{
	if (wish > api->wish) /* what is more urgent, if two come in one turn */
		api->wish = wish;
	snprintf(api->wish_who, sizeof(api->wish_who), "%s (%s)", verb, r->who);
	api->later.run = change_later;
	loop_again(api->server->loop, &api->later);
}

/* The report of the server, whole: what changed, or every error in its one form. */
void
api_reload(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	struct api *api = owner;
	char *nowait = admin_param(r, "nowait"), who[API_TEXT], *text = NULL;
	size_t len;
	FILE *f;
	bool ok;

	if (nowait != NULL) {
		free(nowait);
		change_wish(api, API_RELOAD, "weir reload", r);
		admin_say(r, a, 202, "reload begins; the log tells how it goes");
		return;
	}
	if (api->server->at != SERVER_SERVES) {
		admin_say(r, a, 409, "draining: nothing is reloaded any more");
		return;
	}
	snprintf(who, sizeof(who), "weir reload (%s)", r->who);
	f = open_memstream(&text, &len);
	ASSERT(f != NULL);
	ok = server_reload(api->server, who, f);
	ASSERT(fclose(f) == 0);
	if (r->text) {
		*a = (struct admin_answer){ok ? 200 : 422, NULL, text, len};
		return;
	}
	api_json(a, ok ? 200 : 422,
	    json_pack("{s:b, s:I, s:o}", "ok", ok, "generation",
		(json_int_t)api->server->generation, "report", api_str(str_of(text, len))));
	free(text);
}

void
api_drain(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	change_wish(owner, API_DRAIN, "weir stop", r);
	admin_say(r, a, 202, "draining; what is under way ends first");
}

void
api_stop(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	char *now = admin_param(r, "now");

	if (now == NULL) {
		api_drain(owner, r, a);
		return;
	}
	free(now);
	change_wish(owner, API_STOP, "weir stop --now", r);
	admin_say(r, a, 202, "stopping now");
}

void
api_history(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	const struct api *api = owner;
	uint64_t from = api->n_events > API_HISTORY ? api->n_events - API_HISTORY : 0;
	json_t *out = r->text ? NULL : json_array();
	FILE *f = r->text ? api_text_begin(a) : NULL;

	for (uint64_t i = from; i < api->n_events; i++) {
		const struct api_event *e = &api->events[i % API_HISTORY];
		json_t *at = api_time(e->wall_us);

		if (f != NULL) {
			fprintf(f, "%s  #%llu  %s  by %s\n", json_string_value(at),
			    (unsigned long long)e->generation, e->what, e->who);
			json_decref(at);
		} else {
			json_array_append_new(
			    out, json_pack("{s:o, s:I, s:s, s:s}", "time", at, "generation",
				     (json_int_t)e->generation, "what", e->what, "who", e->who));
		}
	}
	if (f != NULL)
		api_text_end(a, 200, f);
	else
		api_json(a, 200, out);
}
