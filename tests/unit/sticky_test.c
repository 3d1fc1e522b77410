/* Seats: whose tag is it, and who could have made it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "upstream/sticky.h"

enum { N = 5 };

static const uint8_t process_key[SIPHASH_KEY] = {1, 2, 3};

static struct sticky *
sticky(const char *secret, const char *backend)
{
	struct sticky_spec spec = {.cookie = STR("SEAT"), .keyed = secret != NULL};

	if (secret != NULL)
		sticky_digest(str_from(secret), spec.key);
	return sticky_new(&spec, str_from(backend), process_key);
}

static void
a_tag_is_of_its_endpoint_backend_and_secret(void **state)
{
	static const struct {
		const char *secret, *backend, *endpoint;
		bool same;
	} rows[] = {
	    {"a secret of weir", "b", "10.0.0.1:80", true},
	    {"a secret of weiR", "b", "10.0.0.1:80", false},
	    {NULL, "b", "10.0.0.1:80", false},
	    {"a secret of weir", "c", "10.0.0.1:80", false},
	    {"a secret of weir", "b", "10.0.0.1:81", false},
	    {"a secret of weir", "b", "", false},
	};
	struct sticky *first = sticky("a secret of weir", "b");
	struct sticky_tag tag = sticky_tag(first, STR("10.0.0.1:80"));

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++) {
		struct sticky *s = sticky(rows[i].secret, rows[i].backend);
		struct sticky_tag other = sticky_tag(s, str_from(rows[i].endpoint));

		assert_int_equal(memcmp(&tag, &other, sizeof(tag)) == 0, rows[i].same);
		sticky_free(&s);
	}
	sticky_free(&first);
}

static void
finds_the_seat_of_each_and_of_nobody_else(void **state)
{
	struct endpoint endpoints[N] = {0};
	struct balance_target targets[N];
	char names[N][24];
	struct sticky *s = sticky(NULL, "b");
	struct sticky_seat *seats;
	struct sticky_tag gone = sticky_tag(s, STR("10.0.0.9:80"));

	(void)state;
	for (int i = 0; i < N; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "10.0.0.%d:80", i);
		endpoints[i].name = str_from(names[i]);
		targets[i] = (struct balance_target){.endpoint = &endpoints[i], .weight = 1};
	}
	seats = sticky_seats(s, targets, N);
	for (uint32_t i = 0; i < N; i++) {
		struct sticky_tag tag = sticky_tag(s, endpoints[i].name);

		assert_int_equal(sticky_find(seats, N, &tag), i);
	}
	assert_int_equal(sticky_find(seats, N, &gone), BALANCE_NONE);
	assert_int_equal(sticky_find(NULL, 0, &gone), BALANCE_NONE);
	free(seats);
	sticky_free(&s);
	assert_null(s);
}

static void
a_cookie_says_its_tag_and_how_long_it_lasts(void **state)
{
	struct sticky_spec spec = {.cookie = STR("SEAT")};
	struct sticky *s = sticky_new(&spec, STR("b"), process_key);
	struct sticky_tag tag = {{0x00, 0xff, 0x0a}}, read;
	char text[256];

	(void)state;
	*sticky_cookie(s, &tag, false, text) = '\0';
	assert_string_equal(
	    text, "SEAT=00ff0a00000000000000000000000000; Path=/; HttpOnly; SameSite=Lax");
	assert_true(strlen(text) <= sticky_cookie_size(s));
	assert_true(sticky_read(str_of(text + 5, STICKY_TEXT), &read));
	assert_memory_equal(&read, &tag, sizeof(tag));
	sticky_free(&s);
	spec.ttl = 3600 * UINT64_C(1000000);
	s = sticky_new(&spec, STR("b"), process_key);
	*sticky_cookie(s, &tag, true, text) = '\0';
	assert_string_equal(text, "SEAT=00ff0a00000000000000000000000000; Max-Age=3600; Path=/; "
				  "HttpOnly; SameSite=Lax; Secure");
	assert_int_equal(strlen(text), sticky_cookie_size(s));
	sticky_free(&s);
}

static void
a_cookie_for_other_sites_pages_is_for_tls_alone(void **state)
{
	const struct sticky_spec spec = {
	    .cookie = STR("SEAT"), .site = STICKY_NONE, .ttl = 1 /* less than a second */};
	struct sticky *s = sticky_new(&spec, STR("b"), process_key);
	struct sticky_tag tag = {{0}};
	char text[256];

	(void)state;
	*sticky_cookie(s, &tag, false, text) = '\0';
	assert_string_equal(text, "SEAT=00000000000000000000000000000000; Max-Age=1; Path=/; "
				  "HttpOnly; SameSite=None; Secure");
	sticky_free(&s);
}

static void
other_values_are_none_of_ours(void **state)
{
	static const char *const rows[] = {"", "00ff0a0000000000000000000000000",
	    "00ff0a000000000000000000000000000", "00FF0A00000000000000000000000000",
	    "00ff0a0000000000000000000000000g", "10.0.0.1:80"};
	struct sticky_tag tag;

	(void)state;
	for (size_t i = 0; i < nelem(rows); i++)
		assert_false(sticky_read(str_from(rows[i]), &tag));
	assert_false(sticky_read(STR_NONE, &tag));
}

static void
without_a_cookie_nobody_is_kept(void **state)
{
	(void)state;
	assert_null(sticky_new(&(struct sticky_spec){.strict = false}, STR("b"), process_key));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_tag_is_of_its_endpoint_backend_and_secret),
	    cmocka_unit_test(finds_the_seat_of_each_and_of_nobody_else),
	    cmocka_unit_test(a_cookie_says_its_tag_and_how_long_it_lasts),
	    cmocka_unit_test(a_cookie_for_other_sites_pages_is_for_tls_alone),
	    cmocka_unit_test(other_values_are_none_of_ours),
	    cmocka_unit_test(without_a_cookie_nobody_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
