/* PROXY protocol headers: the verdict on a prefix never contradicts the verdict on the whole, bytes
 * behind the header change nothing, and what was read comes back from what is written. */
#include <stdlib.h>

#include "io/proxy_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool ok)
{
	if (!ok)
		abort();
}

/* A copy of exactly these bytes, so that the sanitizer sees a read beyond them. */
static enum proxy_parse
parse_exact(const uint8_t *data, size_t size, struct proxy_info *info, size_t *used)
{
	char *copy = xmalloc(size);
	enum proxy_parse verdict;

	if (size > 0)
		memcpy(copy, data, size);
	verdict = proxy_protocol_parse(str_of(copy, size), info, used);
	free(copy);
	return verdict;
}

static void
check_written(const struct proxy_info *info, enum proxy_protocol version)
{
	char out[PROXY_PROTOCOL_MAX];
	struct proxy_info again;
	size_t used, n;

	n = proxy_protocol_write(version, &info->source, &info->destination, out);
	demand(n > 0 && n <= sizeof(out));
	demand(proxy_protocol_parse(str_of(out, n), &again, &used) == PROXY_PARSE_DONE);
	demand(used == n && again.local == info->local);
	if (!info->local) {
		demand(addr_same(&again.source, &info->source));
		demand(addr_same(&again.destination, &info->destination));
	}
}

static bool
same(const struct proxy_info *a, const struct proxy_info *b)
{
	if (a->local || b->local)
		return a->local == b->local;
	return addr_same(&a->source, &b->source) && addr_same(&a->destination, &b->destination);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum proxy_parse verdict = PROXY_PARSE_MORE;
	struct proxy_info info, whole;
	size_t used, whole_used = 0, n = 0;

	for (; n <= size && verdict == PROXY_PARSE_MORE; n++) {
		demand(n <= PROXY_PROTOCOL_MAX); /* by then it has made up its mind */
		verdict = parse_exact(data, n, &whole, &whole_used);
	}
	if (verdict == PROXY_PARSE_DONE)
		demand(whole_used == n - 1); /* not one byte more was needed */
	if (verdict == PROXY_PARSE_MORE)
		return 0;
	for (; n <= size; n = n * 2 < size ? n * 2 : n == size ? size + 1 : size) {
		demand(parse_exact(data, n, &info, &used) == verdict);
		if (verdict == PROXY_PARSE_DONE)
			demand(used == whole_used && same(&info, &whole));
	}
	if (verdict == PROXY_PARSE_DONE) {
		check_written(&whole, PROXY_PROTOCOL_V1);
		check_written(&whole, PROXY_PROTOCOL_V2);
	}
	return 0;
}
