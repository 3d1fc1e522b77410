/* The chunk decoder against a slow model of RFC 9112 section 7.1, and against itself with the bytes
 * cut in other places: whatever the cuts, same verdict, same payload, same bytes used.
 * Input: byte 0 seeds the cuts, the rest is the coded body. */
#include <stdlib.h>

#include "http/h1_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum verdict { MORE, DONE, BAD };

struct result {
	enum verdict verdict;
	size_t used, payload;
	char *bytes; /* owned */
};

static bool
token(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c > 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
blank(int c)
{
	return c == ' ' || c == '\t';
}

/* Does the whole of s match *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )? */
static bool
model_extensions(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n) {
		while (i < n && blank(s[i]))
			i++;
		if (i == n || s[i++] != ';')
			return false;
		while (i < n && blank(s[i]))
			i++;
		if (i == n || !token(s[i]))
			return false;
		while (i < n && token(s[i]))
			i++;
		size_t name_end = i;
		while (i < n && blank(s[i]))
			i++;
		if (i == n || s[i] != '=') {
			i = name_end;
			continue;
		}
		i++;
		while (i < n && blank(s[i]))
			i++;
		if (i == n)
			return false;
		if (s[i] != '"') {
			if (!token(s[i]))
				return false;
			while (i < n && token(s[i]))
				i++;
			continue;
		}
		for (i++; i < n && s[i] != '"'; i++) {
			if (s[i] == '\\' && ++i == n)
				return false;
			unsigned char c = (unsigned char)s[i];
			if (c == 0x7f || (c < 0x20 && c != '\t'))
				return false;
		}
		if (i++ == n)
			return false;
	}
	return true;
}

/* One size line. n is its length without CRLF. */
static bool
model_line(const char *s, size_t n, uint64_t *chunk)
{
	size_t digits = 0;

	while (digits < n && strchr("0123456789abcdefABCDEF", s[digits]) && s[digits] != '\0')
		digits++;
	if (digits == 0 || digits > 16 || n + 2 > H1_CHUNK_LINE_MAX)
		return false;
	char text[17] = {0};
	memcpy(text, s, digits);
	*chunk = strtoull(text, NULL, 16);
	return *chunk <= UINT64_C(1) << 62 && model_extensions(s + digits, n - digits);
}

/* Only for whole lines and chunks: what is left over is `MORE`. So a fault in a line that has no
 * end yet is not seen here, and the caller allows for that. */
static struct result
model(const char *s, size_t n)
{
	struct result r = {MORE, 0, 0, malloc(n + 1)};
	uint64_t chunk;

	for (;;) {
		const char *line = s + r.used;
		const char *lf = memchr(line, '\n', n - r.used);
		if (lf == NULL)
			return r;
		if (lf == line || lf[-1] != '\r' ||
		    !model_line(line, (size_t)(lf - line) - 1, &chunk)) {
			r.verdict = BAD;
			return r;
		}
		size_t at = (size_t)(lf + 1 - s);
		if (chunk == 0) {
			r.used = at;
			r.verdict = DONE;
			return r;
		}
		if (n - at < chunk + 2) {
			size_t here = n - at < chunk ? n - at : (size_t)chunk;
			if (n - at == chunk + 1 && s[at + chunk] != '\r')
				r.verdict = BAD;
			memcpy(r.bytes + r.payload, s + at, here);
			r.payload += here;
			r.used = n;
			return r;
		}
		memcpy(r.bytes + r.payload, s + at, chunk);
		r.payload += chunk;
		r.used = at + chunk + 2;
		if (s[at + chunk] != '\r' || s[at + chunk + 1] != '\n') {
			r.verdict = BAD;
			return r;
		}
	}
}

/* The decoder, fed in pieces of up to `most` bytes, each in a block of its own size. */
static struct result
decode(const char *s, size_t n, size_t most, unsigned seed)
{
	struct result r = {MORE, 0, 0, malloc(n + 1)};
	struct h1_chunked c = {.state = 0};

	while (r.used < n && r.verdict == MORE) {
		struct h1_chunk_out out;
		size_t piece = 1 + (seed = seed * 1103515245 + 12345) / 65536 % most;
		if (piece > n - r.used)
			piece = n - r.used;
		char *block = malloc(piece);
		memcpy(block, s + r.used, piece);
		enum fault fault = h1_chunked_feed(&c, block, piece, &out);
		ASSERT(out.payload <= out.used && out.used <= piece);
		ASSERT(fault == FAULT_none || fault == FAULT_http_request_error);
		ASSERT(fault != FAULT_none || out.done || out.used == piece);
		memcpy(r.bytes + r.payload, block, out.payload);
		r.payload += out.payload;
		r.used += out.used;
		r.verdict = fault != FAULT_none ? BAD : out.done ? DONE : MORE;
		free(block);
	}
	return r;
}

static void
same(const struct result *a, const struct result *b)
{
	ASSERT(a->verdict == b->verdict && a->used == b->used && a->payload == b->payload);
	ASSERT(memcmp(a->bytes, b->bytes, a->payload) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	const char *s = (const char *)data + 1;
	size_t n = size - 1;
	struct result want = model(s, n), whole = decode(s, n, n + 1, 0);
	struct result bytes = decode(s, n, 1, 0), pieces = decode(s, n, 17, data[0]);

	same(&whole, &bytes);
	same(&whole, &pieces);
	if (want.verdict == MORE) {
		/* An unfinished line may be bad already, never good; data is data either way. */
		ASSERT(whole.verdict != DONE);
		ASSERT(whole.payload == want.payload);
	} else {
		ASSERT(whole.verdict == want.verdict && whole.payload == want.payload);
	}
	ASSERT(want.verdict != DONE || whole.used == want.used);
	ASSERT(memcmp(whole.bytes, want.bytes, want.payload) == 0);
	free(want.bytes);
	free(whole.bytes);
	free(bytes.bytes);
	free(pieces.bytes);
	return 0;
}
