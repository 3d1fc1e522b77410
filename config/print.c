/* The model as YAML that loads to the same model: what was written, or with `full` every key and
 * where its value is from. */
#include <stdio.h>
#include <stdlib.h>

#include "config/load.h"
#include "config/print_value.h"

enum {
	STEP = 2,           /* of indentation */
	ORIGIN_COLUMN = 48, /* where "# weir.yaml:3" stands, when there is room */
};

struct printer {
	FILE *out;
	bool full;
	bool dash; /* the next line begins an item of a list */
};

/* One line: indentation, text, and with `full` where it is from. */
static void
print_line(struct printer *p, unsigned indent, const char *text, const struct origin *at)
{
	int len = p->dash ? fprintf(p->out, "%*s- %s", (int)indent - STEP, "", text)
			  : fprintf(p->out, "%*s%s", (int)indent, "", text);

	p->dash = false;

	if (p->full && at != NULL) {
		fprintf(p->out, "%*s  # ", len < ORIGIN_COLUMN ? ORIGIN_COLUMN - len : 0, "");
		if (at->file != NULL)
			fprintf(p->out, "%s:%u", at->file, at->line);
		else
			fputs("default", p->out);
	}
	putc('\n', p->out);
}

static void
print_row(struct printer *p, const struct schema_row *row, const void *base,
    const struct origin *at, unsigned indent)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	/* A default that is known only at run time, or no value at all: told, not set. */
	bool told = at->file == NULL && row->told != NULL;

	ASSERT(out != NULL);
	fprintf(out, "%s%s: ", told ? "# " : "", row->key);
	if (told)
		fputs(row->told, out);
	else
		put_value(out, row, base);
	ASSERT(fclose(out) == 0);
	print_line(p, indent, text, at);
	free(text);
}

/* Rows that are one line each. A row without any value, such as port beside address, is left out.
 */
static void
print_rows(struct printer *p, const struct schema_object *o, const struct origin *origins,
    const void *base, unsigned indent)
{
	static const struct origin unset;

	for (size_t i = 0; i < o->n; i++) {
		const struct schema_row *row = &o->rows[i];
		const struct origin *at = origins ? &origins[i] : &unset;
		bool block = schema_is_block(row) || row->type == SCHEMA_FILES;
		bool valued = row->fallback != NULL || row->told != NULL ||
			      (row->type == SCHEMA_PART && !block);

		if (!block && (at->file != NULL || (p->full && valued)))
			print_row(p, row, base, at, indent);
	}
}

static void
print_named(struct printer *p, struct str name, const struct position *at, unsigned indent)
{
	const struct origin origin = {at->file, at->line};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ASSERT(out != NULL);
	put_text(out, name);
	putc(':', out);
	ASSERT(fclose(out) == 0);
	print_line(p, indent, text, &origin);
	free(text);
}

static void
print_listeners(struct printer *p, const struct model *m)
{
	fputs("listen:\n", p->out);
	for (size_t i = 0; i < m->n_listeners; i++) {
		const struct model_listener *l = &m->listeners[i];

		print_named(p, l->name, &l->at, STEP);
		print_rows(p, &schema_listener, l->origins, l, 2 * STEP);
	}
}

static void
print_endpoints(struct printer *p, const struct model_backend *b)
{
	const unsigned indent = 2 * STEP;

	print_line(p, indent, b->n_endpoints ? "endpoints:" : "endpoints: []", NULL);
	for (size_t i = 0; i < b->n_endpoints; i++) {
		const struct model_endpoint *e = &b->endpoints[i];
		const struct origin at = {e->at.file, e->at.line};
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);

		ASSERT(out != NULL);
		fputs("- ", out);
		put_endpoint(out, e);
		ASSERT(fclose(out) == 0);
		print_line(p, indent + STEP, text, &at);
		free(text);
	}
}

static void
print_backends(struct printer *p, const struct model *m)
{
	fputs("backends:\n", p->out);
	for (size_t i = 0; i < m->n_backends; i++) {
		const struct model_backend *b = &m->backends[i];

		print_named(p, b->name, &b->at, STEP);
		print_endpoints(p, b);
		print_rows(p, &schema_backend, b->origins, b, 2 * STEP);
	}
}

static void
print_routes(struct printer *p, const struct model *m)
{
	fputs("routes:\n", p->out);
	for (size_t i = 0; i < m->n_routes; i++) {
		p->dash = true;
		print_rows(p, &schema_route, m->routes[i].origins, &m->routes[i], 2 * STEP);
	}
}

/* The keys of a map that there is once; nothing of it when none is written. */
static void
print_part(
    struct printer *p, const struct schema_row *row, const struct model *m, enum model_part part)
{
	if (m->origins[part] == NULL && !p->full)
		return;
	fprintf(p->out, "%s:\n", row->key);
	print_rows(p, row->object, m->origins[part], m, STEP);
}

static void
print_block(struct printer *p, const struct schema_row *row, const struct model *m)
{
	for (unsigned part = PART_TOP + 1; part < PART_COUNT; part++)
		if (row->object == schema_parts[part])
			print_part(p, row, m, part);
	if (row->object == &schema_listener)
		print_listeners(p, m);
	else if (row->object == &schema_route && m->n_routes > 0)
		print_routes(p, m);
	else if (row->object == &schema_backend && m->n_backends > 0)
		print_backends(p, m);
}

void
model_print(const struct model *model, bool full, FILE *out)
{
	struct printer p = {.out = out, .full = full};

	print_rows(&p, &schema_top, model->origins[PART_TOP], model, 0);
	for (size_t i = 0; i < schema_top.n; i++)
		print_block(&p, &schema_top.rows[i], model);
}
