#include "http/h2_write.h"

#include "base/put.h"

enum { H2_WRITE_PSEUDO = 4 };

static inline void
list_add(struct h2_list *list, struct str name, struct str value)
{
	list->v[list->n++] = (nghttp2_nv){
	    .name = (uint8_t *)(uintptr_t)name.p, /* the library only reads */
	    .value = (uint8_t *)(uintptr_t)value.p,
	    .namelen = name.len,
	    .valuelen = value.len,
	    .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE,
	};
}

static inline bool
char_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* p is NULL: the arena is full. */
static struct str
name_lower(struct arena *a, const struct field *f)
{
	struct str known = field_name_of((enum field_id)f->id);
	uint16_t i = 0;
	char *p;

	if (known.p != NULL)
		return known;
	while (i < f->name_len && !char_is_upper(f->name[i]))
		i++;
	if (i == f->name_len)
		return str_of(f->name, i);
	p = arena_take(a, f->name_len);
	for (i = 0; p != NULL && i < f->name_len; i++)
		p[i] = (char)(char_is_upper(f->name[i]) ? f->name[i] | 0x20 : f->name[i]);
	return str_of(p, f->name_len);
}

/* As in HTTP/1 (h1_write.c), but that no field frames the message, names the peer or asks for
 * another protocol. */
static bool
passes(const struct head *h, const struct field *f, enum body_kind kind)
{
	switch (f->id) {
	case FIELD_TRANSFER_ENCODING:
	case FIELD_HOST:
	case FIELD_UPGRADE:
		return false;
	case FIELD_CONTENT_LENGTH:
		return kind == BODY_NONE && h->status != 204 &&
		       (h->status == 0 || h->status >= 200);
	default:
		return true;
	}
}

static struct str
digits(struct arena *a, uint64_t n)
{
	char *text = arena_take(a, PUT_U64);

	return text != NULL ? str_of(text, (size_t)(put_u64(text, n) - text)) : STR_NONE;
}

/* Path and query in one piece, as most often they are. */
static struct str
path_and_query(struct arena *a, const struct head *h)
{
	char *text;

	if (h->query.p == NULL)
		return h->path;
	if (h->query.p == h->path.p + h->path.len + 1)
		return str_of(h->path.p, h->path.len + 1 + h->query.len);
	text = arena_printf(a, "%.*s?%.*s", STR_FMT(h->path), STR_FMT(h->query));
	return str_from(text);
}

/* RFC 9113 section 8.3. */
static void
list_pseudo(struct h2_list *out, const struct head *h, struct str scheme)
{
	uint32_t host = 0;

	if (h->status != 0) {
		list_add(out, STR(":status"), digits(out->arena, h->status));
		return;
	}
	while (host < h->fields.n && h->fields.v[host].id != FIELD_HOST) /* mostly the first */
		host++;
	list_add(out, STR(":method"), h->method_text);
	list_add(out, STR(":scheme"), scheme);
	list_add(out, STR(":authority"),
	    host < h->fields.n ? field_value(&h->fields.v[host]) : h->authority);
	list_add(out, STR(":path"), path_and_query(out->arena, h));
}

static bool
list_begin(struct h2_list *out, size_t room)
{
	out->v = arena_take(out->arena, room * sizeof(*out->v));
	out->n = 0;
	return out->v != NULL;
}

bool
h2_write_head(struct h2_list *out, const struct head *h, enum body_kind kind, uint64_t length,
    struct str scheme)
{
	struct arena *a = out->arena;

	if (!list_begin(out, H2_WRITE_PSEUDO + h->fields.n + 1))
		return false;
	list_pseudo(out, h, scheme);
	for (uint32_t i = 0; i < h->fields.n; i++)
		if (passes(h, &h->fields.v[i], kind))
			list_add(out, name_lower(a, &h->fields.v[i]), field_value(&h->fields.v[i]));
	if (kind == BODY_LENGTH && length > 0)
		list_add(out, STR("content-length"), digits(a, length));
	return !arena_full(a);
}

bool
h2_write_fields(struct h2_list *out, const struct fields *fields)
{
	if (!list_begin(out, fields->n))
		return false;
	for (uint32_t i = 0; i < fields->n; i++)
		list_add(out, name_lower(out->arena, &fields->v[i]), field_value(&fields->v[i]));
	return !arena_full(out->arena);
}
