/* source - the text of one file, and where its lines begin. Counts columns in bytes and lines as
 * libyaml counts them. Read from files, pipes or memory; never changed. */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include "base/str.h"

struct source {
	const char *name; /* lives as long as the process: positions outlive every document */
	char *bytes;      /* owned */
	struct str text;  /* of bytes, without a byte order mark */
	uint32_t *lines;  /* owned; where each line begins. Made when the first one is asked for */
	size_t n_lines;
	bool ascii; /* a character is a byte */
	uint32_t seen_line, seen_chars;
	size_t seen_at; /* the place that was counted out last */
};

/* The one lasting copy of a file's name. */
const char *source_keep_name(const char *name);
/* The bytes of a file, at most max and one more, which tells that there are too many; to be
 * released with free(). NULL: errno says why. */
char *source_slurp(const char *path, size_t max, size_t *len);

/* The path as seen from the folder of `file`; to be released with free(). */
char *source_beside(const char *file, struct str path);

/* Takes bytes. */
void source_init(struct source *s, const char *name, char *bytes, size_t len);
void source_free(struct source *s);

/* One line, from 1, without its end; STR_NONE beyond the last one. */
struct str source_line(struct source *s, uint32_t line);
/* The column, from 1, of the character after `chars` others. Cheap when asked in order. */
uint32_t source_column(struct source *s, uint32_t line, uint32_t chars);
/* The line that holds this byte; *column, from 1, is where in it. */
uint32_t source_find(struct source *s, size_t at, uint32_t *column);

#endif
