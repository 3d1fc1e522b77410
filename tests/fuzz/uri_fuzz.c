/* Targets and authorities. Byte 0 chooses the method, the rest is the target; then again as an
 * authority. What is accepted is held to what the door promises, by slow means. */
#include <stdlib.h>

#include "http/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
authority_check(struct str authority, struct str host, uint16_t port)
{
	size_t colon = host.len;
	unsigned number = 0;

	ASSERT(host.p == authority.p && host.len > 0 && host.len <= URI_HOST_MAX);
	if (host.p[0] == '[') {
		ASSERT(host.len > 3 && host.p[host.len - 1] == ']');
		for (size_t i = 1; i < host.len - 1; i++)
			ASSERT(strchr("0123456789abcdefABCDEF:.", host.p[i]) && host.p[i]);
	} else {
		ASSERT(memchr(host.p, ':', host.len) == NULL);
		ASSERT(host.p[0] != '.' && memmem(host.p, host.len, "..", 2) == NULL);
		for (size_t i = 0; i < host.len; i++)
			ASSERT(host.p[i] && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
						   "UVWXYZ0123456789-._~",
						host.p[i]));
	}
	if (colon < authority.len) {
		ASSERT(authority.p[colon] == ':');
		for (size_t i = colon + 1; i < authority.len; i++) {
			ASSERT(authority.p[i] >= '0' && authority.p[i] <= '9');
			number = number * 10 + (unsigned)(authority.p[i] - '0');
		}
	}
	ASSERT(number == port);
	ASSERT(uri_authority_same(authority, authority));
}

static int
hex(char c)
{
	const char *digits = "0123456789abcdef", *at;

	at = c == '\0' ? NULL : strchr(digits, c | 0x20);
	return at ? (int)(at - digits) : -1;
}

/* The path as the laxest server would read it: escapes decoded, backslashes turned, parameters of
 * segments dropped. Then no segment may be dots. */
static void
path_check(struct str path)
{
	char *lax = malloc(path.len + 1);
	struct str rest, segment, name;
	size_t n = 0;

	for (size_t i = 0; i < path.len; i++) {
		char c = path.p[i];
		ASSERT(c > ' ' && c < 0x7f && c != '#' && c != '?' && c != '\\');
		if (c == '%') {
			ASSERT(
			    path.len - i > 2 && hex(path.p[i + 1]) >= 0 && hex(path.p[i + 2]) >= 0);
			c = (char)(hex(path.p[i + 1]) * 16 + hex(path.p[i + 2]));
			ASSERT(c != '\0');
			i += 2;
		}
		lax[n++] = c == '\\' ? '/' : c;
	}
	rest = str_of(lax, n);
	while (str_cut(&rest, '/', &segment)) {
		ASSERT(str_cut(&segment, ';', &name));
		ASSERT(!str_eq(name, STR(".")) && !str_eq(name, STR("..")));
	}
	free(lax);
}

static void
target_check(enum method m, struct str target, const struct uri *u)
{
	const char *end = target.p + target.len;

	for (size_t i = 0; i < target.len; i++)
		ASSERT(target.p[i] > ' ' && target.p[i] < 0x7f && target.p[i] != '#');
	ASSERT(u->path.len > 0);
	if (str_eq(u->path, STR("*"))) {
		ASSERT(m == METHOD_OPTIONS && u->query.p == NULL);
		return;
	}
	ASSERT(u->path.p[0] == '/');
	path_check(u->path);
	if (u->query.p != NULL)
		ASSERT(u->query.p[-1] == '?' && u->query.p + u->query.len == end);
	if (u->authority.p == NULL) {
		/* Origin form: path and query are the target. */
		ASSERT(u->host.p == NULL && u->path.p == target.p);
		ASSERT(u->path.len + (u->query.p ? u->query.len + 1 : 0) == target.len);
	}
	ASSERT(m != METHOD_CONNECT || str_eq(u->authority, target));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str host;
	struct uri uri;
	uint16_t port;

	if (size == 0)
		return 0;
	enum method m = (enum method)(data[0] % METHOD_COUNT);
	char *copy = malloc(size);
	memcpy(copy, data + 1, size - 1);
	struct str target = str_of(copy, size - 1);

	if (uri_parse(m, target, &uri) == FAULT_none) {
		target_check(m, target, &uri);
		if (uri.authority.p != NULL) {
			ASSERT(
			    uri_authority(uri.authority, &host, &port) && str_eq(host, uri.host));
			authority_check(uri.authority, host, port);
		}
	}
	if (uri_authority(target, &host, &port))
		authority_check(target, host, port);
	free(copy);
	return 0;
}
