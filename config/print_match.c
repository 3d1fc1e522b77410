/* The requests that a route means, as YAML. */
#include <stdlib.h>

#include "config/print_value.h"

static void
put_words(FILE *out, const struct str *words, size_t n)
{
	putc('[', out);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ", " : "", out);
		put_text(out, words[i]);
	}
	putc(']', out);
}

/* A host, a path or both in the short form. */
static void
put_place(FILE *out, struct str host, enum model_path kind, struct str path)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);

	ASSERT(memory != NULL);
	fprintf(memory, "%.*s%s%.*s%s", STR_FMT(host), kind == PATH_PATTERN ? "~" : "",
	    STR_FMT(path), kind == PATH_PREFIX || kind == PATH_ANY ? "/*" : "");
	ASSERT(fclose(memory) == 0);
	put_text(out, str_of(text, len));
	free(text);
}

static void
put_predicates(FILE *out, const char *key, const struct model_predicate *p, size_t n)
{
	fprintf(out, ", %s: {", key);
	for (size_t i = 0; i < n; i++) {
		char *text =
		    xasprintf("%s%.*s", p[i].kind == VALUE_PATTERN ? "~" : "", STR_FMT(p[i].value));

		fputs(i ? ", " : "", out);
		put_text(out, p[i].name);
		fputs(": ", out);
		put_text(out, p[i].kind == VALUE_PRESENT ? STR("present") : str_from(text));
		free(text);
	}
	putc('}', out);
}

void
put_match(FILE *out, const struct model_route *r)
{
	bool plain = r->n_listeners + r->n_methods + r->n_headers + r->n_queries == 0;

	if (plain && r->host.len == 0 && r->path_kind == PATH_ANY) {
		fputs("any", out);
		return;
	}
	if (plain && r->path_kind != PATH_PATTERN) {
		put_place(out, r->host, r->path_kind, r->path);
		return;
	}
	fputs("{host: ", out);
	put_text(out, r->host.len ? r->host : STR("*"));
	fputs(", path: ", out);
	put_place(out, STR_NONE, r->path_kind, r->path);
	if (r->n_listeners > 0) {
		fputs(", listener: ", out);
		put_words(out, r->listeners, r->n_listeners);
	}
	if (r->n_methods > 0) {
		fputs(", methods: ", out);
		put_words(out, r->methods, r->n_methods);
	}
	if (r->n_headers > 0)
		put_predicates(out, "headers", r->headers, r->n_headers);
	if (r->n_queries > 0)
		put_predicates(out, "query", r->queries, r->n_queries);
	putc('}', out);
}
