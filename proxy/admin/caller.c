#include "admin/caller.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "http/reason.h"

enum {
	CALLER_HEADER_US = 10 * 1000000, /* for a whole request, and for a pause in an answer */
	CALLER_IDLE_US = 60 * 1000000,
	CALLER_LINGER_US = 1000000, /* what the peer still sends is swallowed this long */
	CALLER_SWALLOW = 4096,
	CALLER_SWALLOWS = 16, /* reads a turn */
	CALLER_WHO = 96,
	CALLER_DATE = 32,
};

struct caller {
	struct conn conn;
	struct codec *codec; /* owned; NULL: lingers */
	struct door *door;
	LIST_ENTRY(caller) entry;
	struct task news;      /* of its stream */
	struct stream *stream; /* lent by the codec; NULL: between requests */
	char *body;            /* of the request, owned */
	size_t body_len;
	struct admin_answer answer; /* its body is owned */
	size_t handed;              /* bytes of it that the codec has */
	uint64_t phase_at;          /* when the wait began that a timeout bounds */
	bool served, continued, timed_out;
	char who[CALLER_WHO];
	struct reap reap;
};

/* ---- the end ---- */

static void
caller_forget_request(struct caller *c)
{
	free(c->body);
	free(c->answer.body);
	c->body = NULL;
	c->body_len = c->handed = 0;
	c->answer = (struct admin_answer){.status = 0};
}

static void
caller_release(struct caller *c)
{
	struct loop *l = c->door->admin->loop;

	task_unlist(l, &c->news);
	c->stream = NULL;
	if (c->codec != NULL)
		c->codec->ops->close(&c->codec);
	conn_close(&c->conn);
	caller_forget_request(c);
	LIST_REMOVE(c, entry);
	c->door->n_callers--;
}

void
caller_free(struct caller *c)
{
	caller_release(c);
	free(c);
}

static void
caller_reap(struct reap *r)
{
	free(container_of(r, struct caller, reap));
}

static void
caller_close(struct caller *c)
{
	struct loop *l = c->door->admin->loop;

	caller_release(c);
	loop_reap(l, &c->reap, caller_reap);
}

static void
caller_phase(struct caller *c, uint64_t us)
{
	c->phase_at = c->conn.loop->now;
	timer_set(c->conn.loop, &c->conn.timer, c->phase_at + us);
}

static void
caller_linger_run(struct task *t)
{
	struct caller *c = container_of(t, struct caller, conn.task);
	char swallowed[CALLER_SWALLOW];
	enum io io = IO_MORE;
	size_t got;

	for (unsigned i = 0; i < CALLER_SWALLOWS && c->conn.may_read; i++) {
		io = conn_read(&c->conn, swallowed, sizeof(swallowed), &got);
		if (io != IO_DONE)
			break;
	}
	if (io == IO_EOF || io == IO_FAILED || c->timed_out)
		caller_close(c);
	else if (c->conn.may_read)
		loop_again(c->conn.loop, &c->conn.task);
}

/* FIN first, then the rest of what is sent is swallowed: a close with unread bytes is a reset,
 * which may overtake the answer (RFC 9112 section 9.6). */
static void
caller_say_goodbye(struct caller *c)
{
	if (c->codec->fault == FAULT_client_gone || c->conn.eof) {
		caller_close(c);
		return;
	}
	c->codec->ops->close(&c->codec);
	conn_finish(&c->conn);
	c->conn.task.run = caller_linger_run;
	c->timed_out = false;
	caller_phase(c, CALLER_LINGER_US);
	conn_watch(&c->conn);
	loop_again(c->conn.loop, &c->conn.task);
}

/* ---- the answer ---- */

static struct str
caller_date(struct arena *a)
{
	char *text = arena_take(a, CALLER_DATE);
	time_t now = time(NULL);
	struct tm tm;

	ASSERT(text != NULL && gmtime_r(&now, &tm) != NULL);
	return str_of(text, strftime(text, CALLER_DATE, "%a, %d %b %Y %H:%M:%S GMT", &tm));
}

static void
caller_add(struct head *h, struct arena *a, struct str name, struct str value)
{
	ASSERT(fields_add(&h->fields, a, name, value)); /* the arena was extended for it */
}

