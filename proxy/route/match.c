#include "route/match.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* What one match may cost. The steps bound the time (a fifth of a millisecond), the rest
 * the memory; honest patterns on paths and header values stay orders of magnitude below. */
enum {
	MATCH_STEPS_MAX = 100 * 1000,
	MATCH_DEPTH_MAX = 10 * 1000,   /* nested backtracking points; without JIT only */
	MATCH_HEAP_MAX_KB = 1024,      /* without JIT only */
	MATCH_STACK_FIRST = 32 * 1024, /* with JIT only */
	MATCH_STACK_MAX = 512 * 1024,  /* address space; pages come as they are touched */
	PATTERN_TEXT_MAX = 4096,       /* bytes of one pattern */
	PATTERN_NESTING_MAX = 64       /* parentheses within parentheses */
};

/* Bytes are bytes: a path or a header value is in no encoding we could trust, so UTF stays off and
 * cannot be switched on from within a pattern. '$' is the end, never before a last newline. */
static const uint32_t pattern_options =
    PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_DOLLAR_ENDONLY;

struct pattern {
	pcre2_code *code; /* owned */
	bool jit;
	size_t stem_len;
	char stem[];
};

struct match_scratch {
	pcre2_match_data *data;       /* owned */
	pcre2_match_context *context; /* owned */
	pcre2_jit_stack *stack;       /* owned; NULL without JIT */
};

static pcre2_code *
pattern_compile(struct str text, struct pattern_error *e)
{
	pcre2_compile_context *limits = pcre2_compile_context_create(NULL);
	pcre2_code *code;
	PCRE2_SIZE offset = 0;
	int error = 0;

	ASSERT(limits != NULL);
	(void)pcre2_set_max_pattern_length(limits, PATTERN_TEXT_MAX); /* never fails */
	(void)pcre2_set_parens_nest_limit(limits, PATTERN_NESTING_MAX);
	code = pcre2_compile(
	    (PCRE2_SPTR)(text.p ? text.p : ""), text.len, pattern_options, &error, &offset, limits);
	pcre2_compile_context_free(limits);
	if (code == NULL) {
		e->offset = offset < text.len ? offset : text.len;
		if (pcre2_get_error_message(error, (PCRE2_UCHAR *)e->text, sizeof(e->text)) < 0)
			e->text[sizeof(e->text) - 1] = '\0'; /* cut short, which is all right */
	}
	return code;
}

/* Past the class that begins at i; text.len when it is not of the plain sort. */
static size_t
pattern_skip_class(struct str text, size_t i)
{
	i += text.len - i > 1 && text.p[i + 1] == '^' ? 2 : 1;
	if (i >= text.len || text.p[i] == ']')
		return text.len;
	for (; i < text.len && text.p[i] != ']'; i++) {
		if (text.p[i] == '[')
			return text.len;
		if (text.p[i] == '\\' &&
		    (++i == text.len || strchr("dDwWsS.-/_", text.p[i]) == NULL))
			return text.len;
	}
	return i;
}

/* Whether the stem can be read off the text: no alternative outside parentheses, and nothing that
 * changes how the text itself is read (options, verbs, comments, \Q). When in doubt, no. */
static bool
pattern_has_stem(struct str text)
{
	size_t depth = 0;

	if (text.len == 0 || text.p[0] != '^')
		return false;
	for (size_t i = 1; i < text.len; i++) {
		char next = i + 1 < text.len ? text.p[i + 1] : '\0';

		if (text.p[i] == '\\') {
			if (next == '\0' || strchr("QEc", next) != NULL)
				return false;
			i++;
		} else if (text.p[i] == '[') {
			i = pattern_skip_class(text, i);
			if (i == text.len)
				return false;
		} else if (text.p[i] == '(') {
			if (next == '*')
				return false;
			if (next == '?' &&
			    (i + 2 >= text.len || strchr(":=!<>P", text.p[i + 2]) == NULL))
				return false;
			depth++;
		} else if (text.p[i] == ')') {
			depth -= depth > 0;
		} else if (text.p[i] == '|' && depth == 0) {
			return false;
		}
	}
	return true;
}

static bool
pattern_byte_is_plain(char c)
{
	return c != '\0' && strchr("\\^$.[|()?*+{", c) == NULL;
}

/* Writes the literal bytes after the caret; a byte that a quantifier follows is not one of them. */
static size_t
pattern_read_stem(struct str text, char *stem)
{
	size_t n = 0, i = 1;

	if (!pattern_has_stem(text))
		return 0;
	while (i < text.len) {
		char c = text.p[i];
		size_t width = 1;

		if (c == '\\' && i + 1 < text.len && strchr("/.-_~+*?$", text.p[i + 1]) != NULL) {
			c = text.p[i + 1];
			width = 2;
		} else if (!pattern_byte_is_plain(c)) {
			break;
		}
		i += width;
		if (i < text.len && strchr("?*+{", text.p[i]) != NULL)
			break;
		stem[n++] = c;
	}
	return n;
}

struct pattern *
pattern_new(struct str text, struct pattern_error *e)
{
	pcre2_code *code = pattern_compile(text, e);
	struct pattern *p;

	if (code == NULL)
		return NULL;
	p = xmalloc(sizeof(*p) + text.len);
	p->code = code;
	/* Fails where memory may not be executable; the interpreter serves then. */
	p->jit = pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0;
	p->stem_len = pattern_read_stem(text, p->stem);
	return p;
}

bool
pattern_check(struct str text, struct pattern_error *e)
{
	pcre2_code *code = pattern_compile(text, e);

	pcre2_code_free(code); /* NULL is fine */
	return code != NULL;
}

void
pattern_free(struct pattern **p)
{
	if (*p == NULL)
		return;
	pcre2_code_free((*p)->code);
	free(*p);
	*p = NULL;
}

struct str
pattern_stem(const struct pattern *p)
{
	return str_of(p->stem, p->stem_len);
}

bool
pattern_match(const struct pattern *p, struct match_scratch *scratch, struct str subject)
{
	PCRE2_SPTR s = (PCRE2_SPTR)(subject.p ? subject.p : "");

	/* Zero means a match whose groups did not fit, negative no match or a limit. */
	if (likely(p->jit))
		return pcre2_jit_match(
			   p->code, s, subject.len, 0, 0, scratch->data, scratch->context) >= 0;
	return pcre2_match(p->code, s, subject.len, 0, 0, scratch->data, scratch->context) >= 0;
}

struct match_scratch *
match_scratch_new(void)
{
	struct match_scratch *s = xmalloc(sizeof(*s));

	*s = (struct match_scratch){
	    .data = pcre2_match_data_create(1, NULL),
	    .context = pcre2_match_context_create(NULL),
	    .stack = pcre2_jit_stack_create(MATCH_STACK_FIRST, MATCH_STACK_MAX, NULL),
	};
	ASSERT(s->data != NULL && s->context != NULL);
	/* The setters cannot fail. */
	(void)pcre2_set_match_limit(s->context, MATCH_STEPS_MAX);
	(void)pcre2_set_depth_limit(s->context, MATCH_DEPTH_MAX);
	(void)pcre2_set_heap_limit(s->context, MATCH_HEAP_MAX_KB);
	if (s->stack != NULL)
		pcre2_jit_stack_assign(s->context, NULL, s->stack);
	return s;
}

void
match_scratch_free(struct match_scratch **scratch)
{
	if (*scratch == NULL)
		return;
	pcre2_jit_stack_free((*scratch)->stack);
	pcre2_match_context_free((*scratch)->context);
	pcre2_match_data_free((*scratch)->data);
	free(*scratch);
	*scratch = NULL;
}
