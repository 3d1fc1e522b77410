#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "io/client_hello.h"

enum { ROOM = 1024, NAME = 0, ALPN = 16 };

/* Bytes that are being put together. */
struct text {
	char p[ROOM];
	size_t n;
};

static void
put(struct text *t, struct str s)
{
	assert_true(t->n + s.len <= sizeof(t->p));
	if (s.len > 0)
		memcpy(t->p + t->n, s.p, s.len);
	t->n += s.len;
}

static void
put_number(struct text *t, size_t n, unsigned bytes)
{
	while (bytes-- > 0)
		put(t, str_of((char[]){(char)(n >> 8 * bytes)}, 1));
}

static void
put_vector(struct text *t, unsigned len_bytes, struct str s)
{
	put_number(t, s.len, len_bytes);
	put(t, s);
}

static struct str
all(const struct text *t)
{
	return str_of(t->p, t->n);
}

/* The data of a server_name extension. */
static void
put_name(struct text *extensions, struct str name)
{
	struct text list = {.n = 0}, data = {.n = 0};

	put_number(&list, 0, 1);
	put_vector(&list, 2, name);
	put_vector(&data, 2, all(&list));
	put_number(extensions, NAME, 2);
	put_vector(extensions, 2, all(&data));
}

static void
put_alpn(struct text *extensions, struct str list)
{
	struct text data = {.n = 0};

	put_vector(&data, 2, list);
	put_number(extensions, ALPN, 2);
	put_vector(extensions, 2, all(&data));
}

/* The message, in records of so many bytes each. */
static void
put_records(struct text *out, struct str message, size_t size)
{
	while (message.len > 0) {
		size_t n = message.len < size ? message.len : size;

		put(out, STR("\x16\x03\x01"));
		put_vector(out, 2, str_of(message.p, n));
		message = str_of(message.p + n, message.len - n);
	}
}

static void
put_message(struct text *out, struct str extensions)
{
	struct text body = {.n = 0};

	put(&body, STR("\x03\x03"
		       "0123456789abcdef0123456789abcdef"));
	put_vector(&body, 1, STR("session"));
	put_vector(&body, 2, STR("\x13\x01\x13\x02"));
	put_vector(&body, 1, STR("\0"));
	put_vector(&body, 2, extensions);
	put_number(out, 1, 1);
	put_vector(out, 3, all(&body));
}

static struct text
hello(struct str extensions, size_t record)
{
	struct text message = {.n = 0}, out = {.n = 0};

	put_message(&message, extensions);
	put_records(&out, all(&message), record);
	return out;
}

/* Of a copy of exactly these bytes, which out borrows from and the caller frees. */
static enum client_hello_parse
parse(const struct text *t, size_t n, struct client_hello *out, char **copy)
{
	*copy = malloc(n + 1);
	assert_non_null(*copy);
	memcpy(*copy, t->p, n);
	*copy = realloc(*copy, n > 0 ? n : 1);
	return client_hello_parse(*copy, n, out);
}

static void
assert_parses(const struct text *t, size_t n, enum client_hello_parse want)
{
	struct client_hello out;
	char *copy;

	assert_int_equal(parse(t, n, &out, &copy), want);
	free(copy);
}

/* Every prefix wants more, the whole is done, and what follows changes nothing. */
static void
assert_says(struct text *t, struct str name, struct str alpn)
{
	size_t whole = t->n;

	for (size_t i = 0; i < whole; i++)
		assert_parses(t, i, CLIENT_HELLO_MORE);
	put(t, STR("\x17\x03\x03\0\x03"
		   "abc and more"));
	for (size_t i = whole; i <= t->n; i++) {
		struct client_hello out;
		char *copy;

		assert_int_equal(parse(t, i, &out, &copy), CLIENT_HELLO_DONE);
		assert_true(str_eq(out.name, name) && (out.name.p == NULL) == (name.p == NULL));
		assert_true(str_eq(out.alpn, alpn) && (out.alpn.p == NULL) == (alpn.p == NULL));
		free(copy);
	}
}

static void
reads_the_name_and_the_protocols(void **state)
{
	struct text extensions = {.n = 0}, t;

	(void)state;
	put(&extensions, STR("\x5a\x5a\0\0"));
	put_name(&extensions, STR("WWW.Example.com"));
	put(&extensions, STR("\0\x0a\0\x04\0\x02\0\x1d"));
	put_alpn(&extensions, STR("\x02h2\x08http/1.1"));
	t = hello(all(&extensions), ROOM);
	assert_says(&t, STR("www.example.com"), STR("h2,http/1.1"));
}

