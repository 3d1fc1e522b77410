#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/slab.h"

enum { SIZE = 48, RESERVE = 2 };

/* Under the address sanitizer a slab keeps nothing: here it has to. */
static struct slab
slab_that_keeps(void)
{
	struct slab s;

	slab_init(&s, SIZE, RESERVE);
	s.reserve = RESERVE;
	return s;
}

static void
the_last_one_given_is_the_first_one_taken(void **state)
{
	struct slab s = slab_that_keeps();
	void *a = slab_take(&s), *b = slab_take(&s);

	(void)state;
	assert_ptr_not_equal(a, b);
	assert_int_equal((uintptr_t)a % 16, 0);
	assert_int_equal(s.in_use, 2);
	memset(a, 1, SIZE);
	memset(b, 2, SIZE);
	slab_give(&s, a);
	slab_give(&s, b);
	assert_int_equal(s.in_use, 0);
	assert_ptr_equal(slab_take(&s), b);
	assert_ptr_equal(slab_take(&s), a);
	slab_give(&s, a);
	slab_give(&s, b);
	slab_fini(&s);
}

static void
above_the_reserve_memory_goes_back(void **state)
{
	struct slab s = slab_that_keeps();
	void *objects[RESERVE + 3];

	(void)state;
	for (unsigned i = 0; i < nelem(objects); i++)
		objects[i] = slab_take(&s);
	for (unsigned i = 0; i < nelem(objects); i++)
		slab_give(&s, objects[i]);
	assert_int_equal(s.kept, RESERVE);
	assert_int_equal(s.in_use, 0);
	slab_fini(&s);
	assert_int_equal(s.kept, 0);
	assert_null(s.free);
}

static void
objects_smaller_than_a_link_are_fine(void **state)
{
	struct slab s;
	char *p;

	(void)state;
	slab_init(&s, 1, 0);
	s.reserve = 1;
	p = slab_take(&s);
	*p = 'x';
	slab_give(&s, p);
	assert_ptr_equal(slab_take(&s), p);
	slab_give(&s, p);
	slab_give(&s, NULL); /* nothing happens */
	assert_int_equal(s.in_use, 0);
	slab_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_last_one_given_is_the_first_one_taken),
	    cmocka_unit_test(above_the_reserve_memory_goes_back),
	    cmocka_unit_test(objects_smaller_than_a_link_are_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