static void
caller_answer_head(struct caller *c, bool text)
{
	enum { ROOM = 4096 };
	struct stream *s = c->stream;
	struct arena *a = s->arena;
	const char *type = c->answer.type;
	struct head *h;

	arena_extend(a, ROOM); /* the request's own fields may have filled it */
	h = arena_take(a, sizeof(*h));
	ASSERT(h != NULL);
	*h = (struct head){
	    .status = (uint16_t)c->answer.status, .reason = reason_of(c->answer.status)};
	if (type == NULL)
		type = text ? "text/plain; charset=utf-8" : "application/json";
	caller_add(h, a, STR("Date"), caller_date(a));
	caller_add(h, a, STR("Content-Type"), str_from(type));
	caller_add(h, a, STR("Cache-Control"), STR("no-store"));
	caller_add(h, a, STR("X-Content-Type-Options"), STR("nosniff"));
	if (c->answer.status == 405)
		caller_add(h, a, STR("Allow"),
		    s->in.head->method == METHOD_POST ? STR("GET, HEAD")
		    : s->in.head->method == METHOD_GET || s->in.head->method == METHOD_HEAD
			? STR("POST")
			: STR("GET, HEAD, POST"));
	s->out.head = h;
	s->out.kind = c->answer.len > 0 ? BODY_LENGTH : BODY_NONE;
	s->out.length = c->answer.len;
	if (s->in.head != NULL && s->in.head->method == METHOD_HEAD) {
		caller_add(
		    h, a, STR("Content-Length"), str_from(arena_printf(a, "%zu", c->answer.len)));
		s->out.kind = BODY_NONE;
		c->handed = c->answer.len;
	}
	s->out.at = AT_BODY;
}

/* Hands over as much of the body as there is room for. */
static void
caller_pump(struct caller *c)
{
	struct message *out = &c->stream->out;
	struct loop *l = c->conn.loop;

	while (c->handed < c->answer.len && message_room(out) > 0) {
		struct chunk *chunk = chunk_take(&l->chunks.small);
		size_t n = c->answer.len - c->handed, room = message_room(out);

		if (n > chunk->size)
			n = chunk->size;
		if (n > room)
			n = room;
		memcpy(chunk->bytes, c->answer.body + c->handed, n);
		ASSERT(slices_add(&out->body, chunk, 0, (uint32_t)n));
		chunk_unref(chunk);
		c->handed += n;
	}
	out->full = c->handed < c->answer.len;
	if (!out->full)
		out->at = AT_DONE;
	codec_flush(c->codec);
}

static void
caller_answer(struct caller *c, struct admin_request *r, enum fault why)
{
	const struct head *h = c->stream->in.head;

	if (why != FAULT_none)
		admin_say(r, &c->answer, fault_row(why)->http, "%s", fault_row(why)->sentence.p);
	else if (h->method == METHOD_GET || h->method == METHOD_HEAD || h->method == METHOD_POST)
		admin_dispatch(c->door, h, r, &c->answer);
	else
		admin_say(r, &c->answer, 405, "methods are GET, HEAD and POST");
	caller_answer_head(c, r->text);
	caller_phase(c, CALLER_HEADER_US);
}

/* ---- the request ---- */

/* RFC 9110 section 10.1.1: who expects it before sending a body is told to go on. */
static void
caller_continue(struct caller *c)
{
	struct stream *s = c->stream;
	struct head *h;

	if (c->continued || fields_find(&s->in.head->fields, FIELD_EXPECT) == NULL)
		return;
	c->continued = true;
	h = arena_take(s->arena, sizeof(*h));
	if (h == NULL)
		return; /* the final answer says it, too */
	*h = (struct head){.status = 100, .reason = reason_of(100)};
	s->out.interim = h;
	codec_flush(c->codec);
}

/* False: larger than allowed. */
static bool
caller_gather(struct caller *c)
{
	struct message *in = &c->stream->in;

	while (in->body.bytes > 0) {
		struct slice *s = slices_first(&in->body);

		if (c->body_len + s->len > ADMIN_BODY_MAX)
			return false;
		if (c->body == NULL)
			c->body = xmalloc(ADMIN_BODY_MAX);
		memcpy(c->body + c->body_len, s->chunk->bytes + s->off, s->len);
		c->body_len += s->len;
		slices_drop(&in->body, s->len);
	}
	message_taken(in, c->conn.loop, &c->conn.task);
	return true;
}

static void
caller_finish(struct caller *c)
{
	enum fault why = c->stream->fault;

	c->stream->codec->ops->stream_end(&c->stream, why);
	caller_forget_request(c);
	c->served = true;
	c->continued = false;
	caller_phase(c, CALLER_IDLE_US);
}

static bool
caller_wants_text(const struct head *h)
{
	struct str accept = field_value(fields_find(&h->fields, FIELD_ACCEPT)), item;

	while (str_cut(&accept, ',', &item)) {
		item = str_trim(str_of(item.p, str_find(item, ';', 0)));
		if (str_eq_case(item, STR("application/json")))
			return false;
		if (str_eq_case(item, STR("text/plain")))
			return true;
	}
	return false;
}

