#include "upstream/probes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/tls_conn.h"
#include "upstream/balance_draw.h"
#include "upstream/ejection.h"
#include "upstream/health.h"
#include "upstream/pool.h"

enum {
	PROBE_BODY_MAX = 64 * 1024, /* so much of an answer is looked at; the rest is not awaited */
	PROBE_WORDS = 256,
	US_PER_MS = 1000,
};

/* ---- the end of a check ---- */

static void
probe_hang_up(struct probe *p)
{
	if (p->codec != NULL)
		p->codec->ops->close(&p->codec);
	conn_close(&p->conn);
}

static void
probe_end_stream(struct probe *p, enum fault why)
{
	if (p->stream != NULL)
		p->stream->codec->ops->stream_end(&p->stream, why);
}

/* What a result makes of the endpoint. */
static void
probe_tell(struct probe *p, enum check_result result, bool changed, const char *words)
{
	const struct check_spec *spec = &p->check->spec;
	struct endpoint *e = p->endpoint;
	uint32_t row = p->count.row;
	char *text;

	if (!changed && (result != CHECK_FAILED || p->count.verdict != CHECK_DOWN))
		return;
	if (changed)
		text = xasprintf("%s (%u of %u checks, %.*s)", words, row, row, STR_FMT(spec->ask));
	else
		text = xasprintf("%s (%u checks in a row, %.*s)", words, row, STR_FMT(spec->ask));
	if (result == CHECK_FAILED) {
		health_hold(e, HEALTH_FAILS, "%s", text);
		health_release(e, HEALTH_PASSES, "%s", text);
	} else {
		health_hold(e, HEALTH_PASSES, "%s", text);
		health_release(e, HEALTH_FAILS, "%s", text);
	}
	health_release(e, HEALTH_IS_AWAITED, "%s", text);
	free(text);
}

/* Whoever is left out for what its requests came to, and passes, gets requests again at once: it
 * was restarted, most often. */
static void
probe_pardon(struct probe *p, const char *words)
{
	char *text;

	if (p->count.verdict != CHECK_UP || !ejection_lasts(p->endpoint))
		return;
	text = xasprintf("%s (%.*s)", words, STR_FMT(p->check->spec.ask));
	ejection_end(p->endpoint, p->probes->loop->now, text);
	free(text);
}

PRINTF_LIKE(3, 4)
static void
probe_end(struct probe *p, enum check_result result, const char *fmt, ...)
{
	struct loop *l = p->probes->loop;
	char words[PROBE_WORDS];
	uint64_t next;
	va_list ap;
	bool changed;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	probe_end_stream(p, FAULT_http_response_incomplete); /* a whole one has ended already */
	if (result != CHECK_PASSED || p->codec == NULL || p->codec->done || p->conn.hup)
		probe_hang_up(p);
	arena_reset(&p->arena);
	free(p->body);
	p->body = NULL;
	p->body_len = 0;
	p->at = PROBE_WAITS;
	p->took_us = l->now - p->began_at;
	changed = check_note(&p->count, &p->check->spec, result);
	probe_tell(p, result, changed, words);
	if (result == CHECK_PASSED)
		probe_pardon(p, words);
	next = p->began_at + check_wait(&p->count, &p->check->spec, draw_next(&p->probes->random));
	p->due = false;
	timer_set(l, &p->timer, next > l->now ? next : l->now);
}

static void
probe_failed(struct probe *p, enum fault why)
{
	char words[PROBE_WORDS];
	struct str word = fault_row(why)->word;

	if (why == FAULT_connection_limit_reached) { /* ours: it says nothing of the endpoint */
		probe_end(p, CHECK_SKIPPED, "%.*s", STR_FMT(word));
		return;
	}
	for (size_t i = 0; i < word.len; i++)
		words[i] = (char)(word.p[i] == '_' ? ' ' : word.p[i]);
	probe_end(p, CHECK_FAILED, "%.*s", (int)word.len, words);
}

static void
probe_late(struct probe *p)
{
	static const char *const what[] = {[PROBE_DIALS] = "connection",
	    [PROBE_SHAKES] = "end of the TLS handshake",
	    [PROBE_ASKS] = "answer"};

	probe_end(p, CHECK_FAILED, "no %s in %llu ms", what[p->at],
	    (unsigned long long)p->check->spec.timeout / US_PER_MS);
}

/* ---- asking ---- */

static struct head *
probe_head(struct probe *p)
{
	const struct check_spec *spec = &p->check->spec;
	struct arena *a = &p->arena;
	struct head *h = arena_take(a, sizeof(*h));
	bool ok;

	ASSERT(h != NULL); /* the file was read within the limit of an arena */
	*h = (struct head){
	    .method = method_of(spec->method), .method_text = spec->method, .path = spec->target};
	ok = fields_add(
	    &h->fields, a, STR("Host"), spec->host.len > 0 ? spec->host : p->endpoint->name);
	for (size_t i = 0; i < spec->n_fields; i++)
		ok = ok && fields_add(&h->fields, a, spec->fields[i].name, spec->fields[i].value);
	if (fields_find(&h->fields, FIELD_USER_AGENT) == NULL)
		ok = ok &&
		     fields_add(&h->fields, a, STR("User-Agent"), STR("weir-check/" WEIR_VERSION));
	ASSERT(ok);
	return h;
}

