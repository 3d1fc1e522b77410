/* Against a plain array: runs that collide, wrap around the end, grow and shrink. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/map.h"

enum { KEYS = 400, STEPS = 60000, SEEDS = 4 };

static uint64_t
rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

/* A model: what each key should hold. */
struct naive {
	char names[KEYS][8];
	void *values[KEYS];
	size_t n;
};

static struct str
naive_key(struct naive *model, unsigned i)
{
	return str_from(model->names[i]);
}

static void
assert_same(const struct map *m, struct naive *model)
{
	size_t n = 0;

	MAP_EACH(m, slot) {
		unsigned i = (unsigned)strtoul(slot->key.p + 1, NULL, 10);

		assert_ptr_equal(slot->value, model->values[i]);
		n++;
	}
	assert_int_equal(n, model->n);
	assert_int_equal(m->n, model->n);
	for (unsigned i = 0; i < KEYS; i++)
		assert_ptr_equal(map_get(m, naive_key(model, i)), model->values[i]);
}

static void
does_what_a_plain_array_does(void **state)
{
	static int things[STEPS];

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		uint64_t random = seed * 0x9e3779b97f4a7c15;
		struct naive *model = calloc(1, sizeof(*model));
		struct map m;

		map_init(&m);
		for (unsigned i = 0; i < KEYS; i++)
			(void)snprintf(model->names[i], sizeof(model->names[i]), "k%u", i);
		for (unsigned step = 0; step < STEPS; step++) {
			/* now many, now few: the number of keys in play changes */
			unsigned i = (unsigned)(rnd(&random) % (step % 3 ? KEYS : 24));
			struct str key = naive_key(model, i);

			if (rnd(&random) % 2 == 0) {
				model->n += model->values[i] == NULL;
				assert_ptr_equal(map_put(&m, key, &things[step]), model->values[i]);
				model->values[i] = &things[step];
			} else {
				model->n -= model->values[i] != NULL;
				assert_ptr_equal(map_remove(&m, key), model->values[i]);
				model->values[i] = NULL;
			}
			if (step % 512 == 0)
				assert_same(&m, model);
		}
		assert_same(&m, model);
		map_free(&m);
		free(model);
	}
}

static void
an_empty_map_has_nothing(void **state)
{
	struct map m;

	(void)state;
	map_init(&m);
	assert_null(map_get(&m, STR("x")));
	assert_null(map_remove(&m, STR("x")));
	MAP_EACH(&m, slot)
		fail();
	map_free(&m);
}

static void
any_bytes_are_a_key(void **state)
{
	struct map m;
	int a, b, c;

	(void)state;
	map_init(&m);
	assert_null(map_put(&m, STR(""), &a));
	assert_null(map_put(&m, STR("x\0y"), &b));
	assert_null(map_put(&m, STR("x\0z"), &c));
	assert_ptr_equal(map_get(&m, STR_NONE), &a);
	assert_ptr_equal(map_get(&m, STR("x\0y")), &b);
	assert_ptr_equal(map_get(&m, STR("x\0z")), &c);
	assert_null(map_get(&m, STR("x")));
	map_free(&m);
	assert_int_equal(m.n, 0);
}

static void
the_hash_is_never_the_mark_of_an_empty_slot(void **state)
{
	(void)state;
	assert_int_not_equal(map_hash(STR_NONE), 0);
	assert_int_equal(map_hash(STR_NONE), map_hash(STR("")));
	assert_int_equal(map_hash(STR("abc")), map_hash(STR("abc")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(does_what_a_plain_array_does),
	    cmocka_unit_test(an_empty_map_has_nothing),
	    cmocka_unit_test(any_bytes_are_a_key),
	    cmocka_unit_test(the_hash_is_never_the_mark_of_an_empty_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
