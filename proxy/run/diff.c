/* Object by object and key by key. The keys are the schema's rows and a value is compared as it
 * would be written, so that there is no second list of keys here. */
#include "run/diff.h"

#include <stdlib.h>

#include "base/map.h"
#include "config/print_value.h"

enum { DIFF_COLUMN = 64 }; /* where "weir.yaml:13" stands, when there is room */

struct diff_text { /* one memory stream, written again and again */
	FILE *f;
	char *p;
	size_t len;
};

struct diff {
	FILE *out;
	struct diff_text old, new;
};

static void
diff_text_open(struct diff_text *t)
{
	t->f = open_memstream(&t->p, &t->len);
	ASSERT(t->f != NULL);
}

static void
diff_text_close(struct diff_text *t)
{
	ASSERT(fclose(t->f) == 0);
	free(t->p);
}

static struct str
diff_text_end(struct diff_text *t)
{
	long n = ftell(t->f);

	ASSERT(n >= 0 && fflush(t->f) == 0);
	return n > 0 ? str_of(t->p, (size_t)n) : STR("none");
}

static struct str
diff_value(struct diff_text *t, const struct schema_row *row, const void *base)
{
	rewind(t->f);
	put_value(t->f, row, base);
	return diff_text_end(t);
}

static struct str
diff_endpoint(struct diff_text *t, const struct model_endpoint *e)
{
	rewind(t->f);
	put_endpoint(t->f, e);
	return diff_text_end(t);
}

/* The end of a line of `len` bytes: where it was written. */
static void
diff_end(struct diff *d, int len, const char *file, uint32_t line)
{
	if (file != NULL)
		fprintf(d->out, "%*s  %s:%u", len < DIFF_COLUMN ? DIFF_COLUMN - len : 0, "", file,
		    line);
	fputc('\n', d->out);
}

/* ---- one object that stands in both files ---- */

struct diff_pair {
	struct str name; /* empty: a file has only one of these */
	const void *old, *new;
	const struct origin *old_origins, *origins; /* of its rows; NULL: all are defaults */
};

/* What all routes begin with is told once, not for each of them. */
static bool
diff_is_inherited(const struct schema_row *row, const struct diff_pair *pair, size_t i)
{
	return row->type == SCHEMA_STRUCT &&
	       (pair->old_origins == NULL || pair->old_origins[i].file == NULL) &&
	       (pair->origins == NULL || pair->origins[i].file == NULL);
}

static void
diff_rows(struct diff *d, const struct schema_object *o, const struct diff_pair *pair)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct schema_row *row = &o->rows[i];
		struct str was, is;

		if (schema_is_block(row) || row->type == SCHEMA_PORT) /* the address says it */
			continue;
		if (diff_is_inherited(row, pair, i))
			continue;
		was = diff_value(&d->old, row, pair->old);
		is = diff_value(&d->new, row, pair->new);
		if (str_eq(was, is))
			continue;
		diff_end(d,
		    fprintf(d->out, "  ~ %s %.*s%s%s  %.*s -> %.*s", o->name, STR_FMT(pair->name),
			pair->name.len > 0 ? "  " : "", row->key, STR_FMT(was), STR_FMT(is)),
		    pair->origins ? pair->origins[i].file : NULL,
		    pair->origins ? pair->origins[i].line : 0);
	}
}

/* ---- arrays of named objects ---- */

/* What all of these structs have, at places of their own. */
struct diff_kind {
	const struct schema_object *object;
	size_t name, at, origins; /* offsets */
	/* says what is inside, when it is in both; NULL: nothing */
	void (*inside)(struct diff *d, const void *old, const void *new);
};

struct diff_array {
	const char *v;
	size_t n;
};

static struct str
diff_name(const struct diff_kind *k, const char *item)
{
	return *(const struct str *)(item + k->name);
}

static void
diff_alone(struct diff *d, const struct diff_kind *k, char sign, const char *item)
{
	const struct position *at = (const struct position *)(item + k->at);
	struct str name = diff_name(k, item);

	diff_end(d, fprintf(d->out, "  %c %s %.*s", sign, k->object->name, STR_FMT(name)), at->file,
	    at->line);
}