static void
caller_consider(struct caller *c)
{
	struct stream *s = c->stream;
	const struct head *h = s->in.head;
	struct admin_request r = {.who = c->who};
	enum fault why = s->fault;

	if (h != NULL) {
		r.method = h->method == METHOD_HEAD ? METHOD_GET : h->method;
		r.path = h->path;
		r.query = h->query;
		r.text = caller_wants_text(h);
	}
	if (why == FAULT_none && !caller_gather(c))
		why = FAULT_content_too_large;
	if (why == FAULT_none && s->in.at != AT_DONE) {
		caller_continue(c);
		return;
	}
	r.body = str_of(c->body, c->body_len);
	caller_answer(c, &r, why);
}

static void
caller_news(struct task *t)
{
	struct caller *c = container_of(t, struct caller, news);

	if (c->stream == NULL)
		return;
	if (c->stream->fault == FAULT_client_gone) {
		caller_finish(c);
		return;
	}
	if (c->answer.status == 0)
		caller_consider(c);
	if (c->answer.status != 0 && c->stream->out.at != AT_DONE)
		caller_pump(c);
	if (c->stream->sent)
		caller_finish(c);
}

/* ---- the connection ---- */

static void
caller_take_stream(struct caller *c)
{
	struct stream *s = c->codec->fresh;

	if (s == NULL)
		return;
	c->codec->fresh = s->next;
	c->stream = s;
	s->owner = &c->news;
	loop_ready(c->conn.loop, &c->news);
}

static uint64_t
caller_due(const struct caller *c)
{
	if (c->answer.status != 0)
		return c->conn.active_at + CALLER_HEADER_US;
	if (c->stream != NULL || c->codec->midway || !c->served)
		return c->phase_at + CALLER_HEADER_US;
	return c->conn.active_at + CALLER_IDLE_US;
}

/* False: it is closed. */
static bool
caller_overdue(struct caller *c)
{
	uint64_t due = caller_due(c);

	c->timed_out = false;
	if (due > c->conn.loop->now) {
		timer_set(c->conn.loop, &c->conn.timer, due);
		return true;
	}
	if (c->answer.status == 0 && (c->stream != NULL || c->codec->midway)) {
		c->codec->ops->fail(c->codec, FAULT_request_timeout); /* answered: 408 */
		caller_phase(c, CALLER_HEADER_US);
		return true;
	}
	caller_close(c);
	return false;
}

static void
caller_run(struct task *t)
{
	struct caller *c = container_of(t, struct caller, conn.task);
	bool midway = c->codec->midway;

	if (c->timed_out && !caller_overdue(c))
		return;
	(void)c->codec->ops->feed(c->codec); /* its stream and codec.done say what came of it */
	caller_take_stream(c);
	if (codec_waits(c->codec) && c->conn.may_write)
		(void)c->codec->ops->flush(c->codec);
	if (c->stream != NULL) {
		conn_watch(&c->conn);
		return;
	}
	if (c->codec->done) {
		if (!codec_waits(c->codec) || c->codec->fault == FAULT_client_gone)
			caller_say_goodbye(c);
		return;
	}
	if (c->codec->midway && !midway)
		caller_phase(c, CALLER_HEADER_US);
	conn_watch(&c->conn);
}

static void
caller_timer(struct timer *t)
{
	struct conn *conn = container_of(t, struct conn, timer);
	struct caller *c = container_of(conn, struct caller, conn);

	c->timed_out = true;
	loop_ready(conn->loop, &conn->task);
}

static void
caller_name(struct caller *c, int fd, const struct addr *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	char text[ADDR_TEXT];

	if (c->door->file.path == NULL) {
		addr_text(peer, text);
		snprintf(c->who, sizeof(c->who), "%s", text);
	} else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0) {
		snprintf(c->who, sizeof(c->who), "uid %u, pid %d", cred.uid, (int)cred.pid);
	} else {
		snprintf(c->who, sizeof(c->who), "admin socket");
	}
}

void
caller_open(struct door *d, int fd, const struct addr *peer)
{
	struct admin *a = d->admin;
	struct caller *c = xcalloc(1, sizeof(*c));

	c->door = d;
	c->news.run = caller_news;
	caller_name(c, fd, peer);
	conn_open(&c->conn, a->loop, fd, caller_run);
	c->conn.timer.fire = caller_timer;
	c->codec = codec_h1.open(&c->conn, &a->codec_spec);
	LIST_INSERT_HEAD(&d->callers, c, entry);
	d->n_callers++;
	caller_phase(c, CALLER_HEADER_US);
	caller_run(&c->conn.task);
}
