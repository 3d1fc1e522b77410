/* error - what is wrong with a file, in sentences with positions. Errors and warnings of one load
 * are collected in one list and printed in the one form every door of weir uses:
 *
 *	weir.yaml:13:5: error: unknown key "retires" in a route
 *	   13 |     retires: 2
 *	      |     ^~~~~~~ did you mean "retry"?
 *
 * Run time never uses this: there a failure is an enum fault. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"

/* Where something was written. file is borrowed and lives as long as the process' documents. */
struct position {
	const char *file; /* NULL: not from a file (command line, environment) */
	uint32_t line;    /* from 1; 0: the whole file */
	uint32_t column;  /* from 1, in bytes */
	uint32_t width;   /* how much the caret underlines; 0 or 1: a caret alone */
};

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct error {
	struct error *next;
	struct position at;
	enum severity severity;
	char *text;   /* owned: "unknown key \"retires\" in a route" */
	char *hint;   /* owned, or NULL: "did you mean \"retry\"?" */
	char *source; /* owned, or NULL: the line of the file, or the part of it around `at` */
	uint32_t cut; /* bytes of the line left out before source */
	bool cut_end; /* there is more of the line after source */
};

/* Above this many of one file nobody reads on: the rest is only counted. */
enum { ERRORS_KEPT = 200 };

struct errors {
	struct error *first, **last; /* in the order they were added */
	unsigned error_count, warning_count, kept;
};

void errors_init(struct errors *e);
void errors_free(struct errors *e);

/* Adds one; the newest is returned so that a hint can be set, NULL when it was only counted.
 * source, the whole line, is copied (STR_NONE: none). */
struct error *errors_add(struct errors *e, enum severity severity, struct position at,
    struct str source, const char *fmt, ...) PRINTF_LIKE(5, 6);
struct error *errors_add_list(struct errors *e, enum severity severity, struct position at,
    struct str source, const char *fmt, va_list ap) PRINTF_LIKE(5, 0);
/* A no-op on NULL. */
void error_hint(struct error *error, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* All of them, by file and line, in text form; colour when asked. Ends with no summary line. */
void errors_print(const struct errors *e, FILE *out, bool color);

/* The nearest of `n` words to `word` by Damerau distance: 2, less for short words, 3 for long ones
 * that begin alike. NULL: none. */
const char *error_suggest(struct str word, const char *const *words, size_t n);

#endif
