#include "config/read_check.h"
#include "config/read_shape.h"

#include <stdio.h>

enum { WANTS_ROOM = 160, KEYS_ROOM = 256, US_PER_MS = 1000 };

void *
loader_take(struct loader *l, size_t n, size_t size)
{
	void *p = arena_take(l->arena, n * size);

	ASSERT(p != NULL); /* the documents' budget bounds what a model can hold */
	return memset(p, 0, n * size);
}

struct error *
loader_complain(
    struct loader *l, enum severity severity, const struct position *at, const char *fmt, ...)
{
	struct str line = STR_NONE;
	struct error *error;
	va_list ap;

	for (size_t i = 0; i < l->n_documents; i++)
		if (document_name(l->documents[i]) == at->file)
			line = document_line(l->documents[i], at->line);
	va_start(ap, fmt);
	error = errors_add_list(l->errors, severity, *at, line, fmt, ap);
	va_end(ap);
	return error;
}

static void *
field(const struct schema_row *row, void *base)
{
	return (char *)base + row->offset;
}

static size_t *
count(const struct schema_row *row, void *base)
{
	return (size_t *)(void *)((char *)base + row->count_offset);
}

bool
read_wants(struct loader *l, const struct schema_row *row, const struct node *n)
{
	static const char *const kinds[] = {
	    [NODE_SCALAR] = "nothing", [NODE_LIST] = "a list", [NODE_MAP] = "a map"};
	char wants[WANTS_ROOM];
	struct error *error;
	const char *meant = NULL;

	schema_wants(row, wants, sizeof(wants));
	if (n->kind != NODE_SCALAR || n->text.len == 0) {
		node_error(l->errors, SEVERITY_ERROR, n, "\"%s\" wants %s, got %s", row->key, wants,
		    kinds[n->kind]);
		return false;
	}
	error = node_error(l->errors, SEVERITY_ERROR, n, "\"%s\" wants %s, got \"%.*s\"", row->key,
	    wants, STR_FMT(n->text));
	if (row->words != NULL) {
		size_t words = 0;

		while (row->words[words] != NULL)
			words++;
		meant = error_suggest(n->text, row->words, words);
	}
	if (meant != NULL)
		error_hint(error, "did you mean \"%s\"?", meant);
	return false;
}

bool
read_wrong(struct loader *l, const struct schema_row *row, const struct node *n,
    const struct value_wrong *w)
{
	struct error *error;

	if (w->text[0] == '\0')
		return read_wants(l, row, n);
	if (w->inside)
		error = node_error_inside(l->errors, n, w->offset, "%s", w->text);
	else
		error = node_error(l->errors, SEVERITY_ERROR, n, "%s", w->text);
	if (w->hint[0] != '\0')
		error_hint(error, "%s", w->hint);
	return false;
}

/* Numbers of all units: within the row's range, or the word that stands for zero. */
static bool
scalar_number(const struct schema_row *row, struct str text, uint64_t *out, struct value_wrong *w)
{
	*out = 0;
	if (row->zero != NULL && str_eq(text, str_from(row->zero)))
		return true;
	switch (row->type) {
	case SCHEMA_DURATION:
		return value_duration(text, out, w) && *out >= (uint64_t)row->min * US_PER_MS;
	case SCHEMA_SIZE:
		return value_size(text, out, w);
	case SCHEMA_PERCENT:
		return value_percent(text, out, w) && *out >= row->min && *out <= row->max;
	case SCHEMA_WEIGHT:
		if (text.len > 0 && text.p[text.len - 1] == '%')
			return value_share(text, out, w);
		break;
	default:
		break;
	}
	return value_number(text, row->min, row->max, out);
}

bool
read_word(const struct schema_row *row, struct str text, unsigned *word)
{
	unsigned i = 0;

	while (row->words[i] != NULL && !str_eq(text, str_from(row->words[i])))
		i++;
	*word = i;
	return row->words[i] != NULL;
}

static bool
scalar_choice(const struct schema_row *row, struct str text, void *base)
{
	unsigned i;

	if (!read_word(row, text, &i))
		return false;
	if (row->size == sizeof(bool))
		*(bool *)field(row, base) = i;
	else if (row->size > 0)
		*(unsigned *)field(row, base) = i;
	return true;
}

static bool
scalar_port(const struct schema_row *row, struct str text, void *base)
{
	struct addr *a = field(row, base);
	uint64_t port;

	if (!value_number(text, row->min, row->max, &port))
		return false;
	memset(a, 0, sizeof(*a));
	a->sa.sa_family = AF_INET;
	addr_set_port(a, (uint16_t)port);
	return true;
}

static bool
scalar_access(struct str text, struct model *m)
{
	bool file = str_find(text, '/', 0) < text.len;

	if (!file && !str_eq(text, STR("stdout")) && !str_eq(text, STR("off")))
		return false;
	m->access = file ? ACCESS_FILE : text.p[0] == 's' ? ACCESS_STDOUT : ACCESS_OFF;
	m->access_file = file ? text : STR_NONE;
	return true;
}