static void
is_content_without_them(void **state)
{
	struct text t = hello(STR("\0\x0a\0\x04\0\x02\0\x1d"), ROOM), bare = {.n = 0};

	(void)state;
	assert_says(&t, STR_NONE, STR_NONE);
	t = hello(STR(""), ROOM);
	assert_says(&t, STR_NONE, STR_NONE);
	/* TLS 1.2 without extensions, and without their length too. */
	put(&bare, STR("\x16\x03\x01\0\x2d\x01\0\0\x29\x03\x03"
		       "0123456789abcdef0123456789abcdef"
		       "\0\0\x02\x13\x01\x01\0"));
	assert_says(&bare, STR_NONE, STR_NONE);
}

static void
reads_it_however_records_divide_it(void **state)
{
	struct text extensions = {.n = 0};

	(void)state;
	put_name(&extensions, STR("a.test"));
	put_alpn(&extensions, STR("\x06myalpn"));
	for (size_t size = 1; size < 120; size++) {
		struct text t = hello(all(&extensions), size);

		assert_says(&t, STR("a.test"), STR("myalpn"));
	}
}

static void
skips_names_of_other_types(void **state)
{
	struct text t = hello(STR("\0\0\0\x0c\0\x0a\x07\0\x01?\0\0\x03"
				  "a.b"),
	    ROOM);

	(void)state;
	assert_says(&t, STR("a.b"), STR_NONE);
}

static void
refuses_at_once_what_is_no_hello(void **state)
{
	static const struct {
		struct str bytes;
		size_t seen_at; /* so many bytes are enough to know */
	} bad[] = {
	    {STR_INIT("GET / HTTP/1.1\r\n"), 1},
	    {STR_INIT("SSH-2.0-x\r\n"), 1},
	    {STR_INIT("\x80\x2e\x01\x03\x01"), 1}, /* SSL 2.0 */
	    {STR_INIT("\x17\x03\x03\0\x10"), 1},
	    {STR_INIT("\x16\x02\0\0\x10"), 2},
	    {STR_INIT("\x16\x03\x01\0\0\x16"), 5},
	    {STR_INIT("\x16\x03\x01\x40\x01\x01"), 5},
	    {STR_INIT("\x16\x03\x01\0\x30\x02\0\0"), 6},
	    {STR_INIT("\x16\x03\x01\0\x30\x01\x01\0\0"), 9},
	    {STR_INIT("\x16\x03\x01\0\x01\x01\x15\x03\x01\0\x02"), 7},
	};

	(void)state;
	for (size_t i = 0; i < nelem(bad); i++) {
		struct text t = {.n = 0};

		put(&t, bad[i].bytes);
		for (size_t n = 0; n <= t.n; n++)
			assert_parses(
			    &t, n, n < bad[i].seen_at ? CLIENT_HELLO_MORE : CLIENT_HELLO_BAD);
	}
}

static void
refuses_extensions_that_do_not_add_up(void **state)
{
	static const struct str bad[] = {
	    STR_INIT("\0"),
	    STR_INIT("\0\x0a\0"),
	    STR_INIT("\0\x0a\0\x01"),
	    STR_INIT("\0\0\0\0"),       /* a name's list is missing */
	    STR_INIT("\0\0\0\x02\0\0"), /* is empty */
	    STR_INIT("\0\0\0\x06\0\x04\0\0\x02"
		     "a"),                      /* ends in the name */
	    STR_INIT("\0\0\0\x05\0\x03\0\0\0"), /* the name is empty */
	    STR_INIT("\0\0\0\x07\0\x04\0\0\x01"
		     "ab"),                           /* bytes behind */
	    STR_INIT("\0\0\0\x06\0\x04\0\0\x01\0"),   /* a control */
	    STR_INIT("\0\0\0\x06\0\x04\0\0\x01 "),    /* a space */
	    STR_INIT("\0\0\0\x06\0\x04\0\0\x01\xff"), /* not ASCII */
	    STR_INIT("\0\0\0\x0a\0\x08\0\0\x01"
		     "a\0\0\x01"
		     "b"), /* two names */
	    STR_INIT("\0\0\0\x06\0\x04\0\0\x01"
		     "a\0\0\0\x06\0\x04\0\0\x01"
		     "a"),
	    STR_INIT("\0\x10\0\0"),
	    STR_INIT("\0\x10\0\x02\0\0"),
	    STR_INIT("\0\x10\0\x03\0\x01\0"), /* a protocol is empty */
	    STR_INIT("\0\x10\0\x04\0\x02\x02"
		     "h"), /* ends in the protocol */
	    STR_INIT("\0\x10\0\x04\0\x02\x01"
		     "h\0\x10\0\x04\0\x02\x01"
		     "h"),
	};

	(void)state;
	for (size_t i = 0; i < nelem(bad); i++) {
		struct text t = hello(bad[i], ROOM);

		assert_parses(&t, t.n - 1, CLIENT_HELLO_MORE);
		assert_parses(&t, t.n, CLIENT_HELLO_BAD);
	}
}

