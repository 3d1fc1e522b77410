/* h2_write - a head as the list of fields that HTTP/2 sends: names in lower case, pseudo-fields
 * first (RFC 9113 section 8.3). The list and what it needs are in the arena; values are borrowed
 * from the head. */
#ifndef HTTP_H2_WRITE_H
#define HTTP_H2_WRITE_H

#include <nghttp2/nghttp2.h>

#include "http/framing.h"

struct h2_list {
	struct arena *arena; /* borrowed */
	nghttp2_nv *v;
	size_t n;
};

/* False: the arena is full. The body's kind and length say what Content-Length is; a request has a
 * scheme. */
bool h2_write_head(struct h2_list *out, const struct head *h, enum body_kind kind, uint64_t length,
    struct str scheme) NODISCARD;
bool h2_write_fields(struct h2_list *out, const struct fields *fields) NODISCARD;

#endif
