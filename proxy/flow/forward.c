#include "flow/forward.h"

#include "base/put.h"
#include "flow/exchange_clock.h"
#include "flow/identity.h"
#include "http/h1_write.h"

enum {
	FORWARD_ADDED = 9 + IDENTITY_FIELDS, /* fields a request may gain on its way */
	FORWARD_ID_MAX = 128,                /* bytes of a request id that is kept */
	FORWARD_NAMES = 256,                 /* bytes of what weir adds, without the values */
};

/* What the request says about its own past: rebuilt here, or kept when a trusted proxy says it; and
 * whose certificate was seen, which nobody is believed, since a proxy that does not know these
 * fields passes on what its clients write. */
#define FORWARD_REBUILT                                                                            \
	(1ull << FIELD_FORWARDED | 1ull << FIELD_X_FORWARDED_FOR |                                 \
	    1ull << FIELD_X_FORWARDED_PROTO | 1ull << FIELD_X_FORWARDED_HOST |                     \
	    1ull << FIELD_X_FORWARDED_PORT | 1ull << FIELD_X_REAL_IP |                             \
	    1ull << FIELD_X_REQUEST_ID | 1ull << FIELD_X_DEADLINE_MS | 1ull << FIELD_HOST |        \
	    1ull << FIELD_CLIENT_CERT | 1ull << FIELD_CLIENT_CERT_CHAIN |                          \
	    1ull << FIELD_X_FORWARDED_CLIENT_CERT)

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

/* Sixteen hex digits at once: a nibble of each random byte, then '0' or 'a' - 10 on top. */
typedef signed char hex_digits __attribute__((vector_size(16)));

static inline void
forward_hex(char out[sizeof(hex_digits)], hex_digits nibbles)
{
	hex_digits letters = nibbles > 9;

	nibbles += '0' + (letters & ('a' - '0' - 10));
	memcpy(out, &nibbles, sizeof(nibbles));
}