static bool
scalar_str(const struct schema_row *row, struct str text, void *base)
{
	*(struct str *)field(row, base) = text;
	return true;
}

/* text lives as long as the model. */
static bool
read_scalar(struct loader *l, const struct schema_row *row, struct str text, void *base,
    struct value_wrong *w)
{
	struct model_endpoint *endpoint = base;
	struct model_backend *backend = base;
	struct model_route *route = base;
	uint64_t number;

	switch (row->type) {
	case SCHEMA_DURATION:
	case SCHEMA_SIZE:
		if (!scalar_number(row, text, &number, w))
			return false;
		*(uint64_t *)field(row, base) = number;
		return true;
	case SCHEMA_NUMBER:
	case SCHEMA_PERCENT:
	case SCHEMA_WEIGHT:
		if (!scalar_number(row, text, &number, w))
			return false;
		*(uint32_t *)field(row, base) = (uint32_t)number;
		return true;
	case SCHEMA_VERSION:
		return scalar_number(row, text, &number, w);
	case SCHEMA_CHOICE:
		return scalar_choice(row, text, base);
	case SCHEMA_NAME:
		return value_name(text, w) && scalar_str(row, text, base);
	case SCHEMA_LINE:
		return value_line(text, w) && scalar_str(row, text, base);
	case SCHEMA_TOKEN:
		return value_token(text, w) && scalar_str(row, text, base);
	case SCHEMA_ADDRESS:
		return value_address(text, field(row, base), w);
	case SCHEMA_PORT:
		return scalar_port(row, text, base);
	case SCHEMA_ACCESS:
		return value_line(text, w) && scalar_access(text, base);
	case SCHEMA_HOST:
		return value_host(text, loader_take(l, text.len, 1), &route->host, w);
	case SCHEMA_PATH:
		return value_path(text, &route->path_kind, &route->path, w);
	case SCHEMA_ENDPOINT:
		endpoint->text = text;
		return value_endpoint(text, &endpoint->host, &endpoint->address, w);
	case SCHEMA_SERVICE:
		endpoint->text = text;
		endpoint->service = true;
		return value_service(text, w);
	case SCHEMA_ROSTER:
		endpoint->text = text;
		endpoint->file = true;
		return value_line(text, w);
	case SCHEMA_HASH_KEY:
		return value_hash_key(text, &backend->hash_key, &backend->hash_name, w);
	case SCHEMA_ASK:
		return read_ask(row, text, base, w);
	case SCHEMA_STATUSES:
		return read_range(row, text, field(row, base));
	case SCHEMA_SERVERS:
	case SCHEMA_RANGES:
	case SCHEMA_PROXY:
	case SCHEMA_ARMS:
	case SCHEMA_TLS:
	case SCHEMA_CERTS:
	case SCHEMA_SNI:
	case SCHEMA_MATCH:
	case SCHEMA_LISTENERS:
	case SCHEMA_METHODS:
	case SCHEMA_HEADERS:
	case SCHEMA_QUERIES:
	case SCHEMA_SET:
	case SCHEMA_FIELDS:
	case SCHEMA_PART:
	case SCHEMA_STRUCT:
	case SCHEMA_MAP:
	case SCHEMA_LIST:
	case SCHEMA_FILES:
		break;
	}
	return false;
}

void
loader_inherit(struct loader *l)
{
	const struct model *m = l->model;

	l->route.retry = m->defaults.retry;
	l->backend.check = m->defaults.check;
	l->route.timeouts = (struct model_route_timeouts){
	    m->timeouts.request, m->timeouts.response, m->timeouts.body};
}

/* Remembers where the keys of a map were written that there is once. */
static void
read_keep_origins(struct loader *l, const struct schema_object *o, const struct origin *origins)
{
	for (unsigned i = 0; i < PART_COUNT; i++)
		if (schema_parts[i] == o)
			l->model->origins[i] = origins;
	loader_inherit(l);
}

/* A map, or the scalar that stands for one of its keys. */
static bool
read_part(struct loader *l, const struct schema_row *row, const struct node *n, void *base)
{
	const struct schema_object *o = row->object;
	const struct schema_row *one;
	struct schema_row named;
	struct origin *origins;

	if (n->kind == NODE_MAP) {
		read_keep_origins(l, o, read_object(l, o, n, n, base));
		return true;
	}
	if (node_is_nothing(n)) /* all of its keys are commented out */
		return true;
	if (n->kind != NODE_SCALAR || o->short_key == NULL)
		return read_wants(l, row, n);
	one = schema_find(o, str_from(o->short_key));
	origins = loader_take(l, o->n, sizeof(*origins));
	origins[one - o->rows] = (struct origin){document_name(n->document), n->line};
	read_keep_origins(l, o, origins);
	named = *one;
	named.key = row->key; /* what was written */
	return read_value(l, &named, n, base);
}