/* Each cut of the message, with a length in its head that agrees. */
static void
refuses_a_message_that_ends_too_early(void **state)
{
	struct text extensions = {.n = 0}, message = {.n = 0};
	const size_t without =
	    4 + 2 + 32 + 1 + 7 + 2 + 4 + 1 + 1; /* extensions: it may end there */

	(void)state;
	put_name(&extensions, STR("a.test"));
	put_message(&message, all(&extensions));
	for (size_t n = 4; n < message.n; n++) {
		struct text head = {.n = 0}, t = {.n = 0};

		put_number(&head, 1, 1);
		put_vector(&head, 3, str_of(message.p + 4, n - 4));
		put_records(&t, all(&head), ROOM);
		assert_parses(&t, t.n, n == without ? CLIENT_HELLO_DONE : CLIENT_HELLO_BAD);
	}
}

static void
bounds_the_name(void **state)
{
	struct text extensions = {.n = 0}, t;
	char name[256];

	(void)state;
	memset(name, 'a', sizeof(name));
	put_name(&extensions, str_of(name, 255));
	t = hello(all(&extensions), ROOM);
	assert_says(&t, str_of(name, 255), STR_NONE);
	extensions.n = 0;
	put_name(&extensions, str_of(name, 256));
	t = hello(all(&extensions), ROOM);
	assert_parses(&t, t.n, CLIENT_HELLO_BAD);
}

/* A hello with an extension of zeros that makes it so large, in records of so many bytes. */
static size_t
write_large(char *out, size_t size, size_t record)
{
	static const char head[] = "\x03\x03"
				   "0123456789abcdef0123456789abcdef\0\0\x02\x13\x01\x01";
	char *message = calloc(1, size), *p = message;
	size_t n = 0, rest = size - 4, extensions;

	assert_non_null(message);
	*p++ = 1;
	for (int shift = 16; shift >= 0; shift -= 8)
		*p++ = (char)(rest >> shift);
	p = mempcpy(p, head, sizeof(head)); /* its NUL is the one method */
	extensions = (size_t)(message + size - p) - 2;
	*p++ = (char)(extensions >> 8);
	*p++ = (char)extensions;
	*p++ = 0;
	*p++ = 10;
	*p++ = (char)((extensions - 4) >> 8);
	*p = (char)(extensions - 4);
	for (size_t at = 0; at < size; at += record) {
		size_t len = record < size - at ? record : size - at;

		memcpy(out + n, (char[]){0x16, 3, 1, (char)(len >> 8), (char)len}, 5);
		memcpy(out + n + 5, message + at, len);
		n += 5 + len;
	}
	free(message);
	return n;
}

static void
bounds_the_whole(void **state)
{
	static const struct {
		size_t size, record;
		enum client_hello_parse parsed;
	} cases[] = {
	    {9000, 3000, CLIENT_HELLO_DONE}, {CLIENT_HELLO_MAX - 5, 16384, CLIENT_HELLO_DONE},
	    {CLIENT_HELLO_MAX - 4, 16384, CLIENT_HELLO_BAD},
	    {CLIENT_HELLO_MAX + 1, 16384, CLIENT_HELLO_BAD},
	    {6000, 2, CLIENT_HELLO_BAD}, /* the heads of so many records are too much */
	};

	(void)state;
	for (size_t i = 0; i < nelem(cases); i++) {
		char *out = malloc(cases[i].size * 6);
		struct client_hello hello;
		size_t n;

		assert_non_null(out);
		n = write_large(out, cases[i].size, cases[i].record);
		if (n > CLIENT_HELLO_MAX)
			n = CLIENT_HELLO_MAX;
		assert_int_equal(client_hello_parse(out, n, &hello), cases[i].parsed);
		free(out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_the_name_and_the_protocols),
	    cmocka_unit_test(is_content_without_them),
	    cmocka_unit_test(reads_it_however_records_divide_it),
	    cmocka_unit_test(skips_names_of_other_types),
	    cmocka_unit_test(refuses_at_once_what_is_no_hello),
	    cmocka_unit_test(refuses_extensions_that_do_not_add_up),
	    cmocka_unit_test(refuses_a_message_that_ends_too_early),
	    cmocka_unit_test(bounds_the_name),
	    cmocka_unit_test(bounds_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
