#include "http/cookie.h"

/* In one field. */
static struct str
cookie_find_in(struct str pairs, struct str name)
{
	struct str pair;

	while (str_cut(&pairs, ';', &pair)) {
		size_t eq;

		pair = str_trim(pair);
		eq = str_find(pair, '=', 0);
		if (eq < pair.len && str_eq(str_of(pair.p, eq), name))
			return str_of(pair.p + eq + 1, pair.len - eq - 1);
	}
	return STR_NONE;
}

struct str
cookie_find(const struct fields *fields, struct str name)
{
	struct str value = STR_NONE;

	for (uint32_t i = 0; i < fields->n && value.p == NULL; i++)
		if (fields->v[i].id == FIELD_COOKIE)
			value = cookie_find_in(field_value(&fields->v[i]), name);
	return value;
}