static void
forward_make_id(struct exchange *x)
{
	uint64_t words[] = {worker_random(x->worker), worker_random(x->worker)};
	hex_digits bytes;

	_Static_assert(sizeof(words) == sizeof(bytes) && RECORD_ID == 2 * sizeof(bytes), "");
	memcpy(&bytes, words, sizeof(bytes));
	forward_hex(x->id, bytes & 0xf);
	forward_hex(x->id + sizeof(bytes), (bytes >> 4) & 0xf);
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
	r->major = x->client_stream->codec->ops->major;
	r->minor = r->major == 1 ? h->minor : 0;
	r->method = h->method;
	r->method_text = h->method_text;
	r->target = h->target;
	r->host = h->host;
	r->referer = field_value(fields_find(&h->fields, FIELD_REFERER));
	r->user_agent = field_value(fields_find(&h->fields, FIELD_USER_AGENT));
	r->grpc = grpc_is_call(&h->fields);
	r->grpc_status = GRPC_NONE;
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

/* ---- requests ---- */

/* The head under construction. */
struct forward {
	struct exchange *x;
	struct arena *arena;
	struct head *to;
	const struct head *from;
};

/* Where the next field and the next line of ours go: into room that was made for all. Lines that
 * stand one behind the other leave in one copy. */
struct lines {
	struct field *field;
	char *text;
};

/* name: with ": " behind it. */
static ALWAYS_INLINE void
line_begin(struct lines *to, enum field_id id, struct str name)
{
	to->field->name = to->text;
	to->field->name_len = (uint16_t)(name.len - strlen(": "));
	to->field->id = (uint8_t)id;
	to->field->line = true;
	to->text = put(to->text, name);
	to->field->value = to->text;
}

static ALWAYS_INLINE void
line_end(struct lines *to)
{
	to->field->value_len = (uint32_t)(to->text - to->field->value);
	to->text = put(to->text, STR("\r\n"));
	to->field++;
}

static ALWAYS_INLINE void
line_put(struct lines *to, enum field_id id, struct str name, struct str value)
{
	line_begin(to, id, name);
	to->text = put(to->text, value);
	line_end(to);
}

/* What a trusted proxy says; NULL: nothing, or nobody is trusted. */
static inline const struct field *
forward_theirs(const struct forward *f, enum field_id id)
{
	return unlikely(f->x->trusted) ? fields_find(&f->from->fields, id) : NULL;
}

/* A trusted proxy's word, or ours, which stands in a wide buffer. */
static inline char *
forward_word(char *p, const struct forward *f, enum field_id id, struct str ours)
{
	const struct field *theirs = forward_theirs(f, id);

	return theirs != NULL ? put(p, field_value(theirs)) : put_wide(p, ours);
}

/* What trusted proxies have said in a list; ours goes behind. */
static COLD char *
forward_before(char *p, const struct fields *theirs, enum field_id id)
{
	for (uint32_t i = 0; i < theirs->n; i++)
		if (theirs->v[i].id == id)
			p = put(put(p, field_value(&theirs->v[i])), STR(", "));
	return p;
}

/* RFC 7239: for=1.2.3.4;host="a.example";proto=http; IPv6 and ports need the quotes. */
static inline char *
forward_forwarded(char *p, struct str ip, struct str host, struct str proto)
{
	p = put(p, STR("for="));
	if (unlikely(ip.len > PUT_WIDE || memchr(ip.p, ':', ip.len) != NULL))
		p = put(put_wide(put(p, STR("\"[")), ip), STR("]\""));
	else
		p = put_wide(p, ip);
	if (host.len > 0)
		p = put(put(put(p, STR(";host=\"")), host), STR("\""));
	return put_wide(put(p, STR(";proto=")), proto);
}

/* Where the request comes from, in our own words. */
static inline void
forward_past(struct lines *to, const struct forward *f, struct str peer, struct str port)
{
	static const char protos[][PUT_WIDE] = {"http", "https"};
	const struct exchange *x = f->x;
	bool tls = x->client->conn.tls != NULL;
	struct str proto = str_of(protos[tls], tls ? strlen("https") : strlen("http"));
	struct str source = peer, host = f->from->authority;
	char text[ADDR_TEXT] UNSET;

	line_begin(to, FIELD_X_FORWARDED_FOR, STR("X-Forwarded-For: "));
	if (unlikely(x->trusted))
		to->text = forward_before(to->text, &f->from->fields, FIELD_X_FORWARDED_FOR);
	to->text = put_wide(to->text, peer);
	line_end(to);
	line_begin(to, FIELD_X_FORWARDED_PROTO, STR("X-Forwarded-Proto: "));
	to->text = forward_word(to->text, f, FIELD_X_FORWARDED_PROTO, proto);
	line_end(to);
	if (host.len > 0) {
		const struct field *theirs = forward_theirs(f, FIELD_X_FORWARDED_HOST);

		line_put(to, FIELD_X_FORWARDED_HOST, STR("X-Forwarded-Host: "),
		    theirs != NULL ? field_value(theirs) : host);
	}
	line_begin(to, FIELD_X_FORWARDED_PORT, STR("X-Forwarded-Port: "));
	to->text = forward_word(to->text, f, FIELD_X_FORWARDED_PORT, port);
	line_end(to);
	if (unlikely(x->trusted))
		source = str_of(text, addr_text_ip(&x->source, text));
	line_begin(to, FIELD_X_REAL_IP, STR("X-Real-IP: "));
	to->text = put_wide(to->text, source);
	line_end(to);
	line_begin(to, FIELD_FORWARDED, STR("Forwarded: "));
	if (unlikely(x->trusted))
		to->text = forward_before(to->text, &f->from->fields, FIELD_FORWARDED);
	to->text = forward_forwarded(to->text, peer, host, proto);
	line_end(to);
	line_put(to, FIELD_X_REQUEST_ID, STR("X-Request-Id: "), x->record.id);
}

/* How long the endpoint has: nobody will hear what it says later. */
static COLD void
forward_deadline(struct lines *to, const struct exchange *x)
{
	uint64_t us = exchange_left_us(x);

	if (x->record.grpc) {
		line_begin(to, FIELD_GRPC_TIMEOUT, STR("grpc-timeout: "));
		to->text = grpc_timeout_put(to->text, us);
	} else {
		line_begin(to, FIELD_X_DEADLINE_MS, STR("X-Deadline-Ms: "));
		to->text = put_u64(to->text, us / US_PER_MS);
	}
	line_end(to);
}

/* An upper bound of what forward_past and the Host line write. */
static size_t
forward_lines_size(const struct forward *f, struct str host)
{
	size_t size = FORWARD_NAMES + 3 * ADDR_TEXT + host.len + 2 * f->from->authority.len +
		      f->x->record.id.len;

	return likely(!f->x->trusted) ? size : size + h1_fields_size(&f->from->fields);
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

/* To programs that read fields as CGI variables X_Forwarded_For is the same name as the one rebuilt
 * here. And what other proxies tell such programs of certificates, weir does not, nor do clients.
 */
static bool
forward_is_forged(const struct field *f)
{
	static const char told[] = "x-ssl-client-";
	char name[32], first = (char)(f->name[0] | 0x20);
	uint16_t i = 0;

	if (f->id != FIELD_OTHER || (first != 'x' && first != 'c'))
		return false;
	while (i < f->name_len && told[i] == (f->name[i] == '_' ? '-' : f->name[i] | 0x20))
		i++;
	if (told[i] == '\0')
		return true;
	if (f->name_len > sizeof(name) || memchr(f->name, '_', f->name_len) == NULL)
		return false;
	for (i = 0; i < f->name_len; i++)
		name[i] = f->name[i] == '_' ? '-' : f->name[i];
	return FORWARD_REBUILT >> field_id_of(str_of(name, f->name_len)) & 1;
}

/* Those of the client that go on. */
static inline void
forward_fields(struct lines *to, const struct forward *f, const struct hop_fields *hop)
{
	uint64_t stays = hop->ids | FORWARD_REBUILT;

	if (f->x->client_stream->in.upgrade)
		stays &= ~(UINT64_C(1) << FIELD_UPGRADE);
	if (unlikely(f->x->record.grpc && f->x->attempt.deadline != 0))
		stays |= UINT64_C(1) << FIELD_GRPC_TIMEOUT; /* ours is what is left of it */
	for (uint32_t i = 0; i < f->from->fields.n; i++) {
		const struct field *field = &f->from->fields.v[i];

		if ((stays >> field->id & 1) == 0 &&
		    (field->id != FIELD_OTHER ||
			!(forward_is_forged(field) || framing_is_hop(hop, field))))
			*to->field++ = *field;
	}
}

/* Our side's port; most often the listener's, whose text is at hand. */
static inline struct str
forward_port(const struct client *c, char out[PUT_U64])
{
	if (likely(c->local.sa.sa_family == 0))
		return c->listener->port;
	return str_of(out, (size_t)(put_u64(out, addr_port(&c->local)) - out));
}

static void
forward_write(
    struct lines *to, const struct forward *f, const struct hop_fields *hop, struct str host)
{
	const struct client *c = f->x->client;
	const struct field *theirs = fields_find(&f->from->fields, FIELD_HOST);
	char peer[ADDR_TEXT] UNSET, port[PUT_U64] UNSET;

	/* First (RFC 9110 section 7.2), and as the client wrote it when that is what is meant. */
	if (likely(theirs != NULL && theirs->value == host.p))
		*to->field++ = *theirs;
	else
		line_put(to, FIELD_HOST, STR("Host: "), host);
	forward_fields(to, f, hop);
	forward_past(to, f, str_of(peer, addr_text_ip(&c->peer, peer)), forward_port(c, port));
	if (unlikely(f->x->attempt.deadline != 0))
		forward_deadline(to, f->x);
	for (size_t i = 0; unlikely(c->identity != NULL) && i < IDENTITY_FIELDS; i++)
		*to->field++ = c->identity->fields[i];
}

/* The one thing TE may say in HTTP/2 (RFC 9113 section 8.2.2): an endpoint of gRPC wants to hear
 * it. */
static bool
forward_te_passes(const struct exchange *x)
{
	const struct fields *f = &x->client_stream->in.head->fields;

	return x->upstream_stream->codec->ops->major == 2 && !fields_doubled(f, FIELD_TE) &&
	       str_eq_case(field_value(fields_find(f, FIELD_TE)), STR("trailers"));
}

struct head *
forward_request(struct exchange *x, enum fault *why)
{
	const struct head *from = x->client_stream->in.head;
	/* A 1.0 request without a Host gets the endpoint's name. */
	struct str host = from->authority.len > 0 ? from->authority : x->attempt.endpoint->name;
	struct forward f = {.x = x, .arena = x->client_stream->arena, .from = from};
	struct hop_fields hop UNSET;
	struct lines to;

	*why = framing_hop_begin(from, &hop);
	if (*why != FAULT_none)
		return NULL;
	*why = FAULT_header_too_large;
	if (forward_begin(&f, FORWARD_ADDED) == NULL)
		return NULL;
	if (forward_te_passes(x))
		hop.ids &= ~(UINT64_C(1) << FIELD_TE);
	to.field = f.to->fields.v;
	to.text = arena_text(f.arena, forward_lines_size(&f, host));
	if (to.text == NULL)
		return NULL;
	forward_write(&to, &f, &hop, host);
	f.to->fields.n = (uint32_t)(to.field - f.to->fields.v);
	arena_trim(f.arena, to.text);
	return f.to;
}

/* ---- responses ---- */

/* Not one of those that are followed by another. */
static bool
forward_is_final(const struct head *h)
{
	enum { SWITCHING_PROTOCOLS = 101, OK = 200 };

	return h->status >= OK || h->status == SWITCHING_PROTOCOLS;
}

/* The client spoke TLS with us, or with a proxy that is trusted. */
static bool
forward_was_secure(const struct exchange *x)
{
	const struct fields *fields = &x->client_stream->in.head->fields;

	if (x->client->conn.tls != NULL)
		return true;
	return x->trusted &&
	       str_eq(field_value(fields_find(fields, FIELD_X_FORWARDED_PROTO)), STR("https"));
}

/* Tells the client where it sits from now on. */
static bool
forward_seat(struct forward *f, const struct sticky *s)
{
	struct sticky_tag tag = sticky_tag(s, f->x->attempt.endpoint->name);
	char *value = arena_take(f->arena, sticky_cookie_size(s)), *end;

	if (value == NULL)
		return false;
	end = sticky_cookie(s, &tag, forward_was_secure(f->x), value);
	return fields_add(
	    &f->to->fields, f->arena, STR("Set-Cookie"), str_of(value, (size_t)(end - value)));
}

struct head *
forward_response(struct exchange *x, struct head *from, enum fault *why)
{
	const struct sticky *sticky = x->attempt.backend->sticky;
	struct forward f = {.x = x, .arena = x->client_stream->arena, .from = from};
	bool seats = sticky != NULL && !x->attempt.seated && forward_is_final(from);
	struct hop_fields hop UNSET;
	struct field *to;

	*why = framing_hop_begin(from, &hop);
	if (*why != FAULT_none)
		return NULL;
	if (likely(!seats && (hop.ids & from->fields.present) == 0)) /* no other is named then */
		return from;
	*why = FAULT_http_response_header_section_size;
	if (forward_begin(&f, seats) == NULL)
		return NULL;
	if (from->status == 101)
		hop.ids &= ~(UINT64_C(1) << FIELD_UPGRADE);
	to = f.to->fields.v;
	for (uint32_t i = 0; i < from->fields.n; i++)
		if (!framing_is_hop(&hop, &from->fields.v[i]))
			*to++ = from->fields.v[i];
	f.to->fields.n = (uint32_t)(to - f.to->fields.v);
	if (seats && !forward_seat(&f, sticky))
		return NULL;
	return f.to;
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
		if (framing_trailer_allowed(&from->v[i]) && !forward_is_forged(&from->v[i]) &&
		    !fields_add(to, arena, str_of(from->v[i].name, from->v[i].name_len),
			field_value(&from->v[i])))
			return NULL;
	return to->n > 0 ? to : NULL;
}