static void
diff_both(struct diff *d, const struct diff_kind *k, const char *old, const char *new)
{
	struct diff_pair pair = {diff_name(k, new), old, new,
	    *(const struct origin *const *)(old + k->origins),
	    *(const struct origin *const *)(new + k->origins)};

	diff_rows(d, k->object, &pair);
	if (k->inside != NULL)
		k->inside(d, old, new);
}

/* Names are unique in a file that loads. */
static void
diff_array(struct diff *d, const struct diff_kind *k, struct diff_array old, struct diff_array new)
{
	size_t size = k->object->size;
	struct map by_name; /* the old ones that have no partner yet */

	map_init(&by_name);
	for (size_t i = 0; i < old.n; i++) {
		const char *item = old.v + i * size;

		map_put(&by_name, diff_name(k, item), (char *)(uintptr_t)item);
	}
	for (size_t i = 0; i < new.n; i++) {
		const char *item = new.v + i *size;
		const char *partner = map_remove(&by_name, diff_name(k, item));

		if (partner != NULL)
			diff_both(d, k, partner, item);
		else
			diff_alone(d, k, '+', item);
	}
	for (size_t i = 0; i < old.n && by_name.n > 0; i++) {
		const char *item = old.v + i * size;

		if (map_remove(&by_name, diff_name(k, item)) != NULL)
			diff_alone(d, k, '-', item);
	}
	map_free(&by_name);
}

/* ---- endpoints ---- */

static const struct model_endpoint *
diff_find_endpoint(const struct model_backend *b, struct str text)
{
	for (size_t i = 0; i < b->n_endpoints; i++)
		if (str_eq(b->endpoints[i].text, text))
			return &b->endpoints[i];
	return NULL;
}

static void
diff_endpoint_line(
    struct diff *d, char sign, const struct model_backend *b, const struct model_endpoint *e)
{
	diff_end(d,
	    fprintf(d->out, "  %c endpoint %.*s %.*s", sign, STR_FMT(b->name), STR_FMT(e->text)),
	    e->at.file, e->at.line);
}

static void
diff_backend_inside(struct diff *d, const void *old_backend, const void *new_backend)
{
	const struct model_backend *old = old_backend, *new = new_backend;

	for (size_t i = 0; i < new->n_endpoints; i++) {
		const struct model_endpoint *e = &new->endpoints[i];
		const struct model_endpoint *was = diff_find_endpoint(old, e->text);
		struct str before, after;

		if (was == NULL) {
			diff_endpoint_line(d, '+', new, e);
			continue;
		}
		before = diff_endpoint(&d->old, was);
		after = diff_endpoint(&d->new, e);
		if (!str_eq(before, after))
			diff_end(d,
			    fprintf(d->out, "  ~ endpoint %.*s %.*s -> %.*s", STR_FMT(new->name),
				STR_FMT(before), STR_FMT(after)),
			    e->at.file, e->at.line);
	}
	for (size_t i = 0; i < old->n_endpoints; i++)
		if (diff_find_endpoint(new, old->endpoints[i].text) == NULL)
			diff_endpoint_line(d, '-', old, &old->endpoints[i]);
}

/* ---- the whole ---- */

#define KIND(schema, type, in)                                                                     \
	{                                                                                          \
		&(schema), offsetof(struct type, name), offsetof(struct type, at),                 \
		    offsetof(struct type, origins), (in)                                           \
	}
#define ARRAY(m, items) ((struct diff_array){(const char *)(m)->items, (m)->n_##items})

void
diff_models(const struct model *old, const struct model *new, FILE *out)
{
	static const struct diff_kind listeners = KIND(schema_listener, model_listener, NULL),
				      routes = KIND(schema_route, model_route, NULL),
				      backends =
					  KIND(schema_backend, model_backend, diff_backend_inside);
	struct diff d = {.out = out};

	diff_text_open(&d.old);
	diff_text_open(&d.new);
	diff_array(&d, &listeners, ARRAY(old, listeners), ARRAY(new, listeners));
	diff_array(&d, &routes, ARRAY(old, routes), ARRAY(new, routes));
	diff_array(&d, &backends, ARRAY(old, backends), ARRAY(new, backends));
	for (unsigned part = 0; part < PART_COUNT; part++)
		diff_rows(&d, schema_parts[part],
		    &(struct diff_pair){.old = old,
			.new = new,
			.old_origins = old->origins[part],
			.origins = new->origins[part]});
	diff_text_close(&d.old);
	diff_text_close(&d.new);
}
