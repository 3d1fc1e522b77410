#include "config/source.h"

#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	READ_STEP = 64 << 10,
	FIRST_LINES = 256,
	BREAK_MAX = 3, /* bytes of the longest line break */
};

/* Positions stay in the model, in errors and in the report of a reload. There are only ever as many
 * names as there are files, so each is kept once, for good. */
const char *
source_keep_name(const char *name)
{
	static struct map names; /* control thread only */
	const char *kept = map_get(&names, str_from(name));

	if (kept == NULL) {
		char *copy = xstrdup(name);

		map_put(&names, str_from(copy), copy);
		kept = copy;
	}
	return kept;
}

/* Reads on to the end instead of asking fstat: the file may be a pipe. */
char *
source_slurp(const char *path, size_t max, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), saved;
	size_t room = 0;
	char *bytes = NULL;
	ssize_t n;

	*len = 0;
	if (fd < 0)
		return NULL;
	do {
		if (*len == room) {
			room = room ? room * 2 : READ_STEP;
			bytes = xrealloc(bytes, room);
		}
		n = read(fd, bytes + *len, room - *len);
		if (n > 0)
			*len += (size_t)n;
	} while ((n > 0 && *len <= max) || (n < 0 && errno == EINTR));
	saved = errno;
	close(fd);
	if (n < 0) {
		free(bytes);
		errno = saved;
		return NULL;
	}
	return bytes;
}

char *
source_beside(const char *file, struct str path)
{
	const char *slash = strrchr(file, '/');

	if (slash == NULL || (path.len > 0 && path.p[0] == '/'))
		return str_dup(path);
	return xasprintf("%.*s/%.*s", (int)(slash - file), file, STR_FMT(path));
}

void
source_init(struct source *s, const char *name, char *bytes, size_t len)
{
	*s = (struct source){
	    .name = source_keep_name(name), .bytes = bytes, .text = {bytes, len}, .ascii = true};
	if (str_starts(s->text, STR("\xef\xbb\xbf")))
		s->text = str_of(bytes + 3, len - 3);
	for (size_t i = 0; i < s->text.len && s->ascii; i++)
		s->ascii = (unsigned char)s->text.p[i] < 0x80;
}

void
source_free(struct source *s)
{
	free(s->lines);
	free(s->bytes);
	*s = (struct source){0};
}

/* The length of a line break at p, as libyaml sees them: LF, CR, CRLF, NEL, LS, PS. */
static size_t
source_break(const char *p, const char *end)
{
	size_t left = (size_t)(end - p);

	if (*p == '\n')
		return 1;
	if (*p == '\r')
		return left > 1 && p[1] == '\n' ? 2 : 1;
	if (left > 1 && memcmp(p, "\xc2\x85", 2) == 0)
		return 2;
	if (left > 2 && (memcmp(p, "\xe2\x80\xa8", 3) == 0 || memcmp(p, "\xe2\x80\xa9", 3) == 0))
		return 3;
	return 0;
}

/* Each line's start, and one more behind the last. */
static void
source_find_lines(struct source *s)
{
	const char *p = s->text.p, *end = p + s->text.len;
	size_t room = FIRST_LINES, n = 0;

	s->lines = xmalloc(room * sizeof(*s->lines));
	s->lines[n++] = 0;
	while (p < end) {
		size_t len = source_break(p, end);

		p += len ? len : 1;
		if (len == 0)
			continue;
		if (n + 1 == room) {
			room *= 2;
			s->lines = xrealloc(s->lines, room * sizeof(*s->lines));
		}
		s->lines[n++] = (uint32_t)(p - s->text.p);
	}
	s->lines[n] = (uint32_t)s->text.len;
	s->n_lines = n;
}

static void
source_want_lines(struct source *s)
{
	if (s->lines == NULL)
		source_find_lines(s);
}

struct str
source_line(struct source *s, uint32_t line)
{
	const char *p, *end, *last;

	source_want_lines(s);
	if (line == 0 || line > s->n_lines)
		return STR_NONE;
	p = s->text.p + s->lines[line - 1];
	end = last = s->text.p + s->lines[line];
	/* The break at its end is one to three bytes: the longest that fits is it. */
	for (const char *q = end - p < BREAK_MAX ? p : end - BREAK_MAX;
	     last == end && q < end && line < s->n_lines; q++)
		if (source_break(q, end) == (size_t)(end - q))
			last = q;
	return str_of(p, (size_t)(last - p));
}

static size_t
source_char_len(unsigned char c)
{
	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

uint32_t
source_column(struct source *s, uint32_t line, uint32_t chars)
{
	size_t at;

	if (s->ascii)
		return chars + 1;
	source_want_lines(s);
	if (line > s->n_lines)
		return 1;
	if (line != s->seen_line || chars < s->seen_chars) {
		s->seen_line = line;
		s->seen_chars = 0;
		s->seen_at = s->lines[line - 1];
	}
	for (at = s->seen_at; s->seen_chars < chars && at < s->text.len; s->seen_chars++)
		at += source_char_len((unsigned char)s->text.p[at]);
	s->seen_at = at;
	return (uint32_t)(at - s->lines[line - 1]) + 1;
}

uint32_t
source_find(struct source *s, size_t at, uint32_t *column)
{
	size_t from = 0, to;

	source_want_lines(s);
	to = s->n_lines;
	while (to - from > 1) {
		size_t middle = from + (to - from) / 2;

		if (s->lines[middle] <= at)
			from = middle;
		else
			to = middle;
	}
	*column = (uint32_t)(at - s->lines[from]) + 1;
	return (uint32_t)from + 1;
}
