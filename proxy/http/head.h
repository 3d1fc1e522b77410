/* head - the head of a request or a response as a value: start line and fields in the order they
 * came, borrowed from the bytes they were parsed from (the stream's arena). Whoever builds or
 * changes a head allocates from the same arena. No framing (framing.h), no syntax (h1_parse.h). */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "base/arena.h"
#include "http/names.h"

struct field {
	const char *name;  /* as written, case kept */
	const char *value; /* byte-exact, without white space around it; never folded */
	uint32_t value_len;
	uint16_t name_len;
	uint8_t id; /* enum field_id */
	bool line;  /* name, ": ", value and CRLF stand so in memory: it is written in one piece */
};

struct fields {
	struct field *v; /* in the arena */
	uint32_t n, room;
	uint64_t present; /* bit per field_id: a cheap "surely absent" */
	uint64_t doubled; /* bit per field_id: came more than once */
};

struct head {
	struct fields fields;
	enum method method; /* from here to query: requests only */
	struct str method_text;
	struct str target;    /* as received */
	struct str authority; /* host[:port] of the absolute form and of Host, which agree */
	struct str host;      /* authority without port, as received; brackets kept for IPv6 */
	struct str path;      /* always starts with '/', or is "*" */
	struct str query;     /* after '?', without it; p is NULL when there is no '?' */
	uint16_t status;      /* this and reason: responses only */
	struct str reason;
	uint8_t minor; /* HTTP/1.minor as received; 2 never appears here */
};

/* The first with this id or name; NULL: absent. */
const struct field *fields_find(const struct fields *f, enum field_id id);
const struct field *fields_find_name(const struct fields *f, struct str name);
/* Appends; grows in the arena. False only when the arena is full. */
bool fields_add(struct fields *f, struct arena *a, struct str name, struct str value) NODISCARD;
/* Makes room for `more` fields beyond the n there are. False as above. */
bool fields_reserve(struct fields *f, struct arena *a, uint32_t more) NODISCARD;

/* What the line of this field has, CRLF included. */
static inline size_t
field_line_len(const struct field *f)
{
	return f->name_len + strlen(": \r\n") + f->value_len;
}

static inline bool
fields_doubled(const struct fields *f, enum field_id id)
{
	return (f->doubled >> id & 1) != 0;
}

static inline struct str
field_value(const struct field *f) /* STR_NONE for NULL */
{
	return f ? str_of(f->value, f->value_len) : STR_NONE;
}

#endif
