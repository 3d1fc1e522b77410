#include "http/h2_calm.h"

#include "base/base.h"

enum {
	H2_CREDIT = 1000,
	H2_CREDIT_US = 10 * 1000, /* one more each */
	H2_COST_FRAME = 1,
	H2_COST_RESET = 5,
	H2_EARNED = 5, /* by a frame of an answer or a body: windows and pings come for it */
};

static bool
h2_is_idle(const nghttp2_frame_hd *hd)
{
	switch (hd->type) {
	case NGHTTP2_HEADERS:
		return false;
	case NGHTTP2_DATA:
		return hd->length == 0 && (hd->flags & NGHTTP2_FLAG_END_STREAM) == 0;
	default:
		return true;
	}
}

static void
h2_give_credit(struct h2_credit *c, uint64_t n)
{
	c->frames = c->frames > n ? c->frames - (uint32_t)n : 0;
	c->resets = c->resets > n ? c->resets - (uint32_t)n : 0;
}

static void
h2_charge(struct h2_credit *c, uint32_t *spent, uint32_t cost, uint64_t now)
{
	uint64_t earned = (now - c->at) / H2_CREDIT_US;

	if (earned > 0) {
		h2_give_credit(c, earned);
		c->at = now;
	}
	*spent += cost;
	if (*spent > H2_CREDIT && c->abuse == FAULT_none)
		c->abuse = spent == &c->resets ? FAULT_stream_resets : FAULT_frame_flood;
}

void
h2_credit_received(struct h2_credit *c, const nghttp2_frame_hd *hd, uint64_t now)
{
	if (hd->type == NGHTTP2_RST_STREAM)
		h2_charge(c, &c->resets, H2_COST_RESET, now);
	else if (unlikely(h2_is_idle(hd)))
		h2_charge(c, &c->frames, H2_COST_FRAME, now);
}

/* A reset that the peer has brought about costs as much as its own. */
void
h2_credit_sent(struct h2_credit *c, const nghttp2_frame *frame, uint64_t now)
{
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
	case NGHTTP2_DATA:
		h2_give_credit(c, H2_EARNED);
		break;
	case NGHTTP2_RST_STREAM:
		if (frame->rst_stream.error_code != NGHTTP2_NO_ERROR &&
		    frame->rst_stream.error_code != NGHTTP2_CANCEL &&
		    frame->rst_stream.error_code != NGHTTP2_INTERNAL_ERROR)
			h2_charge(c, &c->resets, H2_COST_RESET, now);
		break;
	default:
		break;
	}
}
