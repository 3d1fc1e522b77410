/* The rows as JSON Schema (draft-07, which editors know best), with both forms of every key that
 * has a short one. A scalar may always be a text with a variable in it. */
#include <jansson.h>

#include <stdlib.h>

#include "config/document.h"
#include "config/load.h"
#include "config/schema.h"

enum { DIGITS_MAX = 9, INDENT = 2, WANTS_ROOM = 160 };

static json_t *schema_object_json(const struct schema_object *o);

/* What an editor's YAML would make of the scalar: a whole number, else text. */
static json_t *
scalar_json(struct str text, bool plain)
{
	uint64_t n;

	if (plain && text.len <= DIGITS_MAX && str_to_u64(text, UINT32_MAX, &n))
		return json_integer((json_int_t)n);
	return json_stringn(text.p, text.len);
}

static json_t *
node_json(const struct node *n)
{
	json_t *json;

	switch (n->kind) {
	case NODE_SCALAR:
		return scalar_json(n->text, n->plain);
	case NODE_LIST:
		json = json_array();
		NODE_EACH(n, item)
			json_array_append_new(json, node_json(item));
		return json;
	case NODE_MAP:
		break;
	}
	json = json_object();
	NODE_EACH_PAIR(n, key)
		json_object_set_new(json, key->text.p, node_json(key->next));
	return json;
}

/* A row's example as JSON: it is written as YAML. */
static json_t *
example_json(const struct schema_row *row)
{
	struct document_budget budget = document_budget_full();
	char *text = xasprintf("%s: %s\n", row->key, row->example);
	struct errors errors;
	struct document *d;
	json_t *json;

	errors_init(&errors);
	d = document_parse("schema", str_from(text), &budget, &errors);
	ASSERT(d != NULL && errors.error_count == 0);
	json = json_pack("[o]", node_json(document_root(d)->first->next));
	document_free(&d);
	errors_free(&errors);
	free(text);
	return json;
}

static json_t *
variable_json(void)
{
	return json_pack("{s:s}", "$ref", "#/definitions/variable");
}

/* Any of what is given, or a text with a variable. */
static json_t *
or_variable(json_t *json)
{
	return json_pack("{s:[o,o]}", "anyOf", json, variable_json());
}

static json_t *
text_json(void)
{
	return json_pack("{s:s}", "$ref", "#/definitions/text");
}

static json_t *
pattern_json(const char *pattern)
{
	return json_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
}

static json_t *
number_json(const struct schema_row *row)
{
	json_t *any = json_pack("[{s:s, s:i, s:i}]", "type", "integer", "minimum", (int)row->min,
	    "maximum", (int)row->max);

	if (row->zero != NULL)
		json_array_append_new(any, json_pack("{s:s}", "const", row->zero));
	if (row->type == SCHEMA_WEIGHT)
		json_array_append_new(any, pattern_json("^(100|[1-9]?[0-9])%$"));
	json_array_append_new(any, variable_json());
	return json_pack("{s:o}", "anyOf", any);
}

static json_t *
range_json(const struct schema_row *row)
{
	json_t *json = number_json(row);

	json_array_append_new(
	    json_object_get(json, "anyOf"), pattern_json("^[1-5][0-9][0-9]-[1-5][0-9][0-9]$"));
	return json;
}

/* A number with its unit, or the word for zero. */
static json_t *
unit_json(const struct schema_row *row, const char *unit)
{
	char *pattern = row->zero ? xasprintf("^((0|[1-9][0-9]*)%s|%s)$", unit, row->zero)
				  : xasprintf("^(0|[1-9][0-9]*)%s$", unit);
	json_t *json = or_variable(pattern_json(pattern));

	free(pattern);
	return json;
}

static json_t *
choice_json(const struct schema_row *row)
{
	json_t *words = json_array();

	for (size_t i = 0; row->words[i] != NULL; i++) {
		json_array_append_new(words, json_string(row->words[i]));
		/* An editor's YAML takes a plain off for false, on for true, and 1.2 for a number.
		 */
		if (strcmp(row->words[i], "off") == 0)
			json_array_append_new(words, json_false());
		if (strcmp(row->words[i], "on") == 0)
			json_array_append_new(words, json_true());
		if (row->words[i][0] >= '0' && row->words[i][0] <= '9')
			json_array_append_new(words, json_real(strtod(row->words[i], NULL)));
	}
	return or_variable(json_pack("{s:o}", "enum", words));
}

static json_t *
list_json(json_t *items)
{
	return json_pack("{s:s, s:o}", "type", "array", "items", items);
}

static json_t *
map_json(json_t *values)
{
	return json_pack("{s:s, s:o}", "type", "object", "additionalProperties", values);
}

static json_t *
one_or_list(json_t *item)
{
	json_incref(item);
	return json_pack("{s:[o,o]}", "anyOf", item, list_json(item));
}

static json_t *
arms_json(void)
{
	const struct schema_row *weight = schema_find(&schema_arm, STR("weight"));
	json_t *item =
	    json_pack("{s:[o,o]}", "anyOf", text_json(), schema_object_json(&schema_arm));

	return json_pack(
	    "{s:[o,o,o]}", "anyOf", text_json(), map_json(number_json(weight)), list_json(item));
}

static json_t *type_json(const struct schema_row *row);

static json_t *
certs_json(const struct schema_row *row)
{
	json_t *one = json_pack("{s:[o,o]}", "anyOf", text_json(), schema_object_json(row->object));

	return one_or_list(one);
}

