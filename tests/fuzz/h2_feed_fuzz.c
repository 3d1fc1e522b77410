/* The HTTP/2 codec, either side, over a conn in memory. Whatever frames come: streams or faults, no
 * more of them and no more bytes than the codec says, and nothing is left when it is closed.
 * Input: byte 0 is of the bits below, the rest is what the peer sends. */
#include "../unit/h1_rig.h" /* its conn in memory is as good for this codec */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	SIDE_BIT = 1,  /* the peer is an endpoint */
	BARE_BIT = 2,  /* without it, what begins every connection comes before the input */
	LAZY_BIT = 4,  /* nobody takes a body */
	STALL_BIT = 8, /* the peer takes few bytes */
	CUT_BIT = 16,
	END_BIT = 32,
	DRAIN_BIT = 64,
};

enum {
	OWNERS = 128,
	ASKS = 3,
	STREAMS_MAX = 100,     /* H2_STREAMS */
	WINDOW = 80 * 1024,    /* of a stream, and the frame that breaks it */
	WIRE_MAX = 192 * 1024, /* H2_WIRE_MAX, and what is added at once */
	STALL_ROOM = 2000,
};

struct owner {
	struct task task;
	struct fuzz *fuzz;
	struct stream *stream; /* lent; NULL: a free place */
	struct arena arena;
};

struct fuzz {
	struct h1_rig rig;
	struct owner owners[OWNERS];
	unsigned n;
	bool lazy;
};

static struct head answer = {.status = 200, .reason = STR_INIT("OK")};
static struct head ask = {.method = METHOD_POST,
    .method_text = STR_INIT("POST"),
    .target = STR_INIT("/"),
    .path = STR_INIT("/"),
    .authority = STR_INIT("a"),
    .host = STR_INIT("a"),
    .minor = 1};

/* What a client, or an endpoint, says first: the preface and empty SETTINGS. */
static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
enum { MAGIC = 24 };

/* The body goes back as it comes. */
static void
owner_echo(struct owner *o)
{
	struct stream *s = o->stream;
	struct message *in = &s->in, *out = &s->out;

	if (out->at == AT_HEAD && in->head != NULL) {
		out->head = &answer;
		out->kind = BODY_CHUNKED;
		out->at = AT_BODY;
	}
	if (o->fuzz->lazy || out->at != AT_BODY)
		return;
	(void)slices_move(&out->body, &in->body, message_room(out));
	message_taken(in, o->fuzz->rig.loop, &o->fuzz->rig.conn.task);
	out->full = in->body.bytes > 0;
	if (in->at == AT_DONE && in->body.bytes == 0) {
		out->trailers = in->trailers;
		out->at = AT_DONE;
	}
	codec_flush(s->codec);
}

static void
owner_end(struct owner *o, enum fault why)
{
	o->stream->codec->ops->stream_end(&o->stream, why);
	arena_reset(&o->arena);
	o->fuzz->n--;
}

static void
owner_run(struct task *t)
{
	struct owner *o = container_of(t, struct owner, task);
	struct stream *s = o->stream;
	bool client = o->fuzz->rig.spec.side == SIDE_CLIENT;

	if (s == NULL)
		return;
	ASSERT(s->in.body.bytes <= WINDOW);
	s->in.interim = NULL;
	if (s->fault != FAULT_none)
		owner_end(o, s->fault);
	else if (client)
		owner_echo(o);
	else if (!o->fuzz->lazy) {
		slices_clear(&s->in.body);
		message_taken(&s->in, o->fuzz->rig.loop, &o->fuzz->rig.conn.task);
	}
	if (o->stream != NULL && s->in.at == AT_DONE && s->in.body.bytes == 0 &&
	    (s->sent || !client))
		owner_end(o, FAULT_none);
}

static struct owner *
owner_free(struct fuzz *f)
{
	for (size_t i = 0; i < OWNERS; i++)
		if (f->owners[i].stream == NULL)
			return &f->owners[i];
	ASSERT(!"streams are bounded");
	return NULL;
}

