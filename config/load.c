#include "config/load.h"

#include <stdlib.h>

#include "config/check.h"
#include "config/include.h"
#include "config/variable.h"

void
loader_add_document(struct loader *l, struct document *d)
{
	l->documents = xrealloc(l->documents, (l->n_documents + 1) * sizeof(struct document *));
	l->documents[l->n_documents++] = d;
}

static void
loader_init(struct loader *l, struct errors *errors)
{
	*l = (struct loader){.model = xcalloc(1, sizeof(*l->model)),
	    .errors = errors,
	    .errors_before = errors->error_count};
	l->arena = xmalloc(sizeof(*l->arena));
	arena_init(l->arena, NULL, 0, SIZE_MAX); /* the documents' budget is the limit */
	l->model->arena = l->arena;
	read_defaults(l, &schema_top, l->model);
	read_defaults(l, &schema_listener, &l->listener);
	read_defaults(l, &schema_route, &l->route);
	read_defaults(l, &schema_backend, &l->backend);
	read_defaults(l, &schema_endpoint, &l->endpoint);
	read_defaults(l, &schema_arm, &l->arm);
	loader_inherit(l);
	l->route.path_kind = PATH_EXACT; /* no match read yet, see check_routes */
}

/* The model, if nothing was wrong with it. */
static struct model *
loader_end(struct loader *l)
{
	struct model *m = l->model;

	if (l->n_documents == 0 || l->errors->error_count > l->errors_before)
		model_free(&m);
	for (size_t i = 0; i < l->n_documents; i++)
		document_free(&l->documents[i]);
	free(l->documents);
	return m;
}

/* Variables, included files, rows, checks. Ends the loader. */
static struct model *
loader_run(struct loader *l, struct document *first, struct document_budget *budget)
{
	struct model *m = l->model;
	struct node *root;

	if (first != NULL) {
		loader_add_document(l, first);
		root = document_root(first);
		include_files(l, budget);
		variables_replace(root, l->arena, l->errors);
		node_put_first(root, STR("defaults")); /* routes begin with these */
		node_put_first(root, STR("timeouts"));
		m->origins[PART_TOP] = read_object(l, &schema_top, root, root, m);
		check_model(l);
	}
	return loader_end(l);
}

struct model *
load_file(const char *path, struct errors *errors)
{
	struct document_budget budget = document_budget_full();
	struct loader l;

	loader_init(&l, errors);
	return loader_run(&l, document_read(path, &budget, errors), &budget);
}

struct model *
load_text(const char *name, struct str text, struct errors *errors)
{
	struct document_budget budget = document_budget_full();
	struct loader l;

	loader_init(&l, errors);
	return loader_run(&l, document_parse(name, text, &budget, errors), &budget);
}

struct model *
load_endpoints(const char *path, struct errors *errors)
{
	struct document_budget budget = document_budget_full();
	struct document *d;
	struct loader l;

	loader_init(&l, errors);
	d = document_read(path, &budget, errors);
	if (d != NULL) {
		loader_add_document(&l, d);
		l.model->backends = loader_take(&l, 1, sizeof(*l.model->backends));
		l.model->n_backends = 1;
		(void)read_object(&l, &schema_endpoint_file, document_root(d), document_root(d),
		    l.model->backends);
		check_endpoint_file(&l, l.model->backends);
	}
	return loader_end(&l);
}

void
model_free(struct model **model)
{
	if (*model == NULL)
		return;
	arena_reset((*model)->arena);
	free((*model)->arena);
	free(*model);
	*model = NULL;
}
