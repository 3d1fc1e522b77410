#include "config/syntax.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	INDENT_SLIP = 3,    /* a key at most so many columns off was meant to align */
	INDENT_LINES = 200, /* how far above to look for what it was meant to align with */
};

/* The first words of a line: "  - match: x" has a dash at column 3 and the word match at 5. */
struct syntax_words {
	struct str word;
	uint32_t dash, column; /* from 1; dash 0: none */
};

static void
syntax_add(struct document *d, struct position at, struct errors *errors, const char *text,
    const char *hint)
{
	struct error *error =
	    errors_add(errors, SEVERITY_ERROR, at, document_line(d, at.line), "%s", text);

	if (hint != NULL)
		error_hint(error, "%s", hint);
}

/* False for a line of blanks or comment. */
static bool
syntax_words(struct str line, struct syntax_words *out)
{
	size_t at = 0, end;

	*out = (struct syntax_words){0};
	for (;; at++) {
		while (at < line.len && line.p[at] == ' ')
			at++;
		if (at + 1 >= line.len || line.p[at] != '-' || line.p[at + 1] != ' ')
			break;
		out->dash = (uint32_t)at + 1;
	}
	if (at >= line.len || line.p[at] == '#' || line.p[at] == '\r')
		return false;
	for (end = at; end < line.len && line.p[end] != ':' && line.p[end] != ' '; end++)
		;
	out->word = str_of(line.p + at, end - at);
	out->column = (uint32_t)at + 1;
	return true;
}

/* The slip that best explains a line that fits nowhere: the nearest line above that begins a few
 * columns further left or right. */
static bool
syntax_indent(struct document *d, uint32_t line, struct errors *errors)
{
	static const char *const counts[] = {"no", "one", "two", "three"};
	struct syntax_words own, above, best = {0};
	uint32_t best_line = 0;
	int slip = INDENT_SLIP + 1;
	struct position at = {.file = document_name(d), .line = line};

	if (!syntax_words(document_line(d, line), &own))
		return false;
	for (uint32_t l = line; l-- > 1 && line - l < INDENT_LINES && abs(slip) > 1;) {
		int off;

		if (!syntax_words(document_line(d, l), &above) || (own.dash && !above.dash))
			continue;
		off = own.dash ? (int)own.dash - (int)above.dash
			       : (int)own.column - (int)above.column;
		if (off == 0)
			break; /* it does align with something */
		if (abs(off) < abs(slip)) {
			slip = off;
			best = above;
			best_line = l;
		}
	}
	if (best_line == 0)
		return false;
	at.column = own.dash ? own.dash : own.column;
	at.width = (uint32_t)own.word.len + own.column - at.column;
	errors_add(errors, SEVERITY_ERROR, at, document_line(d, line),
	    "\"%s%.*s\" is %s space%s %s \"%s%.*s\" (line %u)", own.dash ? "- " : "",
	    STR_FMT(own.word), counts[abs(slip)], abs(slip) == 1 ? "" : "s",
	    slip < 0 ? "short of" : "past", own.dash ? "- " : "", STR_FMT(best.word), best_line);
	return true;
}

/* The end of the value that begins at `from`, as its writer meant it: up to a comment, to ": ", or
 * in brackets to what separates there. */
static size_t
syntax_value_end(struct str line, size_t from)
{
	bool flow = false;
	unsigned inner = 0;
	size_t end;

	for (size_t i = 0; i < from; i++)
		flow |= line.p[i] == '{' || line.p[i] == '[';
	for (end = from; end < line.len; end++) {
		char c = line.p[end], next = end + 1 < line.len ? line.p[end + 1] : ' ';

		if ((c == ' ' && next == '#') || (c == ':' && next == ' ') || c == '\r')
			break;
		if (flow && inner == 0 && (c == ',' || c == '}' || c == ']'))
			break;
		inner += c == '{' || c == '[';
		inner -= inner > 0 && (c == '}' || c == ']');
	}
	while (end > from && line.p[end - 1] == ' ')
		end--;
	return end;
}

/* "quote it", with the value as it should have been written. */
static void
syntax_quote(struct document *d, struct position at, struct errors *errors, const char *text)
{
	struct str line = document_line(d, at.line);
	size_t from = at.column - 1 < line.len ? at.column - 1 : line.len;
	size_t end = syntax_value_end(line, from);
	struct error *error;

	at.width = (uint32_t)(end - from);
	error = errors_add(errors, SEVERITY_ERROR, at, line, "%s", text);
	if (end > from)
		error_hint(error, "quote it: \"%.*s\"", (int)(end - from), line.p + from);
	else
		error_hint(error, "quote it");
}

/* Values that YAML takes for brackets: [::1]:80 and ${NAME} inside of {}. */
static bool
syntax_brackets(struct document *d, const struct position *problem, struct errors *errors)
{
	struct str line = document_line(d, problem->line);
	size_t before = problem->column < line.len ? problem->column : line.len, at = before;
	struct position from = *problem;

	while (at-- > 0) {
		struct str rest = str_of(line.p + at, line.len - at);
		size_t close = str_find(rest, ']', 0);

		if (str_starts(rest, STR("${"))) {
			from.column = (uint32_t)at + 1;
			syntax_quote(d, from, errors, "inside of braces a variable needs quotes");
			return true;
		}
		if (rest.p[0] == '[' && close + 1 < rest.len && rest.p[close + 1] == ':' &&
		    str_find(rest, ':', 0) < close) {
			from.column = (uint32_t)at + 1;
			syntax_quote(d, from, errors, "an IPv6 address needs quotes");
			return true;
		}
	}
	return false;
}

static bool
syntax_is(const struct syntax_problem *p, const char *words)
{
	return p->text != NULL && strstr(p->text, words) != NULL;
}

