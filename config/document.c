#include "config/document.h"

#include "base/map.h"
#include "config/source.h"
#include "config/syntax.h"

#include <yaml.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	DEPTH_MAX = 32,
	NODES_MAX = 8000000,
	FILE_MAX = 64 << 20,
	FEW_KEYS = 12, /* up to this many are compared each with each */
};

struct document {
	struct source source;
	struct arena arena;
	struct node *root;
};

/* One reading of a document. */
struct reader {
	struct document *d;
	struct document_budget *budget;
	struct errors *errors;
	struct node *open[DEPTH_MAX];
	unsigned depth;
	bool failed;
};

struct document_budget
document_budget_full(void)
{
	return (struct document_budget){FILE_MAX, NODES_MAX};
}

static struct position
document_at(struct document *d, const yaml_mark_t *mark)
{
	uint32_t line = (uint32_t)mark->line + 1;

	return (struct position){
	    d->source.name, line, source_column(&d->source, line, (uint32_t)mark->column), 1};
}

static void
reader_refuse(struct reader *r, const yaml_mark_t *mark, const char *text, const char *hint)
{
	struct position at = document_at(r->d, mark);

	r->failed = true;
	error_hint(
	    errors_add(r->errors, SEVERITY_ERROR, at, document_line(r->d, at.line), "%s", text),
	    "%s", hint);
}

static struct node *
reader_node(struct reader *r, const yaml_event_t *event, enum node_kind kind)
{
	struct document *d = r->d;
	struct node *n;
	struct position at = document_at(d, &event->start_mark);

	if (r->budget->nodes == 0) {
		reader_refuse(r, &event->start_mark, "the configuration is too large",
		    "at most 8,000,000 values and keys, over all files");
		return NULL;
	}
	r->budget->nodes--;
	n = arena_take(&d->arena, sizeof(*n));
	ASSERT(n != NULL); /* the budget bounds it */
	*n = (struct node){
	    .document = d, .kind = kind, .line = at.line, .column = at.column, .width = 1};
	if (kind != NODE_SCALAR)
		return n;
	n->text = arena_copy(
	    &d->arena, str_of((const char *)event->data.scalar.value, event->data.scalar.length));
	n->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (event->end_mark.line == event->start_mark.line)
		n->width = source_column(&d->source, at.line, (uint32_t)event->end_mark.column) -
			   at.column;
	else
		n->width = (uint32_t)document_line(d, at.line).len + 1 - at.column;
	return n;
}

/* Whether the next node is a map's key. */
static bool
reader_wants_key(const struct reader *r)
{
	const struct node *parent = r->depth ? r->open[r->depth - 1] : NULL;

	return parent != NULL && parent->kind == NODE_MAP && parent->n % 2 == 0;
}

/* Hangs the node into the open container. A map counts both halves of its pairs until it ends. */
static void
reader_append(struct reader *r, struct node *n)
{
	struct node *parent = r->depth ? r->open[r->depth - 1] : NULL;

	if (parent == NULL) {
		r->d->root = n;
		return;
	}
	if (parent->last != NULL)
		parent->last->next = n;
	else
		parent->first = n;
	parent->last = n;
	parent->n++;
}

static void
reader_open(struct reader *r, const yaml_event_t *event, enum node_kind kind)
{
	struct node *n;

	if (reader_wants_key(r)) {
		reader_refuse(r, &event->start_mark, "a key has to be a word",
		    "write KEY: VALUE; quote it if it begins with a bracket");
		return;
	}
	if (r->depth == DEPTH_MAX) {
		reader_refuse(r, &event->start_mark, "too many levels of nesting", "at most 32");
		return;
	}
	n = reader_node(r, event, kind);
	if (n == NULL)
		return;
	reader_append(r, n);
	r->open[r->depth++] = n;
}

static void
node_report_duplicate(struct errors *errors, const struct node *first, const struct node *key)
{
	struct error *error =
	    node_error(errors, SEVERITY_ERROR, key, "\"%.*s\" is given twice", STR_FMT(key->text));

	if (first->document == key->document)
		error_hint(error, "first at line %u", first->line);
	else
		error_hint(error, "first at %s:%u", document_name(first->document), first->line);
}

static struct node *
node_find_before(const struct node *map, const struct node *until, const struct map *names)
{
	if (names != NULL)
		return map_get(names, until->text);
	for (struct node *key = map->first; key != until; key = key->next->next)
		if (str_eq(key->text, until->text))
			return key;
	return NULL;
}