static void probe_dial(struct probe *p);

static void
probe_ask(struct probe *p)
{
	struct stream *s = p->codec->ops->stream_open(p->codec, &p->arena, &p->task);

	if (s == NULL) { /* a kept one that takes no more */
		probe_hang_up(p);
		probe_dial(p);
		return;
	}
	p->at = PROBE_ASKS;
	p->stream = s;
	s->out.head = probe_head(p);
	s->out.kind = BODY_NONE;
	s->out.at = AT_DONE;
	codec_flush(p->codec);
}

/* An endpoint that wants to be told of clients is told that there is none. */
static void
probe_introduce(struct probe *p)
{
	static const struct addr nobody;
	char header[PROXY_PROTOCOL_MAX];
	size_t n = proxy_protocol_write(p->check->spec.proxy_protocol, &nobody, &nobody, header);

	wire_text(&p->codec->wire, p->probes->loop, str_of(header, n));
}

/* Where there is TLS, the endpoint has chosen. */
static const struct codec_ops *
probe_codec(const struct probe *p)
{
	bool h2 = p->check->spec.h2;

	if (p->conn.tls != NULL)
		h2 = str_eq(tls_alpn(&p->conn), STR("h2"));
	return h2 ? &codec_h2 : &codec_h1;
}

/* The connection can be used. */
static void
probe_ready(struct probe *p)
{
	const struct codec_ops *codec;

	if (p->check->spec.kind == CHECK_TCP) {
		probe_hang_up(p);
		probe_end(p, CHECK_PASSED, "connected");
		return;
	}
	codec = probe_codec(p);
	if (p->check->spec.h2 && codec != &codec_h2) {
		probe_end(p, CHECK_FAILED, "it does not agree to speak HTTP/2");
		return;
	}
	p->codec = codec->open(&p->conn, &p->probes->codec_spec);
	if (p->check->spec.proxy_protocol != PROXY_PROTOCOL_OFF)
		probe_introduce(p);
	probe_ask(p);
}

static void
probe_shaken(struct probe *p)
{
	enum io io = tls_handshake(&p->conn);
	const struct tls_conn *tls = p->conn.tls;

	if (io == IO_DONE)
		probe_ready(p);
	else if (io != IO_MORE)
		probe_end(p, CHECK_FAILED, "%s%s%s", tls_failure_sentence(tls->failure),
		    tls->why != NULL ? ": " : "", tls->why != NULL ? tls->why : "");
}

/* TCP stands. */
static void
probe_connected(struct probe *p)
{
	struct tls_client *tls = p->check->spec.tls;

	if (tls == NULL) {
		probe_ready(p);
		return;
	}
	p->at = PROBE_SHAKES;
	tls_connect(&p->conn, tls, upstream_host(p->endpoint));
	probe_shaken(p);
}

/* ---- the answer ---- */

/* The front of the body is kept if somebody wants to know it. */
static void
probe_gather(struct probe *p)
{
	struct message *in = &p->stream->in;

	while (in->body.bytes > 0) {
		const struct slice *s = slices_first(&in->body);
		size_t n = s->len;

		if (n > PROBE_BODY_MAX - p->body_len)
			n = PROBE_BODY_MAX - p->body_len;
		if (p->body == NULL && p->check->spec.body.len > 0)
			p->body = xmalloc(PROBE_BODY_MAX);
		if (p->body != NULL)
			memcpy(p->body + p->body_len, s->chunk->bytes + s->off, n);
		p->body_len += n;
		slices_drop(&in->body, s->len);
	}
	message_taken(in, p->probes->loop, &p->conn.task);
}

static void
probe_judge(struct probe *p)
{
	const struct check_spec *spec = &p->check->spec;
	unsigned status = p->stream->in.head->status;

	if (p->stream->in.at == AT_DONE && p->stream->sent)
		probe_end_stream(p, FAULT_none);
	if (!statuses_have(&spec->expect, status))
		probe_end(p, CHECK_FAILED, "status %u", status);
	else if (spec->body.len > 0 &&
		 (p->body == NULL ||
		     memmem(p->body, p->body_len, spec->body.p, spec->body.len) == NULL))
		probe_end(p, CHECK_FAILED, "status %u, but the body lacks \"%.*s\"", status,
		    STR_FMT(spec->body));
	else
		probe_end(p, CHECK_PASSED, "status %u", status);
}

static void
probe_heard(struct probe *p)
{
	struct stream *s = p->stream;
	enum fault why = s->fault;

	if (why != FAULT_none) {
		bool stale = p->kept && !s->heard &&
			     (why == FAULT_connection_terminated || why == FAULT_connection_goaway);

		probe_end_stream(p, why);
		if (!stale) {
			probe_failed(p, why);
			return;
		}
		probe_hang_up(p); /* the endpoint closed what was kept: nothing against it */
		arena_reset(&p->arena);
		probe_dial(p);
		return;
	}
	if (s->in.interim != NULL) {
		s->in.interim = NULL;
		loop_again(p->probes->loop, &p->conn.task);
	}
	probe_gather(p);
	if (s->in.at == AT_DONE || p->body_len == PROBE_BODY_MAX)
		probe_judge(p);
}

