/* The scalars that say how endpoints are checked. */
#include "config/value_parts.h"

enum { TARGET_MAX_LEN = 4096 };

static bool
value_ask_wrong(struct str text, struct value_wrong *w)
{
	WRONG(w, "\"%.*s%s\" is not a check", SHOWN(text));
	if (text.len > 0 && text.p[0] == '/')
		return HINT(w, "write GET %.*s", SHOWN_MAX, text.p);
	return HINT(w, "write GET /healthz, tcp or off; then perhaps: every 2s");
}

/* What stands behind the method. */
static bool
value_target(struct str text, struct value_wrong *w)
{
	if (text.len > TARGET_MAX_LEN)
		return WRONG(w, "a path is at most %d bytes long", TARGET_MAX_LEN);
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 0x7f || text.p[i] == '#')
			return WRONG(w, "\"%.*s%s\" is not a path to ask for", SHOWN(text));
	return true;
}

static bool
value_request(struct str text, struct model_ask *out, struct value_wrong *w)
{
	size_t space = str_find(text, ' ', 0);

	out->kind = ASK_HTTP;
	out->method = str_of(text.p, space);
	out->target = str_trim(str_from_at(text, space));
	if (out->target.len == 0 || out->target.p[0] != '/')
		return value_ask_wrong(text, w);
	if (str_eq(out->method, STR("CONNECT")))
		return WRONG(w, "CONNECT cannot be a check");
	return value_method(out->method, w) && value_target(out->target, w);
}

/* "... every 2s": cuts it off. */
static bool
value_every(struct str *text, uint64_t *every, struct value_wrong *w)
{
	static const struct str word = STR_INIT(" every ");

	for (size_t i = 0; i + word.len <= text->len; i++) {
		struct str rest = str_from_at(*text, i);

		if (!str_starts(rest, word))
			continue;
		*text = str_trim(str_of(text->p, i));
		return value_duration(str_trim(str_from_at(rest, word.len)), every, w);
	}
	return true;
}

bool
value_ask(struct str text, struct model_ask *out, uint64_t *every, struct value_wrong *w)
{
	*out = (struct model_ask){.kind = ASK_OFF};
	*every = 0;
	if (!value_every(&text, every, w))
		return false;
	out->text = text;
	if (str_eq(text, STR("off")))
		return *every == 0 || WRONG(w, "off is never asked");
	if (!str_eq(text, STR("tcp")))
		return value_request(text, out, w);
	out->kind = ASK_TCP;
	return true;
}

bool
value_every_is_a_key(struct value_wrong *w)
{
	WRONG(w, "the interval has a key of its own here");
	return HINT(w, "write every: 5s");
}

bool
value_range(struct str text, uint64_t min, uint64_t max, uint64_t *first, uint64_t *last)
{
	size_t dash = str_find(text, '-', 0);

	if (!value_number(str_of(text.p, dash), min, max, first))
		return false;
	*last = *first;
	return dash == text.len || value_number(str_from_at(text, dash + 1), *first, max, last);
}

bool
value_field_name(struct str text, struct value_wrong *w)
{
	static const char *const ours[] = {"Host", "Connection", "Content-Length",
	    "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Expect", "Keep-Alive"};

	if (!value_token(text, w))
		return false;
	for (size_t i = 0; i < nelem(ours); i++)
		if (str_eq_case(text, str_from(ours[i]))) {
			WRONG(w, "%s is written by weir", ours[i]);
			return i > 0 || HINT(w, "its value is the key host");
		}
	return true;
}
