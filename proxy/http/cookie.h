/* cookie - the Cookie field (RFC 6265 section 4.2): NAME=VALUE; NAME=VALUE. Pure. */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include "http/head.h"

/* The value of the first cookie of this name, as it is written; p is NULL: there is none. */
struct str cookie_find(const struct fields *fields, struct str name);

#endif
