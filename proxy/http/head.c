#include "http/head.h"

enum { FIELDS_ROOM = 32 }; /* of a fresh array: a typical head never grows */

_Static_assert(FIELD_COUNT <= 64, "fields.present has a bit for each field_id");

const struct field *
fields_find(const struct fields *f, enum field_id id)
{
	if ((f->present & UINT64_C(1) << id) == 0)
		return NULL;
	for (uint32_t i = 0; i < f->n; i++)
		if (f->v[i].id == id)
			return &f->v[i];
	return NULL;
}

const struct field *
fields_find_name(const struct fields *f, struct str name)
{
	enum field_id id = field_id_of(name);

	if (id != FIELD_OTHER)
		return fields_find(f, id);
	for (uint32_t i = 0; i < f->n; i++)
		if (f->v[i].id == FIELD_OTHER &&
		    str_eq_case(str_of(f->v[i].name, f->v[i].name_len), name))
			return &f->v[i];
	return NULL;
}

bool
fields_reserve(struct fields *f, struct arena *a, uint32_t more)
{
	uint32_t room = f->room ? f->room : FIELDS_ROOM;
	struct field *v;

	if (f->room - f->n >= more)
		return true;
	while (room - f->n < more)
		room *= 2;
	v = arena_take(a, room * sizeof(*v));
	if (v == NULL)
		return false;
	if (f->n > 0)
		memcpy(v, f->v, f->n * sizeof(*v));
	f->v = v;
	f->room = room;
	return true;
}

bool
fields_add(struct fields *f, struct arena *a, struct str name, struct str value)
{
	struct field *field;

	ASSERT(name.len <= UINT16_MAX && value.len <= UINT32_MAX);
	if (f->n == f->room && !fields_reserve(f, a, 1))
		return false;
	field = &f->v[f->n++];
	*field = (struct field){
	    .name = name.p,
	    .value = value.p,
	    .value_len = (uint32_t)value.len,
	    .name_len = (uint16_t)name.len,
	    .id = (uint8_t)field_id_of(name),
	};
	f->doubled |= f->present & UINT64_C(1) << field->id;
	f->present |= UINT64_C(1) << field->id;
	return true;
}
