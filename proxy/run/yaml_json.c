#include "run/yaml_json.h"

#include <stdlib.h>

#include "config/document.h"

static json_t *
node_json(const struct node *n)
{
	uint64_t number;
	json_t *out;

	switch (n->kind) {
	case NODE_SCALAR:
		if (n->plain && str_to_u64(n->text, INT64_MAX, &number))
			return json_integer((json_int_t)number);
		out = json_stringn(n->text.p, n->text.len);
		return out != NULL ? out : json_null(); /* not UTF-8 */
	case NODE_LIST:
		out = json_array();
		NODE_EACH(n, item)
			json_array_append_new(out, node_json(item));
		return out;
	case NODE_MAP:
		out = json_object();
		NODE_EACH_PAIR(n, key)
			json_object_setn_new(out, key->text.p, key->text.len, node_json(key->next));
		return out;
	}
	return json_null();
}

json_t *
model_json(const struct model *model)
{
	struct document_budget budget = document_budget_full();
	struct document *d;
	struct errors errors;
	json_t *out = NULL;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	ASSERT(f != NULL);
	model_print(model, false, f);
	ASSERT(fclose(f) == 0);
	errors_init(&errors);
	d = document_parse("configuration", str_of(text, len), &budget, &errors);
	if (d != NULL)
		out = node_json(document_root(d));
	document_free(&d);
	errors_free(&errors);
	free(text);
	return out != NULL ? out : json_object();
}
