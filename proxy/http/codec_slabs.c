#include "http/codec_slabs.h"

/* A client's stream has its arena behind it, an endpoint's what its codec keeps of it. */
void
codec_slabs_init(struct codec_slabs *s, enum side side, size_t reserve)
{
	size_t behind = side == SIDE_CLIENT ? STREAM_ARENA : codec_h2.part_size;

	slab_init(&s->h1, codec_h1.size, reserve);
	slab_init(&s->h2, codec_h2.size, reserve);
	slab_init(&s->streams, sizeof(struct stream) + behind, reserve);
}

void
codec_slabs_fini(struct codec_slabs *s)
{
	slab_fini(&s->h1);
	slab_fini(&s->h2);
	slab_fini(&s->streams);
}
