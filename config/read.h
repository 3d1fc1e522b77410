/* read - nodes become values of the model, driven by the schema's rows. Whatever is wrong is added
 * to the errors and reading goes on; a value that is wrong keeps its default. */
#ifndef CONFIG_READ_H
#define CONFIG_READ_H

#include "config/document.h"
#include "config/schema.h"
#include "config/value.h"

struct loader {
	struct model *model;
	struct arena *arena; /* the model's */
	struct errors *errors;
	unsigned errors_before;      /* of an earlier load into the same list */
	struct document **documents; /* owned; the first file, then what it includes */
	size_t n_documents;
	/* What a struct of each kind is before its keys are read. */
	struct model_listener listener;
	struct model_route route;
	struct model_backend backend;
	struct model_endpoint endpoint;
	struct model_arm arm;
};

/* What is said for all routes, and for all backends, is what each of them begins with. */
void loader_inherit(struct loader *l);
void loader_add_document(struct loader *l, struct document *d); /* takes */
/* Zeroed, in the model's arena. */
void *loader_take(struct loader *l, size_t n, size_t size);

/* Fills base with the defaults of the rows. */
void read_defaults(struct loader *l, const struct schema_object *o, void *base);
/* Reads a map's keys into base. `whose` is what lacks a key when one is missing. Returns where each
 * row was written, in the model's arena. */
const struct origin *read_object(struct loader *l, const struct schema_object *o,
    const struct node *map, const struct node *whose, void *base);
/* Reads one value; false when it was wrong. */
bool read_value(struct loader *l, const struct schema_row *row, const struct node *n, void *base);

/* An error at a place of the model; the line is looked up in the documents. */
struct error *loader_complain(struct loader *l, enum severity severity, const struct position *at,
    const char *fmt, ...) PRINTF_LIKE(4, 5);
/* `"key" wants ..., got ...`, or what a value parser found wrong; always false. */
bool read_wants(struct loader *l, const struct schema_row *row, const struct node *n);
/* The index of the word among the row's. */
bool read_word(const struct schema_row *row, struct str text, unsigned *word);
bool read_wrong(struct loader *l, const struct schema_row *row, const struct node *n,
    const struct value_wrong *w);

/* read_list.c: the arrays of the model. */
bool read_listeners(struct loader *l, const struct node *map);
bool read_routes(struct loader *l, const struct node *list);
bool read_backends(struct loader *l, const struct node *map);
bool read_endpoints(struct loader *l, const struct node *list, struct model_backend *b);

#endif
