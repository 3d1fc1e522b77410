/* The scalars that say which requests are meant: hosts, paths, matches, patterns. */
#include "config/value_parts.h"
#include "route/match.h"

enum {
	PATH_MAX_LEN = 4096,
	TEXT_MAX_LEN = 4096,
	TEXT_SHOWN_FROM = 1, /* people count characters from one */
};

static void
value_inside(struct value_wrong *w, size_t offset)
{
	w->inside = true;
	w->offset = offset;
}

/* The pattern starts at `offset` of the scalar. */
static bool
value_pattern(struct str text, size_t offset, struct value_wrong *w)
{
	struct pattern_error e;

	if (text.len > 0 && pattern_check(text, &e))
		return true;
	if (text.len == 0)
		return WRONG(w, "the pattern after \"~\" is empty");
	value_inside(w, offset + e.offset);
	return WRONG(w, "bad pattern at character %zu: %s", e.offset + TEXT_SHOWN_FROM, e.text);
}

/* [::1] as a host. */
static bool
value_is_literal(struct str text)
{
	struct addr ip;

	return text.len > 2 && text.p[0] == '[' && addr_parse_ip(text, &ip);
}

static bool
value_host_wrong(struct str text, struct value_wrong *w)
{
	size_t colon = str_find(text, ':', 0);

	WRONG(w, "\"%.*s%s\" is not a host", SHOWN(text));
	if (str_find(text, '*', 0) < text.len)
		return HINT(w, "\"*\" stands alone or first, as in *.example.com");
	if (str_starts(str_from_at(text, colon), STR("://")))
		return HINT(w, "leave out %.*s://", (int)colon, text.p);
	if (value_is_hostname(str_of(text.p, colon)))
		return HINT(w, "leave out the port: the listener decides it");
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.p[i] >= 0x80)
			return HINT(w, "write an international name in its xn-- form");
	return HINT(w, "write www.example.com, *.example.com or *");
}

bool
value_host(struct str text, char *room, struct str *host, struct value_wrong *w)
{
	struct str name = str_starts(text, STR("*.")) ? str_from_at(text, 2) : text;

	*host = STR_NONE;
	if (str_eq(text, STR("*")))
		return true;
	if (!value_is_hostname(name) && !value_is_literal(text))
		return value_host_wrong(text, w);
	for (size_t i = 0; i < text.len; i++)
		room[i] =
		    (char)(text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] | 0x20 : text.p[i]);
	*host = str_of(room, text.len);
	return true;
}

/* Requests with "." or ".." segments are refused, so that such a path would never match. */
static bool
value_has_dots(struct str path)
{
	struct str segment;

	while (str_cut(&path, '/', &segment))
		if (str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
			return true;
	return false;
}

static bool
value_plain_path(struct str text, enum model_path *kind, struct str *path, struct value_wrong *w)
{
	struct str body = str_ends(text, STR("/*")) ? str_of(text.p, text.len - 2) : text;
	size_t star = str_find(body, '*', 0);

	if (text.len == 0 || text.p[0] != '/') {
		WRONG(w, "\"%.*s%s\" is not a path", SHOWN(text));
		return HINT(w, "a path begins with \"/\", a pattern with \"~\"");
	}
	for (size_t i = 0; i < body.len; i++) {
		unsigned char c = (unsigned char)body.p[i];

		if (c > ' ' && c < 0x7f && c != '?' && c != '#')
			continue;
		value_inside(w, i);
		WRONG(w, "a path cannot hold this character");
		return c == '?' ? HINT(w, "match parameters with query: {NAME: VALUE}")
				: HINT(w, "write it percent-encoded, as requests do");
	}
	if (star < body.len) {
		value_inside(w, star);
		WRONG(w, "\"*\" can only be the whole last segment of a path");
		return HINT(w, "for more, write a pattern: ~^/a/[^/]+/b$");
	}
	if (value_has_dots(body))
		return WRONG(
		    w, "\".\" and \"..\" in a path never match: such requests are refused");
	if (text.len > PATH_MAX_LEN)
		return WRONG(w, "a path is at most %d bytes long", PATH_MAX_LEN);
	*kind = body.len == text.len ? PATH_EXACT : body.len == 0 ? PATH_ANY : PATH_PREFIX;
	*path = *kind == PATH_ANY ? STR_NONE : body;
	return true;
}

/* `offset` is where the text begins in its scalar. */
static bool
value_path_at(
    struct str text, size_t offset, enum model_path *kind, struct str *path, struct value_wrong *w)
{
	if (text.len > 0 && text.p[0] == '~') {
		*kind = PATH_PATTERN;
		*path = str_from_at(text, 1);
		return value_pattern(*path, offset + 1, w);
	}
	if (value_plain_path(text, kind, path, w))
		return true;
	w->offset += offset;
	return false;
}

bool
value_path(struct str text, enum model_path *kind, struct str *path, struct value_wrong *w)
{
	return value_path_at(text, 0, kind, path, w);
}

bool
value_match(struct str text, char *room, struct model_route *out, struct value_wrong *w)
{
	size_t slash = str_find(text, '/', 0);
	struct str host = str_of(text.p, slash), path = str_from_at(text, slash);

	out->host = STR_NONE;
	out->path_kind = PATH_ANY;
	out->path = STR_NONE;
	if (str_eq(text, STR("any")))
		return true;
	if (text.len == 0) {
		WRONG(w, "the match is empty");
		return HINT(w, "write any, or HOST/PATH");
	}
	if (slash > 0 && text.p[slash - 1] == ':' && str_starts(path, STR("//"))) {
		WRONG(w, "\"%.*s%s\" is not HOST/PATH", SHOWN(text));
		return HINT(w, "leave out the scheme, as in www.example.com/*");
	}
	if (host.len > 0 && !value_host(host, room, &out->host, w))
		return false;
	if (path.len == 0) /* a host alone is all of it */
		return true;
	if (str_starts(path, STR("/~")))
		return value_path_at(
		    str_from_at(path, 1), slash + 1, &out->path_kind, &out->path, w);
	return value_path_at(path, slash, &out->path_kind, &out->path, w);
}

bool
value_predicate(struct str text, struct model_predicate *out, struct value_wrong *w)
{
	out->value = text;
	if (str_eq(text, STR("present"))) {
		out->kind = VALUE_PRESENT;
		out->value = STR_NONE;
		return true;
	}
	if (text.len > 0 && text.p[0] == '~') {
		out->kind = VALUE_PATTERN;
		out->value = str_from_at(text, 1);
		return value_pattern(out->value, 1, w);
	}
	out->kind = VALUE_EXACT;
	if (text.len > TEXT_MAX_LEN)
		return WRONG(w, "at most %d bytes", TEXT_MAX_LEN);
	if (value_control(text) < text.len)
		return WRONG(w, "this has a line break or another control character inside");
	return true;
}
