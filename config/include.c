#include "config/include.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>

#include "config/source.h"

static struct node *
include_find(const struct node *map, struct str key)
{
	NODE_EACH_PAIR(map, pair) {
		if (str_eq(pair->text, key))
			return pair;
	}
	return NULL;
}

/* Moves all of `from` behind what `into` has. */
static void
include_append(struct node *into, struct node *from)
{
	if (from->first == NULL)
		return;
	if (into->last != NULL)
		into->last->next = from->first;
	else
		into->first = from->first;
	into->last = from->last;
	into->n += from->n;
}

/* The pair key of another file: joined to the same key here, or added. The second of two scalars
 * is added too: it is reported as a duplicate. */
static void
include_pair(struct node *root, struct node *key)
{
	struct node *here = include_find(root, key->text);
	struct node pair = {.first = key, .last = key->next, .n = 1};

	if (here != NULL && node_is_nothing(here->next)) {
		struct node *next = here->next->next;

		*here->next = *key->next; /* "backends:" with nothing below it */
		here->next->next = next;
	} else if (here != NULL && here->next->kind == key->next->kind &&
		   here->next->kind != NODE_SCALAR) {
		include_append(here->next, key->next);
	} else if (here == NULL || !node_is_nothing(key->next)) {
		key->next->next = NULL;
		include_append(root, &pair);
	}
}

static void
include_document(struct loader *l, const char *path, struct document_budget *budget)
{
	struct document *d = document_read(path, budget, l->errors);
	struct node *key, *next;

	if (d == NULL)
		return;
	loader_add_document(l, d);
	for (key = document_root(d)->first; key != NULL; key = next) {
		next = key->next->next;
		if (str_eq(key->text, STR("include")))
			node_error(l->errors, SEVERITY_ERROR, key,
			    "only the first file can include others");
		else if (!str_eq(key->text, STR("version")))
			include_pair(document_root(l->documents[0]), key);
	}
}

/* A folder that is not there holds no files; one that cannot be read is an error. */
static int
include_folder_error(const char *path, int error)
{
	(void)path;
	return error != ENOENT && error != ENOTDIR;
}

/* One file or pattern. A pattern that fits no file is fine, a file that is not there is not. */
static void
include_pattern(struct loader *l, const struct node *n, struct document_budget *budget)
{
	char *path;
	glob_t found;
	int r;

	if (n->kind != NODE_SCALAR || n->text.len == 0) {
		(void)read_wants(l, schema_find(&schema_top, STR("include")), n);
		return;
	}
	path = source_beside(document_name(n->document), n->text);
	r = glob(path, 0, include_folder_error, &found);
	if (r == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			include_document(l, found.gl_pathv[i], budget);
	else if (r != GLOB_NOMATCH)
		node_error(l->errors, SEVERITY_ERROR, n, "cannot read the folder of %s", path);
	else if (strpbrk(path, "*?[") == NULL)
		node_error(l->errors, SEVERITY_ERROR, n, "there is no file %s", path);
	if (r == 0)
		globfree(&found);
	free(path);
}

void
include_files(struct loader *l, struct document_budget *budget)
{
	struct node *root = document_root(l->documents[0]);
	struct node *include = include_find(root, STR("include"));

	if (include == NULL)
		return;
	if (include->next->kind == NODE_LIST)
		NODE_EACH(include->next, item)
			include_pattern(l, item, budget);
	else
		include_pattern(l, include->next, budget);
	node_drop_duplicates(root, l->errors);
	NODE_EACH_PAIR(root, key) {
		if (key->next->kind == NODE_MAP)
			node_drop_duplicates(key->next, l->errors);
	}
}
