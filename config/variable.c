#include "config/variable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/source.h"

enum {
	NAME_ROOM = 256,
	FILE_MAX = 64 << 10,
	TEXT_MAX = 1 << 20,
};

static bool
variable_is_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
			(c >= '0' && c <= '9' && i > 0)))
			return false;
	}
	return name.len > 0 && name.len < NAME_ROOM;
}

/* The content of a file without the line ends at its end. */
static bool
variable_put_file(
    const struct node *n, size_t offset, struct str path, struct errors *errors, FILE *out)
{
	char *full = source_beside(document_name(n->document), path);
	size_t len;
	char *bytes = source_slurp(full, FILE_MAX, &len);

	if (bytes == NULL || len > FILE_MAX) {
		node_error_inside(errors, n, offset, "cannot read %s: %s", full,
		    bytes ? "it is larger than 64 KiB" : strerror(errno));
		free(full);
		free(bytes);
		return false;
	}
	while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
		len--;
	fwrite(bytes, 1, len, out);
	free(full);
	free(bytes);
	return true;
}

static bool
variable_put(
    const struct node *n, size_t offset, struct str inside, struct errors *errors, FILE *out)
{
	size_t colon = str_find(inside, ':', 0);
	struct str name = str_of(inside.p, colon),
		   rest = str_of(inside.p + colon, inside.len - colon);
	char copy[NAME_ROOM];
	const char *value;

	if (str_eq(name, STR("file")) && rest.len > 1)
		return variable_put_file(n, offset, str_of(rest.p + 1, rest.len - 1), errors, out);
	if (!variable_is_name(name) || (rest.len > 0 && !str_starts(rest, STR(":-")))) {
		error_hint(node_error_inside(
			       errors, n, offset, "\"${%.*s}\" is not a variable", STR_FMT(inside)),
		    "write ${NAME}, ${NAME:-default} or ${file:PATH}; $${ for the characters "
		    "themselves");
		return false;
	}
	memcpy(copy, name.p, name.len);
	copy[name.len] = '\0';
	value = getenv(copy);
	if (value == NULL && rest.len == 0) {
		error_hint(node_error_inside(
			       errors, n, offset, "the environment variable %s is not set", copy),
		    "write ${%s:-default} for a value without it", copy);
		return false;
	}
	if (value != NULL)
		fputs(value, out);
	else
		fwrite(rest.p + 2, 1, rest.len - 2, out);
	return true;
}

static bool
variable_expand(const struct node *n, struct errors *errors, FILE *out)
{
	struct str text = n->text;
	bool good = true;
	size_t at = 0;

	while (at < text.len && good) {
		struct str rest = str_of(text.p + at, text.len - at);
		size_t end;

		if (str_starts(rest, STR("$${"))) {
			fputs("${", out);
			at += 3;
		} else if (!str_starts(rest, STR("${"))) {
			putc(rest.p[0], out);
			at++;
		} else if ((end = str_find(rest, '}', 0)) == rest.len) {
			node_error_inside(errors, n, at, "this \"${\" has no \"}\"");
			good = false;
		} else {
			good = variable_put(n, at, str_of(rest.p + 2, end - 2), errors, out);
			at += end + 1;
		}
	}
	return good;
}

static void
variable_replace(struct node *n, struct arena *arena, struct errors *errors)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool good;

	ASSERT(out != NULL);
	good = variable_expand(n, errors, out);
	ASSERT(fclose(out) == 0);
	if (good && len > TEXT_MAX)
		node_error(errors, SEVERITY_ERROR, n, "the value is longer than 1 MiB");
	else if (good)
		n->text = arena_copy(arena, str_of(text, len));
	free(text);
}

void
variables_replace(struct node *n, struct arena *arena, struct errors *errors)
{
	switch (n->kind) {
	case NODE_SCALAR:
		if (n->text.len > 0 && memmem(n->text.p, n->text.len, "${", 2) != NULL) {
			n->plain = false; /* an empty variable is a value, if an empty one */
			variable_replace(n, arena, errors);
		}
		return;
	case NODE_LIST:
		NODE_EACH(n, item)
			variables_replace(item, arena, errors);
		return;
	case NODE_MAP:
		NODE_EACH_PAIR(n, key)
			variables_replace(key->next, arena, errors);
		return;
	}
}
