/* TLS hellos: the verdict on a prefix never contradicts the verdict on the whole, bytes behind the
 * message change nothing, and records may divide it anywhere. */
#include <stdlib.h>

#include "io/client_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORD_HEAD = 5, ENOUGH = 2048 };

static void
demand(bool ok)
{
	if (!ok)
		abort();
}

/* What was read, in memory of its own. */
struct verdict {
	enum client_hello_parse parsed;
	char *name, *alpn;
};

/* Of a copy of exactly these bytes, so that the sanitizer sees a read beyond them. */
static struct verdict
judge(const uint8_t *data, size_t size)
{
	char *copy = xmalloc(size);
	struct client_hello hello;
	struct verdict v;

	if (size > 0)
		memcpy(copy, data, size);
	v.parsed = client_hello_parse(copy, size, &hello);
	v.name = str_dup(hello.name);
	v.alpn = str_dup(hello.alpn);
	free(copy);
	return v;
}

static void
forget(struct verdict *v)
{
	free(v->name);
	free(v->alpn);
}

static void
demand_same(const uint8_t *data, size_t size, const struct verdict *as)
{
	struct verdict v = judge(data, size);

	demand(v.parsed == as->parsed);
	if (v.parsed == CLIENT_HELLO_DONE)
		demand(strcmp(v.name, as->name) == 0 && strcmp(v.alpn, as->alpn) == 0);
	forget(&v);
}

/* The same message from records of so many bytes. */
static void
check_divided(const uint8_t *message, size_t size, size_t record, const struct verdict *as)
{
	uint8_t *out = xmalloc(size + (size / record + 1) * RECORD_HEAD), *p = out;

	for (size_t at = 0; at < size; at += record) {
		size_t n = record < size - at ? record : size - at;

		*p++ = 22;
		*p++ = 3;
		*p++ = 3;
		*p++ = (uint8_t)(n >> 8);
		*p++ = (uint8_t)n;
		p = mempcpy(p, message + at, n);
	}
	if ((size_t)(p - out) <= CLIENT_HELLO_MAX)
		demand_same(out, (size_t)(p - out), as);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verdict whole = {.parsed = CLIENT_HELLO_MORE};
	size_t n = 0;

	if (size > ENOUGH)
		return 0;
	for (; n <= size; n++) {
		whole = judge(data, n);
		if (whole.parsed != CLIENT_HELLO_MORE)
			break;
		forget(&whole);
	}
	if (n > size)
		return 0;
	for (size_t more = n; more <= size; more++)
		demand_same(data, more, &whole);
	if (whole.parsed == CLIENT_HELLO_DONE &&
	    n <= RECORD_HEAD + (size_t)(data[3] << 8 | data[4])) { /* it is in one record */
		check_divided(data + RECORD_HEAD, n - RECORD_HEAD, 1, &whole);
		check_divided(data + RECORD_HEAD, n - RECORD_HEAD, 7, &whole);
	}
	forget(&whole);
	return 0;
}
