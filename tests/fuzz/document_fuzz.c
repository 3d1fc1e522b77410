/* Whole files: document, rows, checks. What loads has to print as a file that loads to the same
 * text; what does not has to say why, within the file. Includes and files are out of reach: a
 * leading mark takes their keys away. */
#include <stdlib.h>

#include "config/document.h"
#include "config/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_LIMIT = 1 << 16 };

static char *
printed(const struct model *m, bool full)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ASSERT(out != NULL);
	model_print(m, full, out);
	ASSERT(fclose(out) == 0);
	return text;
}

static void
check_tree(const struct node *n, unsigned depth)
{
	size_t count = 0;

	ASSERT(depth <= 33 && n->line > 0 && n->column > 0);
	switch (n->kind) {
	case NODE_SCALAR:
		ASSERT(n->text.p[n->text.len] == '\0');
		return;
	case NODE_LIST:
		NODE_EACH(n, item) {
			check_tree(item, depth + 1);
			count++;
		}
		break;
	case NODE_MAP:
		NODE_EACH_PAIR(n, key) {
			ASSERT(key->kind == NODE_SCALAR);
			check_tree(key->next, depth + 1);
			count++;
		}
		break;
	}
	ASSERT(count == n->n);
}

static void
check_errors(struct errors *e)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ASSERT(out != NULL);
	errors_print(e, out, false);
	ASSERT(fclose(out) == 0);
	for (size_t i = 0; i < len; i++) /* nothing that moves a cursor or ends a line */
		ASSERT((unsigned char)text[i] >= ' ' || text[i] == '\n' || text[i] == '\t');
	free(text);
	errors_free(e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct document_budget budget = document_budget_full();
	struct str text = str_of((const char *)data, size);
	struct document *d;
	struct model *m;
	struct errors e;

	if (size > SIZE_LIMIT || memmem(data, size, "file:", 5) || memmem(data, size, "inc", 3))
		return 0;
	errors_init(&e);
	d = document_parse("fuzz", text, &budget, &e);
	ASSERT(d != NULL || e.error_count > 0);
	if (d != NULL)
		check_tree(document_root(d), 0);
	document_free(&d);
	check_errors(&e);

	errors_init(&e);
	m = load_text("fuzz", text, &e);
	ASSERT((m == NULL) == (e.error_count > 0));
	check_errors(&e);
	if (m != NULL) {
		char *once = printed(m, false), *full = printed(m, true), *twice;

		model_free(&m);
		m = load_text("printed", str_from(full), &e);
		ASSERT(m != NULL);
		model_free(&m);
		m = load_text("printed", str_from(once), &e);
		ASSERT(m != NULL);
		twice = printed(m, false);
		ASSERT(strcmp(once, twice) == 0);
		free(once);
		free(twice);
		free(full);
		model_free(&m);
	}
	check_errors(&e);
	return 0;
}