/* A line that YAML cannot fit below the lines above it. */
static bool
syntax_structure(struct document *d, const struct syntax_problem *p, struct errors *errors)
{
	struct syntax_words own;
	struct str line = document_line(d, p->at.line);
	struct position at = p->at;

	if (syntax_is(p, "mapping values are not allowed") && syntax_words(line, &own) &&
	    own.column - 1 + own.word.len + 1 < p->at.column) {
		at.column = (uint32_t)str_find(line, ':', 0) + 2;
		while (at.column <= line.len && line.p[at.column - 1] == ' ')
			at.column++;
		at.width = (uint32_t)line.len + 1 - at.column;
		error_hint(errors_add(errors, SEVERITY_ERROR, at, line,
			       "a value with \": \" inside needs quotes"),
		    "quote it: \"%.*s\"", (int)at.width, line.p + at.column - 1);
		return true;
	}
	if (syntax_is(p, "mapping values are not allowed") ||
	    syntax_is(p, "did not find expected '-' indicator") ||
	    syntax_is(p, "block sequence entries are not allowed") ||
	    syntax_is(p, "did not find expected <document start>") ||
	    syntax_is(p, "did not find expected key"))
		return syntax_indent(d, p->at.line, errors);
	return false;
}

static bool
syntax_character(struct document *d, const struct syntax_problem *p, struct errors *errors)
{
	struct str line = document_line(d, p->at.line);
	char text[64], c = p->at.column - 1 < line.len ? line.p[p->at.column - 1] : '\0';

	if (syntax_is(p, "a tab character") ||
	    (syntax_is(p, "cannot start any token") && c == '\t')) {
		syntax_add(d, p->at, errors, "YAML does not allow tabs; use spaces", NULL);
		return true;
	}
	if (syntax_is(p, "cannot start any token")) {
		snprintf(text, sizeof(text), "a value cannot begin with \"%c\"", c);
		syntax_quote(d, p->at, errors, text);
		return true;
	}
	if (syntax_is(p, "did not find expected alphabetic or numeric character")) {
		syntax_quote(
		    d, p->began_at, errors, "a value that begins with \"*\" or \"&\" needs quotes");
		return true;
	}
	return false;
}

/* An opening bracket that is never closed, seen only lines later. */
static bool
syntax_open(struct document *d, const struct syntax_problem *p, struct errors *errors)
{
	bool list = syntax_is(p, "did not find expected ',' or ']'");
	char text[64];

	if (!list && !syntax_is(p, "did not find expected ',' or '}'"))
		return false;
	if (p->at.line == p->began_at.line) {
		snprintf(text, sizeof(text), "expected \",\" or \"%c\" here", list ? ']' : '}');
		syntax_add(d, p->at, errors, text, NULL);
		return true;
	}
	snprintf(text, sizeof(text), "this \"%c\" is never closed", list ? '[' : '{');
	syntax_add(d, p->began_at, errors, text,
	    list ? "write [A, B] on one line, or the items below with dashes"
		 : "write {KEY: VALUE} on one line, or the keys below without braces");
	return true;
}

/* libyaml's words and ours, where the place needs no second look. */
static const struct syntax_row {
	const char *theirs, *text, *hint;
	bool at_beginning; /* the place where it began, not where it was noticed */
} syntax_rows[] = {
    {"could not find expected ':'", "this line has no \":\" after its key",
	"write KEY: VALUE, with a space", true},
    {"found unexpected end of stream", "this quote is never closed", NULL, true},
    {"found unexpected document indicator", "this quote is never closed", NULL, true},
    {"found unknown escape character", "double quotes do not know this escape",
	"in single quotes a backslash is just a backslash", false},
    {"hexdecimal number", "this escape wants hexadecimal digits", NULL, false},
    {"control characters are not allowed", "a control character", "the file has to be text", false},
    {"invalid leading UTF-8", "this is not UTF-8", "save the file as UTF-8", false},
    {"incomplete UTF-8", "this is not UTF-8", "save the file as UTF-8", false},
    {"invalid trailing UTF-8", "this is not UTF-8", "save the file as UTF-8", false},
    {"invalid length of a UTF-8", "this is not UTF-8", "save the file as UTF-8", false},
    {"invalid Unicode", "this is not UTF-8", "save the file as UTF-8", false},
    {"did not find expected <document start>", "this line fits nothing above it", NULL, false},
    {"did not find expected '-' indicator", "expected a list item here, \"- ...\"", NULL, false},
    {"did not find expected key", "expected a key here, \"KEY: VALUE\"", NULL, false},
    {"did not find expected node content", "expected a value here", NULL, false},
    {"mapping values are not allowed", "a \":\" is not possible here",
	"quote the value, or check the indentation", false},
    {"block sequence entries are not allowed", "a list item is not possible here",
	"put \"- ...\" on a line of its own", false},
};

void
syntax_explain(struct document *d, const struct syntax_problem *p, struct errors *errors)
{
	if (syntax_character(d, p, errors))
		return;
	if ((syntax_is(p, "node content") || syntax_is(p, "did not find expected")) &&
	    syntax_brackets(d, &p->at, errors))
		return;
	if (syntax_structure(d, p, errors) || syntax_open(d, p, errors))
		return;
	for (size_t i = 0; i < nelem(syntax_rows); i++) {
		const struct syntax_row *row = &syntax_rows[i];

		if (syntax_is(p, row->theirs)) {
			syntax_add(d, row->at_beginning ? p->began_at : p->at, errors, row->text,
			    row->hint);
			return;
		}
	}
	errors_add(errors, SEVERITY_ERROR, p->at, document_line(d, p->at.line), "bad YAML: %s%s%s",
	    p->began ? p->began : "", p->began ? ": " : "", p->text ? p->text : "unknown");
}
