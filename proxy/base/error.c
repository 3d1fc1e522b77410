#include "base/error.h"

#include <stdlib.h>

enum {
	SOURCE_MAX = 140,   /* bytes of a line that are shown */
	SOURCE_BEFORE = 60, /* of them before the caret, when the line is longer */
	TEXT_MAX = 400,     /* a sentence never grows with a hostile value */
	WORD_MAX = 64,      /* longer words are not worth a suggestion */
	SHORT_WORD = 4,     /* up to this length one typing mistake, above it two */
	LONG_WORD = 7,      /* from this length three, when it begins right */
	BEGINNING = 3,      /* letters that count as the beginning */
	NEAR = 2,
	FAR = 4, /* above every distance that counts as near */
};

void
errors_init(struct errors *e)
{
	*e = (struct errors){.last = &e->first};
}

void
errors_free(struct errors *e)
{
	struct error *error;

	while ((error = e->first) != NULL) {
		e->first = error->next;
		free(error->text);
		free(error->hint);
		free(error->source);
		free(error);
	}
	errors_init(e);
}

/* The first byte at or after `at` that begins a character. */
static size_t
error_boundary(struct str s, size_t at)
{
	while (at < s.len && (s.p[at] & 0xc0) == 0x80)
		at++;
	return at;
}

PRINTF_LIKE(1, 0)
static char *
error_sentence(const char *fmt, va_list ap)
{
	char *text = NULL;
	size_t end;
	int n = vasprintf(&text, fmt, ap);

	ASSERT(n >= 0);
	if (n > TEXT_MAX) {
		end = error_boundary(str_of(text, (size_t)n), TEXT_MAX - sizeof("..."));
		memcpy(text + end, "...", sizeof("..."));
	}
	return text;
}

/* Keeps the line, or of a long one the part around the position. */
static void
error_keep_source(struct error *error, struct str line)
{
	size_t caret = error->at.column > 0 ? error->at.column - 1 : 0;
	size_t from = 0;

	if (line.p == NULL)
		return;
	if (line.len > SOURCE_MAX && caret > SOURCE_BEFORE)
		from = error_boundary(line, caret - SOURCE_BEFORE);
	if (from > line.len)
		from = line.len;
	line = str_of(line.p + from, line.len - from);
	if (line.len > SOURCE_MAX) {
		line.len = error_boundary(line, SOURCE_MAX);
		error->cut_end = true;
	}
	error->cut = (uint32_t)from;
	error->source = str_dup(line);
}

struct error *
errors_add_list(struct errors *e, enum severity severity, struct position at, struct str source,
    const char *fmt, va_list ap)
{
	struct error *error;

	if (severity == SEVERITY_ERROR)
		e->error_count++;
	else
		e->warning_count++;
	if (e->kept == ERRORS_KEPT)
		return NULL;
	e->kept++;
	error = xcalloc(1, sizeof(*error));
	error->at = at;
	error->severity = severity;
	error->text = error_sentence(fmt, ap);
	error_keep_source(error, source);
	*e->last = error;
	e->last = &error->next;
	return error;
}

struct error *
errors_add(struct errors *e, enum severity severity, struct position at, struct str source,
    const char *fmt, ...)
{
	struct error *error;
	va_list ap;

	va_start(ap, fmt);
	error = errors_add_list(e, severity, at, source, fmt, ap);
	va_end(ap);
	return error;
}

void
error_hint(struct error *error, const char *fmt, ...)
{
	va_list ap;

	if (error == NULL)
		return;
	free(error->hint);
	va_start(ap, fmt);
	error->hint = error_sentence(fmt, ap);
	va_end(ap);
}

/* A character as it is read from text that may be hostile. */
struct glyph {
	size_t len;
	uint32_t code;
	bool shown; /* as it is; else escaped */
};

/* What moves the cursor, colours the terminal or turns the direction of text is never passed on:
 * C0, DEL, C1, bidirectional controls; nor is what is not UTF-8. */
static bool
glyph_is_plain(uint32_t c)
{
	return c >= ' ' && !(c >= 0x7f && c < 0xa0) && !(c >= 0x200b && c <= 0x200f) &&
	       !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069) && c != 0xfeff;
}

