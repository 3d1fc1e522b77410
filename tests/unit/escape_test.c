#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/escape.h"

enum { ROOM = 256, LEN = 37 };

static void
check(enum escape_form form, struct str in, const char *want)
{
	char out[ROOM];
	size_t n = escape_write(out, sizeof(out), in, form);

	assert_int_equal(n, strlen(want));
	assert_memory_equal(out, want, n);
}

static void
clean_text_is_left_alone(void **state)
{
	(void)state;
	check(ESCAPE_LINE, STR(""), "");
	check(ESCAPE_LINE, STR("a"), "a");
	check(ESCAPE_QUOTED, STR("/v1/orders?id=1&x=[~]{}^`"), "/v1/orders?id=1&x=[~]{}^`");
	check(
	    ESCAPE_JSON, STR("Mozilla/5.0 (X11; Linux x86_64)"), "Mozilla/5.0 (X11; Linux x86_64)");
}

static void
special_bytes_leave_as_plain_ascii(void **state)
{
	(void)state;
	check(ESCAPE_LINE, STR("a\r\nweir: error: b\t\x1b[2J\x7f\xc3\xa4 \"q\" \\"),
	    "a\\x0d\\x0aweir: error: b\\x09\\x1b[2J\\x7f\\xc3\\xa4 \"q\" \\");
	check(ESCAPE_QUOTED, STR("a\" 200 1 \"\\\n\0z"), "a\\x22 200 1 \\x22\\x5c\\x0a\\x00z");
	check(ESCAPE_JSON, STR("a\",\"why\":\"\\\n\0\x7f\xff"),
	    "a\\\",\\\"why\\\":\\\"\\\\\\u000a\\u0000\\u007f\\u00ff");
}

static void
check_word(struct str in, bool want)
{
	char *out = malloc(in.len ? in.len : 1); /* its end is guarded by the sanitizer */

	assert_int_equal(escape_word(out, in), want);
	if (want)
		assert_memory_equal(out, in.p, in.len);
	free(out);
}

/* The quick look at many bytes must agree with the look at one, for each byte at each place. */
static void
every_byte_at_every_place(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		for (size_t at = 0; at < LEN; at++) {
			char in[LEN], want[ROOM], piece[ESCAPE_ROOM_MIN];
			size_t n = 0, len;

			memset(in, 'x', sizeof(in));
			in[at] = (char)c;
			len = escape_write(piece, sizeof(piece), str_of(in + at, 1), ESCAPE_QUOTED);
			assert_true(
			    len == ((c < ' ' || c == '"' || c == '\\' || c >= 0x7f) ? 4 : 1));
			memset(want, 'x', at);
			n = at;
			memcpy(want + n, piece, len);
			n += len;
			memset(want + n, 'x', sizeof(in) - at - 1);
			n += sizeof(in) - at - 1;
			want[n] = '\0';
			check(ESCAPE_QUOTED, str_of(in, sizeof(in)), want);
			for (n = 1; n <= LEN; n++)
				check_word(str_of(in, n), n <= at || (len == 1 && c != ' '));
		}
	}
	check_word(STR(""), false);
	check_word(STR("10.0.0.1:8"), true);
}

static void
long_text_is_cut_between_escapes(void **state)
{
	(void)state;
	char in[64];

	for (unsigned form = ESCAPE_LINE; form <= ESCAPE_JSON; form++) {
		for (size_t room = ESCAPE_ROOM_MIN; room < 48; room++) {
			char *out = malloc(room); /* its end is guarded by the sanitizer */
			size_t n;

			memset(in, '\n', sizeof(in));
			n = escape_write(out, room, str_of(in, sizeof(in)), (enum escape_form)form);
			assert_true(n <= room && n > 3);
			assert_memory_equal(out + n - 3, "...", 3);
			assert_int_equal((n - 3) % (form == ESCAPE_JSON ? 6 : 4), 0);
			memset(in, 'a', sizeof(in));
			n = escape_write(out, room, str_of(in, sizeof(in)), (enum escape_form)form);
			assert_true(n <= room);
			free(out);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(clean_text_is_left_alone),
	    cmocka_unit_test(special_bytes_leave_as_plain_ascii),
	    cmocka_unit_test(every_byte_at_every_place),
	    cmocka_unit_test(long_text_is_cut_between_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