static json_t *
part_json(const struct schema_row *row)
{
	const struct schema_object *o = row->object;
	json_t *map = schema_object_json(o);
	json_t *value;

	if (o->short_key == NULL && row->type != SCHEMA_MATCH)
		return json_pack("{s:[o,{s:s}]}", "anyOf", map, "type", "null");
	value = row->type == SCHEMA_MATCH ? text_json()
					  : type_json(schema_find(o, str_from(o->short_key)));
	return json_pack("{s:[o,o]}", "anyOf", value, map);
}

static json_t *
items_json(const struct schema_row *row)
{
	json_t *item = schema_object_json(row->object);

	if (row->object->short_key != NULL)
		item = json_pack("{s:[o,o]}", "anyOf", text_json(), item);
	item = row->type == SCHEMA_MAP ? map_json(item) : list_json(item);
	return json_pack("{s:[o,{s:s}]}", "anyOf", item, "type", "null");
}

static json_t *
type_json(const struct schema_row *row)
{
	switch (row->type) {
	case SCHEMA_NUMBER:
	case SCHEMA_WEIGHT:
	case SCHEMA_PORT:
	case SCHEMA_VERSION:
		return number_json(row);
	case SCHEMA_DURATION:
		return unit_json(row, "(ms|s|m|h|d)");
	case SCHEMA_SIZE:
		return unit_json(row, "(B|KB|MB|GB)");
	case SCHEMA_PERCENT:
		return unit_json(row, "%");
	case SCHEMA_CHOICE:
		return choice_json(row);
	case SCHEMA_SET:
		return one_or_list(choice_json(row));
	case SCHEMA_STATUSES:
		return one_or_list(range_json(row));
	case SCHEMA_ASK:
		return json_pack("{s:[o,{s:b}]}", "anyOf",
		    or_variable(pattern_json("^([A-Z]+ /.*|tcp.*|off)$")), "const", 0);
	case SCHEMA_ADDRESS:
	case SCHEMA_ENDPOINT:
		return or_variable(pattern_json("^.*:[0-9]+$"));
	case SCHEMA_PATH:
		return or_variable(pattern_json("^[/~]"));
	case SCHEMA_HASH_KEY:
		return or_variable(pattern_json("^(client|path|(header|cookie) .+)$"));
	case SCHEMA_ACCESS:
		return json_pack("{s:[{s:s},{s:[b]}]}", "anyOf", "type", "string", "enum", 0);
	case SCHEMA_NAME:
	case SCHEMA_LINE:
	case SCHEMA_TOKEN:
	case SCHEMA_HOST:
	case SCHEMA_SERVICE:
	case SCHEMA_ROSTER:
		return text_json();
	case SCHEMA_PROXY:
		return json_pack("{s:[{s:[s,s,b,b]},o]}", "anyOf", "enum", "on", "off", 1, 0,
		    list_json(text_json()));
	case SCHEMA_RANGES:
	case SCHEMA_SERVERS:
	case SCHEMA_LISTENERS:
	case SCHEMA_METHODS:
	case SCHEMA_FILES:
		return one_or_list(text_json());
	case SCHEMA_HEADERS:
	case SCHEMA_QUERIES:
	case SCHEMA_FIELDS:
		return map_json(text_json());
	case SCHEMA_ARMS:
		return arms_json();
	case SCHEMA_TLS:
		return json_pack("{s:[{s:[s,s,b,b]},o]}", "anyOf", "enum", "on", "off", 1, 0,
		    schema_object_json(row->object));
	case SCHEMA_CERTS:
		return certs_json(row);
	case SCHEMA_SNI:
		return map_json(arms_json());
	case SCHEMA_MATCH:
	case SCHEMA_PART:
	case SCHEMA_STRUCT:
		return part_json(row);
	case SCHEMA_MAP:
	case SCHEMA_LIST:
		return items_json(row);
	}
	return NULL;
}

/* What the manual says of a key beside its sentence: weir.yaml(5) is rendered from it. */
static json_t *
manual_json(const struct schema_row *row)
{
	const char *fallback = row->fallback ? row->fallback : row->told;
	char wants[WANTS_ROOM];

	schema_wants(row, wants, sizeof(wants));
	return json_pack("{s:s, s:s*, s:s, s:s}", "type", wants, "default",
	    row->required ? "none: it has to be there" : fallback, "example", row->example, "since",
	    row->since);
}

static json_t *
row_json(const struct schema_row *row)
{
	json_t *json = type_json(row);

	json_object_set_new(json, "description", json_string(row->sentence));
	if (row->fallback != NULL)
		json_object_set_new(json, "default", scalar_json(str_from(row->fallback), true));
	json_object_set_new(json, "examples", example_json(row));
	json_object_set_new(json, "x-manual", manual_json(row));
	return json;
}

static json_t *
schema_object_json(const struct schema_object *o)
{
	json_t *properties = json_object(), *required = json_array(), *json;

	for (size_t i = 0; i < o->n; i++) {
		json_object_set_new(properties, o->rows[i].key, row_json(&o->rows[i]));
		if (o->rows[i].required)
			json_array_append_new(required, json_string(o->rows[i].key));
	}
	json = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
	    "additionalProperties", 0);
	if (json_array_size(required) > 0)
		json_object_set_new(json, "required", required);
	else
		json_decref(required);
	return json;
}

void
schema_print(FILE *out)
{
	json_t *json = json_pack("{s:s, s:s, s:{s:{s:[s,s,s]}, s:{s:s, s:s}}}", "$schema",
	    "http://json-schema.org/draft-07/schema#", "title", "weir.yaml", "definitions", "text",
	    "type", "string", "number", "boolean", "variable", "type", "string", "pattern",
	    "\\$\\{");
	json_t *top = schema_object_json(&schema_top);

	json_object_update(json, top);
	ASSERT(json_dumpf(json, out, JSON_INDENT(INDENT)) == 0);
	putc('\n', out);
	json_decref(top);
	json_decref(json);
}
