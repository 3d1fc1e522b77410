/* api_config - GET /config, /schema, /explain: what the file says, in force. */
#include <stdlib.h>

#include "run/api.h"
#include "run/explain.h"
#include "run/yaml_json.h"

void
api_config(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	const struct server *s = ((struct api *)owner)->server;
	char *full = admin_param(r, "full");
	FILE *f;

	if (r->text || full != NULL) {
		f = api_text_begin(a);
		model_print(s->model, full != NULL, f);
		api_text_end(a, 200, f);
		if (!r->text)
			a->type = "application/yaml";
	} else {
		api_json(a, 200, model_json(s->model));
	}
	free(full);
}

void
api_schema(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	FILE *f = api_text_begin(a);

	(void)owner;
	(void)r;
	schema_print(f);
	api_text_end(a, 200, f);
	a->type = "application/schema+json";
}

static void
explain_answer(struct server *s, const struct admin_request *r, struct admin_answer *a,
    const struct explain_ask *ask)
{
	char wrong[EXPLAIN_WRONG];
	json_t *json;
	FILE *f;

	json = ask->url != NULL ? explain_json(s->snapshot, s->model, ask, wrong) : NULL;
	if (json == NULL) {
		/* `wrong` quotes the caller: it goes through jansson. */
		api_json(a, 400, json_pack("{s:s}", "error", ask->url ? wrong : "url is missing"));
	} else if (r->text) {
		f = api_text_begin(a);
		explain_print(json, f);
		api_text_end(a, 200, f);
		json_decref(json);
	} else {
		api_json(a, 200, json);
	}
}

void
api_explain(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	char *url = admin_param(r, "url"), *method = admin_param(r, "method"),
	     *headers = admin_param(r, "headers"), *from = admin_param(r, "from"),
	     *limit = admin_param(r, "limit");
	uint64_t n = EXPLAIN_FEW;

	if (limit != NULL && !str_to_u64(str_from(limit), EXPLAIN_MANY, &n))
		n = EXPLAIN_MANY;
	explain_answer(((struct api *)owner)->server, r, a,
	    &(struct explain_ask){.url = url,
		.method = method,
		.headers = headers,
		.from = from,
		.limit = n,
		.live = true});
	free(url);
	free(method);
	free(headers);
	free(from);
	free(limit);
}
