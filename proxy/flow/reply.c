#include "flow/reply.h"

#include <time.h>

#include "http/reason.h"

enum { REPLY_BODY_MAX = 1024, REPLY_DATE = 32, REPLY_ARENA = 16 * 1024 };

enum reply_kind { REPLY_TEXT, REPLY_HTML, REPLY_JSON };

/* What the client likes best, roughly: the first of the types weir can make that Accept names. */
static enum reply_kind
reply_kind(const struct head *h)
{
	struct str accept = h ? field_value(fields_find(&h->fields, FIELD_ACCEPT)) : STR_NONE, item;

	while (str_cut(&accept, ',', &item)) {
		item = str_trim(str_of(item.p, str_find(item, ';', 0)));
		if (str_eq_case(item, STR("application/json")) ||
		    str_eq_case(item, STR("application/problem+json")))
			return REPLY_JSON;
		if (str_eq_case(item, STR("text/html")))
			return REPLY_HTML;
		if (str_eq_case(item, STR("text/plain")))
			return REPLY_TEXT;
	}
	return REPLY_TEXT;
}

/* The body: fixed words, the fault's row and the id, which is made here or checked to be printable
 * without quotes (forward.c), so that nothing needs escaping. */
static struct str
reply_body(struct arena *a, enum reply_kind kind, const struct fault_row *row, struct str id)
{
	struct str reason = reason_of(row->http);
	char *text = NULL;

	switch (kind) {
	case REPLY_JSON:
		text = arena_printf(a,
		    "{\"status\":%u,\"title\":\"%.*s\",\"error\":\"%.*s\",\"detail\":\"%.*s\","
		    "\"request_id\":\"%.*s\"}\n",
		    row->http, STR_FMT(reason), STR_FMT(row->word), STR_FMT(row->sentence),
		    STR_FMT(id));
		break;
	case REPLY_HTML:
		text = arena_printf(a,
		    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>%u "
		    "%.*s</title>"
		    "<h1>%u %.*s</h1><p>%.*s (<code>%.*s</code>)</p>"
		    "<p>Request <code>%.*s</code></p></html>\n",
		    row->http, STR_FMT(reason), row->http, STR_FMT(reason), STR_FMT(row->sentence),
		    STR_FMT(row->word), STR_FMT(id));
		break;
	case REPLY_TEXT:
		text = arena_printf(a, "%u %.*s: %.*s (%.*s)\nrequest %.*s\n", row->http,
		    STR_FMT(reason), STR_FMT(row->sentence), STR_FMT(row->word), STR_FMT(id));
		break;
	}
	return str_from(text);
}