static struct glyph
glyph_at(const char *p)
{
	unsigned char c = (unsigned char)p[0];
	size_t len = c < 0x80 ? 1 : c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;
	uint32_t code = len == 1 ? c : len == 2 ? c & 0x1fu : len == 3 ? c & 0x0fu : c & 0x07u;

	if (len == 0 || c >= 0xf5)
		return (struct glyph){1, c, false};
	for (size_t i = 1; i < len; i++) { /* ends at a NUL too, which continues nothing */
		if ((p[i] & 0xc0) != 0x80)
			return (struct glyph){1, c, false};
		code = code << 6 | ((unsigned char)p[i] & 0x3fu);
	}
	return (struct glyph){len, code, glyph_is_plain(code)};
}

static void
error_put_glyph(const char *p, const struct glyph *g, FILE *out)
{
	if (g->shown)
		fprintf(out, "%.*s", (int)g->len, p);
	else
		fprintf(out, g->len > 1 ? "\\u%04x" : "\\x%02x", g->code);
}

static void
error_put(const char *text, FILE *out)
{
	for (struct glyph g; *text != '\0'; text += g.len) {
		g = glyph_at(text);
		error_put_glyph(text, &g, out);
	}
}

static void
error_put_place(const struct position *at, FILE *out)
{
	if (at->file == NULL)
		return;
	error_put(at->file, out);
	if (at->line > 0)
		fprintf(out, ":%u", at->line);
	if (at->line > 0 && at->column > 0)
		fprintf(out, ":%u", at->column);
	fputs(": ", out);
}

/* The line itself; a tab stays a tab so that the caret's line, which repeats it, lines up. */
static void
error_put_source(const struct error *error, FILE *out)
{
	const char *p = error->source;

	if (error->cut > 0)
		fputs("...", out);
	for (struct glyph g; *p != '\0'; p += g.len) {
		g = glyph_at(p);
		if (*p == '\t')
			putc('\t', out);
		else
			error_put_glyph(p, &g, out);
	}
	fputs(error->cut_end ? "...\n" : "\n", out);
}

/* How many columns of the terminal the glyph takes as error_put_glyph() writes it. */
static size_t
glyph_cells(const struct glyph *g)
{
	return g->shown ? 1 : g->len > 1 ? sizeof("\\u1234") - 1 : sizeof("\\x12") - 1;
}

/* Blanks up to the position, then ^~~~ as wide as what is meant. */
static void
error_put_caret(const struct error *error, FILE *out)
{
	const char *p = error->source, *end = p + strlen(p);
	size_t left = (size_t)(end - p), caret = error->at.column - 1 - error->cut, cells = 0;
	const char *from = p + (caret < left ? caret : left);
	const char *to = from + ((size_t)(end - from) < error->at.width ? (size_t)(end - from)
									: error->at.width);

	if (error->cut > 0)
		fputs("   ", out);
	for (struct glyph g; p < from; p += g.len) {
		g = glyph_at(p);
		if (*p == '\t')
			putc('\t', out);
		else
			fprintf(out, "%*s", (int)glyph_cells(&g), "");
	}
	putc('^', out);
	for (struct glyph g; p < to; p += g.len) {
		g = glyph_at(p);
		cells += *p == '\t' ? 1 : glyph_cells(&g);
	}
	for (; cells > 1; cells--)
		putc('~', out);
}

