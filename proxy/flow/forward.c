#include "flow/forward.h"

#include "io/proxy_protocol.h"

enum {
	FORWARD_ADDED = 10,   /* fields a request may gain on its way */
	FORWARD_ID_MAX = 128, /* bytes of a request id that is kept */
};

/* What the request says about its own past: rebuilt here, or kept when a trusted proxy says it. */
#define FORWARD_REBUILT                                                                            \
	(1ull << FIELD_FORWARDED | 1ull << FIELD_X_FORWARDED_FOR |                                 \
	    1ull << FIELD_X_FORWARDED_PROTO | 1ull << FIELD_X_FORWARDED_HOST |                     \
	    1ull << FIELD_X_FORWARDED_PORT | 1ull << FIELD_X_REAL_IP |                             \
	    1ull << FIELD_X_REQUEST_ID | 1ull << FIELD_HOST)

static bool
forward_trusts(const struct exchange *x)
{
	const struct snapshot *s = x->use->snapshot;

	return s->n_trusted > 0 && cidr_has(s->trusted, s->n_trusted, &x->client->peer);
}

/* The right-most address of X-Forwarded-For that is not one of ours (nobody can forge it). */
static void
forward_source(struct exchange *x, const struct fields *fields)
{
	const struct snapshot *s = x->use->snapshot;

	for (uint32_t i = fields->n; i-- > 0;) {
		struct str list = field_value(&fields->v[i]);

		if (fields->v[i].id != FIELD_X_FORWARDED_FOR)
			continue;
		while (list.len > 0) {
			size_t at = list.len;
			struct addr hop;

			while (at > 0 && list.p[at - 1] != ',')
				at--;
			if (!addr_parse_ip(str_trim(str_of(list.p + at, list.len - at)), &hop))
				return; /* what stands before a lie is not to be believed */
			addr_set_port(&hop, 0);
			x->source = hop;
			if (!cidr_has(s->trusted, s->n_trusted, &hop))
				return;
			list.len = at > 0 ? at - 1 : 0;
		}
	}
}

/* Eight hex digits at once: one nibble to each byte of a word, then 'a' - 10 or '0' on top. */
static inline void
forward_hex(char out[8], uint32_t bits)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t n = bits, letters;

	n = (n << 16 | n) & UINT64_C(0x0000ffff0000ffff);
	n = (n << 8 | n) & UINT64_C(0x00ff00ff00ff00ff);
	n = (n << 4 | n) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	letters = (n + 6 * ones) >> 4 & ones;
	n += '0' * ones + letters * ('a' - '0' - 10);
	memcpy(out, &n, sizeof(n));
}

static void
forward_make_id(struct exchange *x)
{
	for (unsigned i = 0; i < RECORD_ID; i += 16) {
		uint64_t word = worker_random(x->worker);

		forward_hex(x->id + i, (uint32_t)word);
		forward_hex(x->id + i + 8, (uint32_t)(word >> 32));
	}
	x->record.id = str_of(x->id, RECORD_ID);
}

