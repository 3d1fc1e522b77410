/* Scalars. Byte 0 chooses the type, the rest is the text; what is accepted is held to what its door
 * promises, what is refused says something. */
#include <stdlib.h>

#include "config/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_host(struct str host)
{
	for (size_t i = 0; i < host.len; i++)
		ASSERT(host.p[i] > ' ' && host.p[i] < 0x7f &&
		       !(host.p[i] >= 'A' && host.p[i] <= 'Z') && host.p[i] != '/');
}

static void
check_path(enum model_path kind, struct str path)
{
	switch (kind) {
	case PATH_ANY:
		ASSERT(path.len == 0);
		return;
	case PATH_EXACT:
	case PATH_PREFIX:
		ASSERT(path.len > 0 && path.p[0] == '/');
		for (size_t i = 0; i < path.len; i++)
			ASSERT(path.p[i] > ' ' && path.p[i] < 0x7f &&
			       strchr("*?#", path.p[i]) == NULL);
		return;
	case PATH_PATTERN:
		ASSERT(path.len > 0);
		return;
	}
}

static bool
fuzz_match(struct str text, struct value_wrong *w)
{
	char *room = malloc(text.len + 1);
	struct model_route r = {0};
	bool good;

	ASSERT(room != NULL);
	good = value_match(text, room, &r, w);
	if (good) {
		check_host(r.host);
		check_path(r.path_kind, r.path);
	}
	free(room);
	return good;
}

static bool
fuzz_endpoint(struct str text, struct value_wrong *w)
{
	struct addr a;
	struct str host;

	if (!value_endpoint(text, &host, &a, w))
		return false;
	ASSERT(addr_port(&a) > 0);
	ASSERT(host.len < text.len);
	return true;
}

static bool
fuzz_ask(struct str text, struct value_wrong *w)
{
	struct model_ask ask;
	uint64_t every;

	if (!value_ask(text, &ask, &every, w))
		return false;
	ASSERT(ask.kind != ASK_HTTP || (ask.method.len > 0 && ask.target.p[0] == '/'));
	return true;
}

static bool
fuzz_range(struct str text, struct value_wrong *w)
{
	uint64_t first, last;

	if (!value_range(text, 200, 599, &first, &last)) {
		w->text[0] = '-'; /* its reader knows the words */
		return false;
	}
	ASSERT(first >= 200 && first <= last && last <= 599);
	return true;
}

static bool
fuzz_scalar(unsigned type, struct str text, struct value_wrong *w)
{
	struct model_predicate predicate;
	enum model_hash_key key;
	enum model_path kind;
	struct cidr cidr;
	struct addr a;
	struct str s;
	uint64_t n;

	switch (type) {
	case 0:
		return value_duration(text, &n, w);
	case 1:
		return value_percent(text, &n, w);
	case 2:
		return value_address(text, &a, w);
	case 3:
		return fuzz_endpoint(text, w);
	case 4:
		return value_cidr(text, &cidr, w);
	case 5:
		return value_name(text, w);
	case 6:
		return value_line(text, w);
	case 7:
		return value_method(text, w);
	case 8:
		return value_path(text, &kind, &s, w);
	case 9:
		return value_predicate(text, &predicate, w);
	case 10:
		return value_hash_key(text, &key, &s, w);
	case 11:
		return value_share(text, &n, w);
	case 13:
		return value_size(text, &n, w);
	case 14:
		return fuzz_ask(text, w);
	case 15:
		return fuzz_range(text, w);
	default:
		return fuzz_match(text, w);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct value_wrong w = {0};
	char *copy;
	struct str text;

	if (size == 0)
		return 0;
	copy = malloc(size); /* of the exact size, so that a read behind it is seen */
	ASSERT(copy != NULL);
	memcpy(copy, data, size);
	text = str_of(copy + 1, size - 1);
	if (!fuzz_scalar(data[0] % 16, text, &w)) {
		ASSERT(w.text[0] != '\0');
		ASSERT(!w.inside || w.offset <= text.len);
	}
	free(copy);
	return 0;
}