static void
owner_take(struct fuzz *f, struct stream *s)
{
	struct owner *o = owner_free(f);

	o->stream = s;
	s->owner = &o->task;
	f->n++;
	ASSERT(f->n <= STREAMS_MAX);
	loop_ready(f->rig.loop, &o->task);
}

static void
conn_run(struct task *t)
{
	struct fuzz *f = container_of(t, struct fuzz, rig.conn.task);
	struct codec *c = f->rig.codec;

	(void)c->ops->feed(c);
	while (c->fresh != NULL) {
		struct stream *s = c->fresh;

		c->fresh = s->next;
		owner_take(f, s);
	}
	if (c->wire.bytes > 0 && f->rig.conn.may_write)
		(void)c->ops->flush(c);
	ASSERT(c->wire.bytes <= WIRE_MAX);
}

static void
fuzz_open(struct fuzz *f, unsigned how, struct str in)
{
	struct h1_rig *r = &f->rig;

	*f = (struct fuzz){.lazy = how & LAZY_BIT};
	*r = (struct h1_rig){.in = in,
	    .out_room = how & STALL_BIT ? STALL_ROOM : SIZE_MAX,
	    .seed = how & CUT_BIT ? how : 0,
	    .in_ends = how & END_BIT,
	    .loop = loop_new(NULL),
	    .stop = {.run = rig_stop_run}};
	codec_slabs_init(&r->slabs, how & SIDE_BIT ? SIDE_UPSTREAM : SIDE_CLIENT, 0);
	r->spec = (struct codec_spec){.side = how & SIDE_BIT ? SIDE_UPSTREAM : SIDE_CLIENT,
	    .slabs = &r->slabs,
	    .draining = &r->draining};
	for (size_t i = 0; i < OWNERS; i++) {
		f->owners[i].fuzz = f;
		f->owners[i].task.run = owner_run;
		arena_init(&f->owners[i].arena, NULL, 0, RIG_ARENA);
	}
	conn_open(&r->conn, r->loop, -1, conn_run);
	r->conn.transport = &rig_transport;
	r->codec = codec_h2.open(&r->conn, &r->spec);
	rig_say(&r->out, "");
}

/* Requests to an endpoint: the first one's body goes on. */
static void
fuzz_ask(struct fuzz *f)
{
	for (unsigned i = 0; i < ASKS; i++) {
		struct owner *o = owner_free(f);
		struct stream *s = codec_h2.stream_open(f->rig.codec, &o->arena, &o->task);

		ASSERT(s != NULL);
		o->stream = s;
		f->n++;
		s->out.head = &ask;
		s->out.kind = i == 0 ? BODY_CHUNKED : BODY_NONE;
		s->out.at = i == 0 ? AT_BODY : AT_DONE;
	}
	codec_flush(f->rig.codec);
	rig_turn(&f->rig);
}

static void
fuzz_close(struct fuzz *f)
{
	struct h1_rig *r = &f->rig;

	for (size_t i = 0; i < OWNERS; i++) {
		if (f->owners[i].stream != NULL)
			owner_end(&f->owners[i], FAULT_client_gone);
		task_unlist(r->loop, &f->owners[i].task);
	}
	ASSERT(f->n == 0);
	r->codec->ops->close(&r->codec);
	task_unlist(r->loop, &r->conn.task);
	codec_slabs_fini(&r->slabs);
	loop_free(&r->loop); /* asserts that no chunk is in use */
	free(r->out.p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz f;
	struct rig_text in = {.p = NULL};

	if (size == 0)
		return 0;
	if ((data[0] & BARE_BIT) == 0) {
		size_t skip = data[0] & SIDE_BIT ? MAGIC : 0;

		rig_add(&in, preface + skip, sizeof(preface) - 1 - skip);
	}
	rig_add(&in, (const char *)data + 1, size - 1);
	fuzz_open(&f, data[0], str_of(in.p, in.len));
	if (data[0] & SIDE_BIT)
		fuzz_ask(&f);
	rig_run(&f.rig);
	f.rig.draining = data[0] & DRAIN_BIT;
	rig_run(&f.rig);
	fuzz_close(&f);
	free(in.p);
	return 0;
}