static struct str
reply_date(struct exchange *x)
{
	time_t now = (time_t)(((int64_t)x->worker->loop->now + x->worker->wall_offset) / 1000000);
	struct tm tm;
	char *text = arena_take(x->client_stream->arena, REPLY_DATE);
	size_t n;

	if (text == NULL || gmtime_r(&now, &tm) == NULL)
		return STR_NONE;
	n = strftime(text, REPLY_DATE, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return str_of(text, n);
}

static void
reply_add(struct head *h, struct arena *a, struct str name, struct str value)
{
	ASSERT(fields_add(&h->fields, a, name, value)); /* reply_head made room */
}

/* All of the answer is handed over. */
static void
reply_leaves(struct exchange *x)
{
	struct loop *l = x->worker->loop;

	x->client_stream->out.at = AT_DONE;
	/* A request that is still being sent is not read any further. */
	timer_set(l, &x->timer, l->now + x->use->snapshot->timeouts.body);
	codec_flush(x->client_stream->codec);
}

static bool
reply_to_head(const struct exchange *x)
{
	const struct head *h = x->client_stream->in.head;

	return h != NULL && h->method == METHOD_HEAD;
}

static void
reply_send(struct exchange *x, struct head *head, struct str body)
{
	struct message *out = &x->client_stream->out;
	struct chunk *c;

	if (body.len > REPLY_BODY_MAX)
		body.len = REPLY_BODY_MAX;
	out->head = head;
	out->kind = reply_to_head(x) ? BODY_NONE : BODY_LENGTH;
	out->length = body.len;
	if (x->client_stream->in.at != AT_DONE) /* the rest of it is not read */
		x->client_stream->in.keep_alive = false;
	x->record.local = true;
	x->record.status = head->status;
	if (out->kind == BODY_LENGTH && body.len > 0) {
		c = chunk_take(&x->worker->loop->chunks.small);
		memcpy(c->bytes, body.p, body.len);
		ASSERT(slices_add(&out->body, c, 0, (uint32_t)body.len));
		chunk_unref(c);
	}
	reply_leaves(x);
}

static struct head *
reply_head(struct exchange *x, unsigned status)
{
	struct arena *a = x->client_stream->arena;
	struct head *h;

	arena_extend(a, REPLY_ARENA); /* the request's own fields may have filled it */
	h = arena_take(a, sizeof(*h));
	ASSERT(h != NULL);
	*h = (struct head){.status = (uint16_t)status, .reason = reason_of(status)};
	reply_add(h, a, STR("Date"), reply_date(x));
	return h;
}

static struct str
reply_proxy_status(struct exchange *x, const struct fault_row *row)
{
	return str_from(
	    arena_printf(x->client_stream->arena, "weir; error=%.*s", STR_FMT(row->word)));
}

/* ---- gRPC: the status is in fields, at the end of the answer, and HTTP's is always 200 ---- */

static void
reply_add_status(struct fields *f, struct exchange *x, const struct fault_row *row)
{
	struct arena *a = x->client_stream->arena;
	char *status = arena_printf(a, "%u", row->grpc);
	char *message = arena_printf(a, "%.*s (%.*s)", STR_FMT(row->sentence), STR_FMT(row->word));

	ASSERT(fields_add(f, a, STR("grpc-status"), str_from(status)) &&
	       fields_add(f, a, STR("grpc-message"), str_from(message))); /* there is room */
	x->record.grpc_status = (enum grpc_status)row->grpc;
}

static void
reply_fault_grpc(struct exchange *x, const struct fault_row *row)
{
	struct head *h = reply_head(x, 200);

	reply_add(h, x->client_stream->arena, STR("Content-Type"), STR("application/grpc"));
	reply_add_status(&h->fields, x, row);
	reply_add(h, x->client_stream->arena, STR("Proxy-Status"), reply_proxy_status(x, row));
	reply_send(x, h, STR_NONE);
}

bool
reply_rest(struct exchange *x, enum fault why)
{
	struct message *out = &x->client_stream->out;

	if (!x->record.grpc || out->at != AT_BODY || out->kind != BODY_CHUNKED ||
	    x->client_stream->fault != FAULT_none)
		return false;
	arena_extend(x->client_stream->arena, REPLY_ARENA);
	out->trailers = arena_take(x->client_stream->arena, sizeof(*out->trailers));
	ASSERT(out->trailers != NULL);
	*out->trailers = (struct fields){0};
	reply_add_status(out->trailers, x, fault_row(why));
	reply_leaves(x);
	return true;
}

/* ---- HTTP ---- */

static void
reply_fault_http(struct exchange *x, const struct fault_row *row)
{
	static const struct str types[] = {
	    [REPLY_TEXT] = STR_INIT("text/plain; charset=utf-8"),
	    [REPLY_HTML] = STR_INIT("text/html; charset=utf-8"),
	    [REPLY_JSON] = STR_INIT("application/json"),
	};
	struct arena *a = x->client_stream->arena;
	enum reply_kind kind = reply_kind(x->client_stream->in.head);
	struct head *h = reply_head(x, row->http);
	struct str body = reply_body(a, kind, row, x->record.id);

	reply_add(h, a, STR("Content-Type"), types[kind]);
	reply_add(h, a, STR("Proxy-Status"), reply_proxy_status(x, row));
	if (reply_to_head(x))
		reply_add(h, a, STR("Content-Length"), str_from(arena_printf(a, "%zu", body.len)));
	if (row->http == 503)
		reply_add(h, a, STR("Retry-After"), STR("1"));
	reply_send(x, h, body);
}

void
reply_fault(struct exchange *x, enum fault why)
{
	if (x->record.grpc)
		reply_fault_grpc(x, fault_row(why));
	else
		reply_fault_http(x, fault_row(why));
}

void
reply_redirect_https(struct exchange *x)
{
	const struct head *from = x->client_stream->in.head;
	struct arena *a = x->client_stream->arena;
	struct head *h = reply_head(x, 308);
	char *to = arena_printf(a, "https://%.*s%.*s%s%.*s", STR_FMT(from->host),
	    STR_FMT(from->path), from->query.p != NULL ? "?" : "", STR_FMT(from->query));

	reply_add(h, a, STR("Location"), str_from(to));
	reply_add(h, a, STR("Content-Length"), STR("0"));
	reply_send(x, h, STR_NONE);
}