/* A map or list of structs. Nothing written is none of them. */
static bool
read_items(struct loader *l, const struct schema_row *row, const struct node *n, void *base)
{
	enum node_kind kind = row->type == SCHEMA_MAP ? NODE_MAP : NODE_LIST;

	if (node_is_nothing(n))
		return true;
	if (n->kind != kind)
		return read_wants(l, row, n);
	if (row->object == &schema_listener)
		return read_listeners(l, n);
	if (row->object == &schema_route)
		return read_routes(l, n);
	if (row->object == &schema_backend)
		return read_backends(l, n);
	return read_endpoints(l, n, base);
}

bool
read_value(struct loader *l, const struct schema_row *row, const struct node *n, void *base)
{
	struct value_wrong w = {0};

	switch (row->type) {
	case SCHEMA_RANGES:
		return read_ranges(l, row, n, field(row, base));
	case SCHEMA_SERVERS:
		return read_servers(l, row, n, field(row, base), count(row, base));
	case SCHEMA_PROXY:
		return read_proxy(l, row, n, base);
	case SCHEMA_ARMS:
		return read_arms(l, row, n, field(row, base));
	case SCHEMA_TLS:
		return read_upstream_tls(l, row, n, base);
	case SCHEMA_CERTS:
		return read_certs(l, row, n, &((struct model_listener *)base)->tls);
	case SCHEMA_SNI:
		return read_sni(l, row, n, base);
	case SCHEMA_MATCH:
		return read_match(l, row, n, base);
	case SCHEMA_LISTENERS:
	case SCHEMA_METHODS:
		return read_words(l, row, n, field(row, base), count(row, base));
	case SCHEMA_HEADERS:
	case SCHEMA_QUERIES:
		return read_predicates(l, row, n, field(row, base), count(row, base));
	case SCHEMA_SET:
		return read_set(l, row, n, field(row, base));
	case SCHEMA_STATUSES:
		return read_statuses(l, row, n, field(row, base));
	case SCHEMA_PART:
		return read_part(l, row, n, base);
	case SCHEMA_FIELDS:
		return read_fields(l, row, n, field(row, base));
	case SCHEMA_STRUCT:
		return read_part(l, row, n, field(row, base)) &&
		       (row->object != &schema_check || read_check_sense(l, n, field(row, base)));
	case SCHEMA_MAP:
	case SCHEMA_LIST:
		return read_items(l, row, n, base);
	case SCHEMA_FILES:
		return true;
	default:
		break;
	}
	if (n->kind != NODE_SCALAR || n->text.len == 0)
		return read_wants(l, row, n);
	return read_scalar(l, row, arena_copy(l->arena, n->text), base, &w) ||
	       read_wrong(l, row, n, &w);
}

void
read_defaults(struct loader *l, const struct schema_object *o, void *base)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct schema_row *row = &o->rows[i];
		struct value_wrong w = {0};

		if (row->type == SCHEMA_PART || row->type == SCHEMA_TLS)
			read_defaults(l, row->object, base);
		else if (row->type == SCHEMA_STRUCT)
			read_defaults(l, row->object, field(row, base));
		else if (row->fallback != NULL && row->type != SCHEMA_PROXY)
			ASSERT(read_scalar(l, row, str_from(row->fallback), base, &w));
	}
}

static void
read_unknown(struct loader *l, const struct schema_object *o, const struct node *key)
{
	struct error *error = node_error(l->errors, SEVERITY_ERROR, key, "unknown key \"%.*s\" %s",
	    STR_FMT(key->text), o->where);
	const char *keys[SCHEMA_ROWS_MAX], *meant;
	char all[KEYS_ROOM];
	size_t len = 0;

	if (error == NULL) /* only counted */
		return;
	for (size_t i = 0; i < o->n; i++) {
		keys[i] = o->rows[i].key;
		len +=
		    (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "", keys[i]);
		ASSERT(len < sizeof(all));
	}
	meant = error_suggest(key->text, keys, o->n);
	if (meant != NULL)
		error_hint(error, "did you mean \"%s\"?", meant);
	else
		error_hint(error, "known keys: %s", all);
}

static void
read_missing(struct loader *l, const struct schema_object *o, const struct origin *origins,
    const struct node *whose)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->rows[i].required && origins[i].file == NULL)
			error_hint(node_error(l->errors, SEVERITY_ERROR, whose,
				       "\"%s\" is missing %s", o->rows[i].key, o->where),
			    "for example %s: %s", o->rows[i].key, o->rows[i].example);
}

const struct origin *
read_object(struct loader *l, const struct schema_object *o, const struct node *map,
    const struct node *whose, void *base)
{
	struct origin *origins = loader_take(l, o->n, sizeof(*origins));

	NODE_EACH_PAIR(map, key) {
		const struct schema_row *row = schema_find(o, key->text);

		if (row == NULL) {
			read_unknown(l, o, key);
			continue;
		}
		origins[row - o->rows] =
		    (struct origin){document_name(key->document), key->next->line};
		if (!read_value(l, row, key->next, base)) /* reported; reading goes on */
			origins[row - o->rows].line = 0;
	}
	read_missing(l, o, origins, whose);
	return origins;
}
