#include "upstream/sticky.h"

#include <stdlib.h>

static const struct str sticky_secure = STR_INIT("; Secure");

/* Whoever does not know the secret knows nothing of the key, and that is all that is asked of it.
 */
void
sticky_digest(struct str secret, uint8_t key[SIPHASH_KEY])
{
	static const uint8_t nothing[SIPHASH_KEY];

	siphash(nothing, secret, key);
}

/* What follows the tag. */
static struct str
sticky_attributes(const struct sticky_spec *spec)
{
	static const char *const sites[] = {
	    [STICKY_LAX] = "Lax", [STICKY_STRICT] = "Strict", [STICKY_NONE] = "None"};
	enum { US_PER_S = 1000000 };
	const char *site = sites[spec->site];

	if (spec->ttl == 0)
		return str_from(xasprintf("; Path=/; HttpOnly; SameSite=%s", site));
	return str_from(xasprintf("; Max-Age=%llu; Path=/; HttpOnly; SameSite=%s",
	    (unsigned long long)((spec->ttl + US_PER_S - 1) / US_PER_S), site));
}

struct sticky *
sticky_new(
    const struct sticky_spec *spec, struct str backend, const uint8_t process_key[SIPHASH_KEY])
{
	struct sticky *s;

	if (spec->cookie.p == NULL)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->cookie = str_of(str_dup(spec->cookie), spec->cookie.len);
	s->past_tag = sticky_attributes(spec);
	s->strict = spec->strict;
	s->secure = spec->site == STICKY_NONE; /* or browsers refuse it */
	siphash(spec->keyed ? spec->key : process_key, backend, s->key);
	return s;
}

void
sticky_free(struct sticky **sp)
{
	struct sticky *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	free((char *)(uintptr_t)s->cookie.p);
	free((char *)(uintptr_t)s->past_tag.p);
	free(s);
}

struct sticky_tag
sticky_tag(const struct sticky *s, struct str endpoint)
{
	struct sticky_tag tag;

	siphash(s->key, endpoint, tag.bytes);
	return tag;
}

static int
sticky_cmp(const void *a, const void *b)
{
	const struct sticky_seat *x = a, *y = b;

	return memcmp(&x->tag, &y->tag, sizeof(x->tag));
}

struct sticky_seat *
sticky_seats(const struct sticky *s, const struct balance_target *v, uint32_t n)
{
	struct sticky_seat *seats = xcalloc(n, sizeof(*seats));

	for (uint32_t i = 0; i < n; i++)
		seats[i] = (struct sticky_seat){sticky_tag(s, v[i].endpoint->name), i};
	if (n > 0)
		qsort(seats, n, sizeof(*seats), sticky_cmp);
	return seats;
}

uint32_t
sticky_find(const struct sticky_seat *seats, uint32_t n, const struct sticky_tag *tag)
{
	const struct sticky_seat wanted = {*tag, 0};
	const struct sticky_seat *found =
	    n > 0 ? bsearch(&wanted, seats, n, sizeof(*seats), sticky_cmp) : NULL;

	return found != NULL ? found->target : BALANCE_NONE;
}

/* ---- as text ---- */

static int
sticky_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
sticky_read(struct str text, struct sticky_tag *tag)
{
	if (text.len != STICKY_TEXT)
		return false;
	for (size_t i = 0; i < sizeof(tag->bytes); i++) {
		int high = sticky_digit(text.p[2 * i]), low = sticky_digit(text.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		tag->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

size_t
sticky_cookie_size(const struct sticky *s)
{
	return s->cookie.len + strlen("=") + STICKY_TEXT + s->past_tag.len + sticky_secure.len;
}

char *
sticky_cookie(const struct sticky *s, const struct sticky_tag *tag, bool secure, char *out)
{
	static const char digits[] = "0123456789abcdef";

	out = mempcpy(out, s->cookie.p, s->cookie.len);
	*out++ = '=';
	for (size_t i = 0; i < sizeof(tag->bytes); i++) {
		*out++ = digits[tag->bytes[i] >> 4];
		*out++ = digits[tag->bytes[i] & 0xf];
	}
	out = mempcpy(out, s->past_tag.p, s->past_tag.len);
	return secure || s->secure ? mempcpy(out, sticky_secure.p, sticky_secure.len) : out;
}
