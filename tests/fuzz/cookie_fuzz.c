/* Whatever stands in two Cookie fields: what is found was written there, behind the name. And what
 * is a seat's tag is one of exactly one text. Input: the fields, parted by the first line break. */
#include <stdlib.h>

#include "http/cookie.h"
#include "upstream/sticky.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct field
cookie(struct str value)
{
	return (struct field){.name = "cookie",
	    .name_len = strlen("cookie"),
	    .id = FIELD_COOKIE,
	    .value = value.p,
	    .value_len = (uint32_t)value.len};
}

/* Is "NAME=" there, right before the value, and what follows it the end of a pair? */
static bool
stands_in(struct str text, struct str name, struct str value)
{
	const char *begin = value.p - name.len - 1, *end = value.p + value.len;

	if (begin < text.p || end > text.p + text.len || begin[name.len] != '=')
		return false;
	while (end < text.p + text.len && (*end == ' ' || *end == '\t'))
		end++;
	return memcmp(begin, name.p, name.len) == 0 && (end == text.p + text.len || *end == ';');
}

static void
tag_check(struct str text)
{
	const struct sticky_spec spec = {.cookie = STR("S")};
	struct sticky *s = sticky_new(&spec, STR("b"), (const uint8_t[SIPHASH_KEY]){0});
	struct sticky_tag tag;
	char again[128];

	if (sticky_read(text, &tag)) {
		ASSERT(sticky_cookie_size(s) <= sizeof(again));
		sticky_cookie(s, &tag, false, again);
		ASSERT(memcmp(again + strlen("S="), text.p, text.len) == 0);
	}
	sticky_free(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str name = STR("SEAT");
	char *copy = malloc(size + 1);
	struct str rest = str_of(copy, size), first, value;

	if (size > 0)
		memcpy(copy, data, size);
	if (!str_cut(&rest, '\n', &first))
		first = str_of(copy, 0);
	if (rest.p == NULL)
		rest = str_of(copy + size, 0);
	struct field v[] = {cookie(first), cookie(rest)};
	value = cookie_find(&(struct fields){.v = v, .n = nelem(v)}, name);
	if (value.p != NULL) {
		ASSERT(stands_in(first, name, value) || stands_in(rest, name, value));
		tag_check(value);
	}
	free(copy);
	return 0;
}
