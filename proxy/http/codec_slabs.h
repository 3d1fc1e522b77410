/* codec_slabs - where the codecs of a thread and side come from, and their streams. Each protocol
 * has objects of its own size: a conn of HTTP/1 that idles holds what HTTP/1 needs, and no more. */
#ifndef HTTP_CODEC_SLABS_H
#define HTTP_CODEC_SLABS_H

#include "http/codec.h"

struct codec_slabs {
	struct slab h1, h2; /* codecs */
	struct slab streams;
};

void codec_slabs_init(struct codec_slabs *s, enum side side, size_t reserve);
void codec_slabs_fini(struct codec_slabs *s); /* asserts that nothing is in use */

#endif