static bool
forward_id_is_sane(struct str id)
{
	if (id.len == 0 || id.len > FORWARD_ID_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (id.p[i] <= ' ' || id.p[i] > '~' || id.p[i] == '"' || id.p[i] == '\\')
			return false;
	return true;
}

void
forward_identify(struct exchange *x)
{
	const struct head *h = x->client_stream->in.head;
	struct record *r = &x->record;
	struct str id;

	x->source = x->client->peer;
	if (h == NULL) { /* not even a head: what can be said ends here */
		forward_make_id(x);
		return;
	}
	r->minor = h->minor;
	r->method = h->method;
	r->method_text = h->method_text;
	r->target = h->target;
	r->host = h->host;
	r->referer = field_value(fields_find(&h->fields, FIELD_REFERER));
	r->user_agent = field_value(fields_find(&h->fields, FIELD_USER_AGENT));
	x->trusted = forward_trusts(x);
	if (x->trusted) {
		forward_source(x, &h->fields);
		id = field_value(fields_find(&h->fields, FIELD_X_REQUEST_ID));
		if (forward_id_is_sane(id)) {
			r->id = id;
			return;
		}
	}
	forward_make_id(x);
}

struct str
forward_cookie(const struct head *h, struct str name)
{
	for (uint32_t i = 0; i < h->fields.n; i++) {
		struct str rest = field_value(&h->fields.v[i]), pair;

		if (h->fields.v[i].id != FIELD_COOKIE)
			continue;
		while (str_cut(&rest, ';', &pair)) {
			size_t eq;

			pair = str_trim(pair);
			eq = str_find(pair, '=', 0);
			if (eq < pair.len && str_eq(str_of(pair.p, eq), name))
				return str_of(pair.p + eq + 1, pair.len - eq - 1);
		}
	}
	return STR_NONE;
}

void
forward_proxy_header(struct exchange *x, struct codec *codec)
{
	char header[PROXY_PROTOCOL_MAX];
	const struct client *c = x->client;
	size_t n = proxy_protocol_write(x->attempt.backend->proxy_protocol, &x->source,
	    c->local.sa.sa_family != 0 ? &c->local : &c->listener->addr, header);

	wire_text(&codec->wire, codec->conn->loop, str_of(header, n));
}

/* ---- requests ---- */

/* The head under construction: fields are added without a check, then the arena is asked once. */
struct forward {
	struct exchange *x;
	struct arena *arena;
	struct head *to;
	const struct head *from;
	bool full;
};

/* forward_begin made room for all; what is present is of no more interest. */
static inline void
forward_keep(struct forward *f, const struct field *field)
{
	f->to->fields.v[f->to->fields.n++] = *field;
}

/* One of ours. value.p NULL: the arena was full, which forward_end tells. */
static void
forward_add(struct forward *f, enum field_id id, struct str name, struct str value)
{
	forward_keep(f, &(struct field){.name = name.p,
			    .value = value.p,
			    .value_len = (uint32_t)value.len,
			    .name_len = (uint16_t)name.len,
			    .id = (uint16_t)id});
}

/* All values of this field from the client, and one more behind them. */
static struct str
forward_append(struct forward *f, enum field_id id, struct str last)
{
	const struct fields *fields = &f->from->fields;
	size_t len = last.len;
	char *text, *p;

	if (!(fields->present & 1ull << id))
		return last;
	for (uint32_t i = 0; i < fields->n; i++)
		if (fields->v[i].id == id)
			len += fields->v[i].value_len + strlen(", ");
	text = p = arena_take(f->arena, len);
	if (text == NULL)
		return STR_NONE;
	for (uint32_t i = 0; i < fields->n; i++)
		if (fields->v[i].id == id) {
			p = mempcpy(p, fields->v[i].value, fields->v[i].value_len);
			p = mempcpy(p, ", ", 2);
		}
	p = mempcpy(p, last.p, last.len);
	return str_of(text, (size_t)(p - text));
}

/* A trusted proxy's word, or ours. */
static struct str
forward_word(struct forward *f, enum field_id id, struct str ours)
{
	const struct field *theirs = NULL;

	if (f->x->trusted)
		theirs = fields_find(&f->from->fields, id);
	return theirs != NULL ? field_value(theirs) : ours;
}

/* RFC 7239: for=1.2.3.4;host="a.example";proto=http; IPv6 and ports need the quotes. */
static struct str
forward_forwarded(struct forward *f, struct str ip, struct str host)
{
	bool v6 = memchr(ip.p, ':', ip.len) != NULL;
	bool tls = f->x->client->conn.tls != NULL;
	char *text = arena_take(f->arena, ip.len + host.len + 48), *p = text;

	if (text == NULL)
		return STR_NONE;
	p = mempcpy(p, "for=", 4);
	if (v6)
		p = mempcpy(p, "\"[", 2);
	p = mempcpy(p, ip.p, ip.len);
	if (v6)
		p = mempcpy(p, "]\"", 2);
	if (host.len > 0) {
		p = mempcpy(p, ";host=\"", 7);
		p = mempcpy(p, host.p, host.len);
		*p++ = '"';
	}
	p = mempcpy(p, ";proto=https", tls ? 12 : 11);
	return str_of(text, (size_t)(p - text));
}

static struct str
forward_port(struct forward *f)
{
	const struct client *c = f->x->client;
	uint16_t port = addr_port(c->local.sa.sa_family != 0 ? &c->local : &c->listener->addr);
	char *text = arena_take(f->arena, 8), *p = text + 8;

	if (text == NULL)
		return STR_NONE;
	do
		*--p = (char)('0' + port % 10);
	while ((port /= 10) != 0);
	return str_of(p, (size_t)(text + 8 - p));
}

static void
forward_past(struct forward *f)
{
	struct exchange *x = f->x;
	struct str host = f->from->authority, peer, source, forwarded;
	char text[ADDR_TEXT];

	peer = arena_copy(f->arena, str_of(text, addr_text_ip(&x->client->peer, text)));
	source = addr_same(&x->source, &x->client->peer)
		     ? peer
		     : arena_copy(f->arena, str_of(text, addr_text_ip(&x->source, text)));
	forwarded = forward_forwarded(f, peer, host);
	forward_add(f, FIELD_X_FORWARDED_FOR, STR("X-Forwarded-For"),
	    x->trusted ? forward_append(f, FIELD_X_FORWARDED_FOR, peer) : peer);
	forward_add(f, FIELD_X_FORWARDED_PROTO, STR("X-Forwarded-Proto"),
	    forward_word(f, FIELD_X_FORWARDED_PROTO,
		x->client->conn.tls != NULL ? STR("https") : STR("http")));
	if (host.len > 0)
		forward_add(f, FIELD_X_FORWARDED_HOST, STR("X-Forwarded-Host"),
		    forward_word(f, FIELD_X_FORWARDED_HOST, host));
	forward_add(f, FIELD_X_FORWARDED_PORT, STR("X-Forwarded-Port"),
	    forward_word(f, FIELD_X_FORWARDED_PORT, forward_port(f)));
	forward_add(f, FIELD_X_REAL_IP, STR("X-Real-IP"), source);
	forward_add(f, FIELD_FORWARDED, STR("Forwarded"),
	    x->trusted ? forward_append(f, FIELD_FORWARDED, forwarded) : forwarded);
	forward_add(f, FIELD_X_REQUEST_ID, STR("X-Request-Id"), x->record.id);
}

static struct head *
forward_begin(struct forward *f, uint32_t added)
{
	uint32_t room = f->from->fields.n + added;

	f->to = arena_take(f->arena, sizeof(*f->to));
	if (f->to == NULL)
		return NULL;
	*f->to = *f->from;
	f->to->fields = (struct fields){
	    .v = arena_take(f->arena, room * sizeof(struct field)),
	    .room = room,
	};
	return f->to->fields.v != NULL ? f->to : NULL;
}

static struct head *
forward_end(struct forward *f, enum fault *why)
{
	if (!f->full && !arena_full(f->arena))
		return f->to;
	*why = FAULT_header_too_large;
	return NULL;
}

/* X_Forwarded_For and its like: to programs that read fields as CGI variables they are the same
 * name as the ones rebuilt here. */
static bool
forward_is_forged(const struct field *f)
{
	char name[32];

	if (f->id != FIELD_OTHER || (f->name[0] | 0x20) != 'x' || f->name_len > sizeof(name) ||
	    memchr(f->name, '_', f->name_len) == NULL)
		return false;
	for (uint16_t i = 0; i < f->name_len; i++)
		name[i] = f->name[i] == '_' ? '-' : f->name[i];
	return FORWARD_REBUILT >> field_id_of(str_of(name, f->name_len)) & 1;
}

struct head *
forward_request(struct exchange *x, enum fault *why)
{
	const struct head *from = x->client_stream->in.head;
	struct forward f = {x, x->client_stream->arena, NULL, from, false};
	struct hop_fields hop;

	*why = framing_hop_begin(from, &hop);
	if (*why != FAULT_none)
		return NULL;
	*why = FAULT_header_too_large;
	if (forward_begin(&f, FORWARD_ADDED) == NULL)
		return NULL;
	/* Host first (RFC 9110 section 7.2); a 1.0 request without one gets the endpoint's name. */
	forward_add(&f, FIELD_HOST, STR("Host"),
	    from->authority.len > 0 ? from->authority : x->attempt.endpoint->name);
	for (uint32_t i = 0; i < from->fields.n; i++) {
		const struct field *field = &from->fields.v[i];

		if ((FORWARD_REBUILT >> field->id & 1) || forward_is_forged(field))
			continue;
		if (!framing_is_hop(&hop, field) ||
		    (field->id == FIELD_UPGRADE && x->client_stream->in.upgrade) ||
		    field->id == FIELD_CONTENT_LENGTH)
			forward_keep(&f, field);
	}
	forward_past(&f);
	return forward_end(&f, why);
}

/* ---- responses ---- */

struct head *
forward_response(struct exchange *x, const struct head *from, enum fault *why)
{
	struct forward f = {x, x->client_stream->arena, NULL, from, false};
	struct hop_fields hop;

	*why = framing_hop_begin(from, &hop);
	if (*why != FAULT_none)
		return NULL;
	*why = FAULT_http_response_header_section_size;
	if (forward_begin(&f, 0) == NULL)
		return NULL;
	for (uint32_t i = 0; i < from->fields.n; i++) {
		const struct field *field = &from->fields.v[i];

		if (!framing_is_hop(&hop, field) ||
		    (field->id == FIELD_UPGRADE && from->status == 101) ||
		    field->id == FIELD_CONTENT_LENGTH)
			forward_keep(&f, field);
	}
	return forward_end(&f, why);
}

struct fields *
forward_trailers(struct exchange *x, const struct fields *from)
{
	struct arena *arena = x->client_stream->arena;
	struct fields *to = arena_take(arena, sizeof(*to));

	if (to == NULL)
		return NULL;
	*to = (struct fields){0};
	for (uint32_t i = 0; i < from->n; i++)
		if (framing_trailer_allowed(&from->v[i]) &&
		    !fields_add(to, arena, str_of(from->v[i].name, from->v[i].name_len),
			field_value(&from->v[i])))
			return NULL;
	return to->n > 0 ? to : NULL;
}
