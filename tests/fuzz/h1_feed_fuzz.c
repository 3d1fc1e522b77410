/* The HTTP/1 codec, either side, over a conn in memory. Whatever bytes come: streams or faults; and
 * however the same bytes are cut, the same streams, the same faults, the same bytes sent.
 * Input: byte 0 chooses side, question, end and cuts, the rest is what the peer sends. */
#include "../unit/h1_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	SIDE_BIT = 1,
	END_BIT = 2,
	HEAD_BIT = 4,
	UPGRADE_BIT = 8,
	BREAK_BIT = 16,
};

static struct head answer = {.status = 200, .reason = STR_INIT("OK")};
static struct head asks[2] = {
    {.method = METHOD_GET, .method_text = STR_INIT("GET"), .path = STR_INIT("/"), .minor = 1},
    {.method = METHOD_HEAD, .method_text = STR_INIT("HEAD"), .path = STR_INIT("/"), .minor = 1},
};

struct result {
	struct rig_text log, out;
	enum fault fault;
	bool done;
};

static struct result
feed(struct str in, unsigned how, size_t piece, uint32_t seed)
{
	struct h1_rig r;
	struct result result;

	rig_open(&r, how & SIDE_BIT ? SIDE_UPSTREAM : SIDE_CLIENT, in);
	r.piece = piece;
	r.seed = seed;
	r.in_ends = how & END_BIT;
	r.in_breaks = !r.in_ends && (how & BREAK_BIT);
	if (how & SIDE_BIT)
		ASSERT(rig_ask(&r, &asks[(how & HEAD_BIT) != 0], how & UPGRADE_BIT) != NULL);
	else
		r.answer = &answer;
	rig_run(&r);
	/* Behind an answer nothing is believed; when that is seen is a matter of cuts. */
	if ((how & SIDE_BIT) && r.stream == NULL)
		ASSERT(r.codec->done || r.in_at == in.len);
	else
		ASSERT(r.codec->done || r.codec->fault == FAULT_none);
	result = (struct result){r.log, r.out, r.codec->fault, r.codec->done};
	if ((how & SIDE_BIT) && r.streams_seen > 0)
		result.fault = FAULT_none;
	r.log = r.out = (struct rig_text){0};
	rig_close(&r);
	return result;
}

static bool
text_same(const struct rig_text *a, const struct rig_text *b)
{
	return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

static void
result_free(struct result *r)
{
	free(r->log.p);
	free(r->out.p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct str in = str_of((const char *)data + 1, size - 1);
	struct result whole = feed(in, data[0], 0, 0);
	struct result others[] = {
	    feed(in, data[0], in.len < 4096 ? 1 : 61, 0),
	    feed(in, data[0], 0, 1 + (uint32_t)(data[0] >> 5) * 77),
	};

	for (size_t i = 0; i < nelem(others); i++) {
		ASSERT(text_same(&whole.log, &others[i].log));
		ASSERT(text_same(&whole.out, &others[i].out));
		ASSERT(whole.fault == others[i].fault);
		result_free(&others[i]);
	}
	result_free(&whole);
	return 0;
}
