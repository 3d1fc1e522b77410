/* document - a YAML file as a tree in which every node knows its file, line, column and width. A
 * strict part of YAML: one document, no anchors, aliases or tags, bounded depth, size and count,
 * no key twice in a map. A scalar is text, whatever YAML would make of it: the schema types it. The
 * only file that knows libyaml. */
#ifndef CONFIG_DOCUMENT_H
#define CONFIG_DOCUMENT_H

#include "base/arena.h"
#include "base/error.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct document;

struct node {
	struct document *document; /* borrowed */
	struct node *next;         /* sibling; in a map a key's next is its value */
	union {
		struct str text; /* NODE_SCALAR; ends in NUL */
		struct {
			struct node *first, *last; /* NODE_LIST and NODE_MAP */
		};
	};
	enum node_kind kind;
	bool plain; /* a scalar without quotes: when empty, nothing was written */
	uint32_t n; /* items of a list, pairs of a map */
	uint32_t line, column, width;
};

/* What one load may read, over all of its files. */
struct document_budget {
	size_t bytes, nodes;
};

struct document_budget document_budget_full(void);

/* NULL when the file cannot be read or is not YAML of our kind; the errors say why. A key that
 * stands twice is an error too, but its second value is left out and the tree returned. */
struct document *document_read(
    const char *path, struct document_budget *budget, struct errors *errors);
struct document *document_parse(
    const char *name, struct str text, struct document_budget *budget, struct errors *errors);
void document_free(struct document **d);

/* A map; of an empty file an empty one. */
struct node *document_root(struct document *d);
const char *document_name(const struct document *d);
/* One line of the text, from 1, without its end; STR_NONE beyond the last one. */
struct str document_line(struct document *d, uint32_t line);

/* A node and its siblings, by pairs or items. */
#define NODE_EACH_PAIR(map, key)                                                                   \
	for (struct node *key = (map)->first; key != NULL; key = key->next->next)
#define NODE_EACH(list, item)                                                                      \
	for (struct node *item = (list)->first; item != NULL; item = item->next)

/* The second and later of equal keys of a map are reported and taken out. */
void node_drop_duplicates(struct node *map, struct errors *errors);

/* A map's pair with this key, if there is one, comes before the others. */
void node_put_first(struct node *map, struct str key);
/* Nothing was written: `key:` with no value. */
bool node_is_nothing(const struct node *n);
struct position node_at(const struct node *n);
struct error *node_error(struct errors *errors, enum severity severity, const struct node *n,
    const char *fmt, ...) PRINTF_LIKE(4, 5);
/* The same, `offset` bytes into the scalar as it was written, for a caret inside a value. */
struct error *node_error_inside(struct errors *errors, const struct node *n, size_t offset,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