/* libyaml takes a key twice; the later one would win in silence. */
void
node_drop_duplicates(struct node *map, struct errors *errors)
{
	struct node **link = &map->first, *last = NULL;
	struct map names, *big = map->n > FEW_KEYS ? &names : NULL;

	map_init(&names);
	while (*link != NULL) {
		struct node *key = *link, *first = node_find_before(map, key, big);

		if (first != NULL) {
			node_report_duplicate(errors, first, key);
			*link = key->next->next;
			map->n--;
			continue;
		}
		if (big != NULL)
			map_put(big, key->text, key);
		last = key->next;
		link = &last->next;
	}
	map->last = last;
	map_free(&names);
}

void
node_put_first(struct node *map, struct str key)
{
	for (struct node **link = &map->first; *link != NULL; link = &(*link)->next->next) {
		struct node *found = *link, *value = found->next;

		if (!str_eq(found->text, key))
			continue;
		*link = value->next;
		value->next = map->first;
		map->first = found;
		for (map->last = value; map->last->next != NULL;)
			map->last = map->last->next;
		return;
	}
}

static void
reader_close(struct reader *r)
{
	struct node *n = r->open[--r->depth];

	if (n->kind != NODE_MAP)
		return;
	n->n /= 2;
	node_drop_duplicates(n, r->errors);
}

static void
reader_scalar(struct reader *r, const yaml_event_t *event)
{
	struct node *n = reader_node(r, event, NODE_SCALAR);

	if (n != NULL)
		reader_append(r, n);
}

static void
reader_refuse_extras(
    struct reader *r, const yaml_event_t *event, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor != NULL)
		reader_refuse(r, &event->start_mark, "anchors are not supported",
		    "quote a value that begins with \"&\"");
	if (tag != NULL)
		reader_refuse(r, &event->start_mark, "tags are not supported",
		    "quote a value that begins with \"!\"");
}

/* A pattern such as *.example.com is an alias to YAML: its name is what was meant as the value. */
static void
reader_refuse_alias(struct reader *r, const yaml_event_t *event)
{
	struct position at = document_at(r->d, &event->start_mark);
	struct error *error;

	at.width =
	    source_column(&r->d->source, at.line, (uint32_t)event->end_mark.column) - at.column;
	error = errors_add(r->errors, SEVERITY_ERROR, at, document_line(r->d, at.line),
	    "aliases are not supported");
	error_hint(
	    error, "if \"*%s\" is text, put it in quotes", (const char *)event->data.alias.anchor);
	r->failed = true;
}

