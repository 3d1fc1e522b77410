/* h2_calm - how much a peer may ask for that nobody needs. Frames that carry nothing, and streams
 * that end unanswered, cost as much work as those that are of use. Each connection has credit for
 * them; time and what is sent to the peer give it back. Who has none left is to calm down. */
#ifndef HTTP_H2_CALM_H
#define HTTP_H2_CALM_H

#include <nghttp2/nghttp2.h>

#include "base/fault.h"

struct h2_credit {
	uint64_t at;             /* when time last gave some back */
	uint32_t frames, resets; /* what they have cost */
	enum fault abuse;        /* why there is none left; FAULT_none */
};

void h2_credit_received(struct h2_credit *c, const nghttp2_frame_hd *hd, uint64_t now);
void h2_credit_sent(struct h2_credit *c, const nghttp2_frame *frame, uint64_t now);

#endif