static void
error_print(const struct error *error, FILE *out, bool color)
{
	static const char *const names[] = {
	    [SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning"};
	static const char *const paints[] = {
	    [SEVERITY_ERROR] = "\033[1;31m", [SEVERITY_WARNING] = "\033[1;35m"};

	error_put_place(&error->at, out);
	fprintf(out, "%s%s:%s ", color ? paints[error->severity] : "", names[error->severity],
	    color ? "\033[0m" : "");
	error_put(error->text, out);
	putc('\n', out);
	if (error->source != NULL && error->at.line > 0) {
		fprintf(out, "%5u | ", error->at.line);
		error_put_source(error, out);
	}
	if (error->source != NULL && error->at.line > 0 && error->at.column > 0) {
		fprintf(out, "%*s | ", snprintf(NULL, 0, "%5u", error->at.line), "");
		error_put_caret(error, out);
		putc(error->hint ? ' ' : '\n', out);
	} else if (error->hint != NULL) {
		fputs("      | ", out);
	}
	if (error->hint != NULL) {
		error_put(error->hint, out);
		putc('\n', out);
	}
}

struct sorted {
	const struct error *error;
	size_t added; /* as the how-manieth; keeps the order among equals */
};

static int
error_order(const void *va, const void *vb)
{
	const struct sorted *sa = va, *sb = vb;
	const struct error *a = sa->error, *b = sb->error;
	const char *file_a = a->at.file ? a->at.file : "", *file_b = b->at.file ? b->at.file : "";
	int files = strcmp(file_a, file_b);

	if (files != 0)
		return files;
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	if (a->at.column != b->at.column)
		return a->at.column < b->at.column ? -1 : 1;
	return sa->added < sb->added ? -1 : 1;
}

void
errors_print(const struct errors *e, FILE *out, bool color)
{
	struct sorted *sorted = xcalloc(e->kept, sizeof(*sorted));
	size_t n = 0;

	for (const struct error *error = e->first; error != NULL; error = error->next, n++)
		sorted[n] = (struct sorted){error, n};
	qsort(sorted, n, sizeof(*sorted), error_order);
	for (size_t i = 0; i < n; i++)
		error_print(sorted[i].error, out, color);
	if (e->error_count + e->warning_count > n)
		fprintf(out, "and %zu more\n", (size_t)e->error_count + e->warning_count - n);
	free(sorted);
}

static inline unsigned char
error_lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static inline unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Damerau distance with adjacent transpositions, case-blind; three rows of the usual table, of
 * which only the diagonal band that can stay below FAR is filled. */
static unsigned
error_distance(struct str a, struct str b)
{
	unsigned rows[3][WORD_MAX + 1];

	memset(rows, 0, sizeof(rows));
	for (size_t j = 0; j <= b.len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.len; i++) {
		unsigned *now = rows[i % 3], *before = rows[(i + 2) % 3];
		const unsigned *twice = rows[(i + 1) % 3];
		size_t from = i > FAR ? i - FAR : 1, to = i + FAR < b.len ? i + FAR : b.len;
		unsigned best = FAR;

		now[from - 1] = from == 1 ? (unsigned)i : FAR;
		if (i + FAR <= b.len)
			before[to] = FAR; /* outside of the row's band */
		for (size_t j = from; j <= to; j++) {
			unsigned char x = error_lower(a.p[i - 1]), y = error_lower(b.p[j - 1]);

			now[j] = least(least(before[j], now[j - 1]) + 1, before[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == error_lower(b.p[j - 2]) &&
			    y == error_lower(a.p[i - 2]))
				now[j] = least(now[j], twice[j - 2] + 1);
			best = least(best, now[j]);
		}
		if (best >= FAR)
			return FAR;
	}
	return rows[a.len % 3][b.len];
}

/* The largest distance at which the candidate may still be meant. */
static unsigned
error_reach(struct str word, struct str candidate)
{
	if (word.len <= 1)
		return 0;
	if (word.len <= SHORT_WORD)
		return 1;
	if (word.len >= LONG_WORD && candidate.len > BEGINNING &&
	    str_eq_case(str_of(word.p, BEGINNING), str_of(candidate.p, BEGINNING)))
		return FAR - 1;
	return NEAR;
}

const char *
error_suggest(struct str word, const char *const *words, size_t n)
{
	unsigned best = FAR;
	const char *found = NULL;

	if (word.len == 0 || word.len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n && best > 0; i++) {
		struct str candidate = str_from(words[i]);
		unsigned distance, reach = error_reach(word, candidate);

		if (candidate.len > WORD_MAX || candidate.len + reach < word.len ||
		    word.len + reach < candidate.len)
			continue;
		distance = error_distance(word, candidate);
		if (distance <= reach && distance < best) {
			best = distance;
			found = words[i];
		}
	}
	return found;
}