/* False at the end of the document, or when reading on makes no sense. */
static bool
reader_take(struct reader *r, const yaml_event_t *event)
{
	unsigned errors = r->errors->error_count;

	switch (event->type) {
	case YAML_SCALAR_EVENT:
		reader_refuse_extras(r, event, event->data.scalar.anchor, event->data.scalar.tag);
		reader_scalar(r, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		reader_refuse_extras(
		    r, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
		reader_open(r, event, NODE_LIST);
		break;
	case YAML_MAPPING_START_EVENT:
		reader_refuse_extras(
		    r, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
		reader_open(r, event, NODE_MAP);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		reader_close(r);
		return true;
	case YAML_ALIAS_EVENT:
		reader_refuse_alias(r, event);
		break;
	case YAML_DOCUMENT_START_EVENT:
		if (r->d->root != NULL)
			reader_refuse(r, &event->start_mark, "a second document begins here",
			    "a file holds one; use include for more");
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	case YAML_STREAM_END_EVENT:
		return false;
	}
	return r->errors->error_count == errors;
}

static void
reader_explain(struct reader *r, const yaml_parser_t *parser)
{
	struct syntax_problem problem = {.text = parser->problem, .began = parser->context};
	struct document *d = r->d;

	r->failed = true;
	if (parser->error == YAML_READER_ERROR) {
		/* The reader knows the byte, not the line. */
		problem.at = (struct position){.file = d->source.name, .width = 1};
		problem.at.line =
		    source_find(&d->source, parser->problem_offset, &problem.at.column);
	} else {
		problem.at = document_at(d, &parser->problem_mark);
		problem.began_at = document_at(d, &parser->context_mark);
	}
	syntax_explain(d, &problem, r->errors);
}

static void
reader_run(struct reader *r)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool more = true;

	ASSERT(yaml_parser_initialize(&parser));
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &parser, (const unsigned char *)r->d->source.text.p, r->d->source.text.len);
	while (more) {
		if (!yaml_parser_parse(&parser, &event)) {
			reader_explain(r, &parser);
			break;
		}
		more = reader_take(r, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
}

/* A file without any value is a map without keys; any other root than a map is refused. */
static void
reader_check_root(struct reader *r)
{
	struct node *root = r->d->root;

	if (root == NULL || node_is_nothing(root)) {
		struct node *empty = arena_take(&r->d->arena, sizeof(*empty));

		ASSERT(empty != NULL);
		*empty = (struct node){.document = r->d, .kind = NODE_MAP, .line = 1, .column = 1};
		r->d->root = empty;
	} else if (root->kind != NODE_MAP) {
		error_hint(node_error(r->errors, SEVERITY_ERROR, root,
			       "a configuration begins with a key, not with %s",
			       root->kind == NODE_LIST ? "a list" : "text"),
		    "for example \"listen:\"");
		r->failed = true;
	}
}

/* Takes bytes. */
static struct document *
document_build(const char *name, char *bytes, size_t len, struct document_budget *budget,
    struct errors *errors)
{
	struct document *d = xcalloc(1, sizeof(*d));
	struct reader r = {.d = d, .budget = budget, .errors = errors};

	source_init(&d->source, name, bytes, len);
	arena_init(&d->arena, NULL, 0, SIZE_MAX); /* the budget is the limit */
	reader_run(&r);
	if (!r.failed)
		reader_check_root(&r);
	if (r.failed)
		document_free(&d);
	return d;
}

struct document *
document_parse(
    const char *name, struct str text, struct document_budget *budget, struct errors *errors)
{
	if (text.len > budget->bytes) {
		errors_add(errors, SEVERITY_ERROR,
		    (struct position){.file = source_keep_name(name)}, STR_NONE,
		    "the configuration is larger than 64 MiB");
		return NULL;
	}
	budget->bytes -= text.len;
	return document_build(name, str_dup(text), text.len, budget, errors);
}

struct document *
document_read(const char *path, struct document_budget *budget, struct errors *errors)
{
	size_t len;
	char *bytes = source_slurp(path, budget->bytes, &len);
	struct position at = {.file = source_keep_name(path)};

	if (bytes == NULL) {
		errors_add(
		    errors, SEVERITY_ERROR, at, STR_NONE, "cannot read it: %s", strerror(errno));
		return NULL;
	}
	if (len > budget->bytes) {
		errors_add(errors, SEVERITY_ERROR, at, STR_NONE,
		    "the configuration is larger than 64 MiB");
		free(bytes);
		return NULL;
	}
	budget->bytes -= len;
	return document_build(path, bytes, len, budget, errors);
}

void
document_free(struct document **d)
{
	if (*d == NULL)
		return;
	arena_reset(&(*d)->arena);
	source_free(&(*d)->source);
	free(*d);
	*d = NULL;
}

struct node *
document_root(struct document *d)
{
	return d->root;
}

const char *
document_name(const struct document *d)
{
	return d->source.name;
}

bool
node_is_nothing(const struct node *n)
{
	return n->kind == NODE_SCALAR && n->plain && n->text.len == 0;
}

struct position
node_at(const struct node *n)
{
	return (struct position){n->document->source.name, n->line, n->column, n->width};
}

struct str
document_line(struct document *d, uint32_t line)
{
	return source_line(&d->source, line);
}

struct error *
node_error(
    struct errors *errors, enum severity severity, const struct node *n, const char *fmt, ...)
{
	struct error *error;
	va_list ap;

	va_start(ap, fmt);
	error = errors_add_list(
	    errors, severity, node_at(n), document_line(n->document, n->line), fmt, ap);
	va_end(ap);
	return error;
}

struct error *
node_error_inside(struct errors *errors, const struct node *n, size_t offset, const char *fmt, ...)
{
	struct position at = node_at(n);
	struct error *error;
	va_list ap;

	/* A quoted scalar with escapes is longer in the file than in memory: then the caret may
	 * stand a little before the place, but never outside of the scalar. */
	at.column += (uint32_t)offset + (n->plain ? 0 : 1);
	if (at.column >= n->column + n->width)
		at.column = n->column + n->width - 1;
	at.width = 1;
	va_start(ap, fmt);
	error = errors_add_list(
	    errors, SEVERITY_ERROR, at, document_line(n->document, n->line), fmt, ap);
	va_end(ap);
	return error;
}