/* ---- events ---- */

static void
probe_on_conn(struct task *t)
{
	struct conn *c = container_of(t, struct conn, task);
	struct probe *p = container_of(c, struct probe, conn);

	if (p->codec != NULL) {
		(void)p->codec->ops->feed(p->codec); /* its stream says what came of it */
		if (codec_waits(p->codec) && c->may_write)
			(void)p->codec->ops->flush(p->codec);
	}
	loop_ready(c->loop, &p->task);
}

static void
probe_dialled(struct probe *p, enum io io)
{
	if (io == IO_DONE)
		probe_connected(p);
	else if (io != IO_MORE)
		probe_failed(p, upstream_dial_fault(p->conn.error));
}

static void
probe_dial(struct probe *p)
{
	struct addr to = p->endpoint->addr;

	if (p->check->spec.port != 0)
		addr_set_port(&to, p->check->spec.port);
	p->at = PROBE_DIALS;
	p->kept = false;
	probe_dialled(p, conn_dial(&p->conn, p->probes->loop, &to, probe_on_conn));
}

static void
probe_adopt(struct probe *p)
{
	if (p->next == NULL)
		return;
	check_unref(&p->check);
	p->check = p->next;
	p->next = NULL;
	probe_hang_up(p); /* it may be another port */
}

static void
probe_begin(struct probe *p)
{
	struct loop *l = p->probes->loop;

	if (!probes_admit(p->probes)) {
		loop_again(l, &p->task);
		return;
	}
	probe_adopt(p);
	p->due = false;
	p->began_at = l->now;
	timer_set(l, &p->timer, l->now + p->check->spec.timeout);
	p->kept = p->codec != NULL;
	if (p->kept)
		probe_ask(p);
	else
		probe_dial(p);
}

static void
probe_run(struct task *t)
{
	struct probe *p = container_of(t, struct probe, task);

	switch (p->at) {
	case PROBE_WAITS:
		if (p->codec != NULL && (p->codec->done || p->conn.hup))
			probe_hang_up(p);
		if (p->due)
			probe_begin(p);
		return;
	case PROBE_DIALS:
		if (p->due)
			probe_late(p);
		else
			probe_dialled(p, conn_dialled(&p->conn));
		return;
	case PROBE_SHAKES:
		if (p->due)
			probe_late(p);
		else
			probe_shaken(p);
		return;
	case PROBE_ASKS:
		if (p->due)
			probe_late(p);
		else
			probe_heard(p);
		return;
	}
}

static void
probe_timer(struct timer *t)
{
	struct probe *p = container_of(t, struct probe, timer);

	p->due = true;
	loop_ready(p->probes->loop, &p->task);
}

/* ---- life ---- */

struct probe *
probe_new(struct probes *set, struct endpoint *e, struct check *c, bool trusted)
{
	struct probe *p = xcalloc(1, sizeof(*p));

	p->probes = set;
	p->endpoint = endpoint_ref(e);
	p->check = check_ref(c);
	p->count.trusted = trusted || c->spec.trust;
	p->at = PROBE_WAITS;
	p->timer.fire = probe_timer;
	p->task.run = probe_run;
	p->conn.fd = -1;
	arena_init(&p->arena, NULL, 0, STREAM_ARENA_MAX);
	if (!p->count.trusted)
		health_hold(e, HEALTH_IS_AWAITED, "its first check has no result yet");
	e->probe = p;
	p->due = true;
	loop_ready(set->loop, &p->task);
	return p;
}

void
probe_change(struct probe *p, struct check *c)
{
	struct loop *l = p->probes->loop;
	uint64_t latest;

	if (c == p->check || c == p->next)
		return;
	latest = l->now + check_wait(&p->count, &c->spec, draw_next(&p->probes->random));

	check_unref(&p->next);
	p->next = check_ref(c);
	if (p->at == PROBE_WAITS && !p->due && p->timer.at > latest)
		timer_set(l, &p->timer, latest);
}

void
probe_free(struct probe **pp)
{
	struct probe *p = *pp;
	static const char why[] = "it is not checked any more";

	*pp = NULL;
	probe_end_stream(p, FAULT_http_response_incomplete);
	probe_hang_up(p);
	timer_clear(p->probes->loop, &p->timer);
	task_unlist(p->probes->loop, &p->task);
	arena_reset(&p->arena);
	free(p->body);
	p->endpoint->probe = NULL;
	health_release(p->endpoint, HEALTH_IS_AWAITED, "%s", why);
	health_release(p->endpoint, HEALTH_FAILS, "%s", why);
	health_release(p->endpoint, HEALTH_PASSES, "%s", why);
	check_unref(&p->check);
	check_unref(&p->next);
	endpoint_unref(&p->endpoint);
	free(p);
}
