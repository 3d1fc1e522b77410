/* retry_after - the Retry-After field (RFC 9110 section 10.2.3): how long to stay away. Pure. */
#ifndef HTTP_RETRY_AFTER_H
#define HTTP_RETRY_AFTER_H

#include "base/str.h"

/* Microseconds from now (wall_us, since 1970) on; 0: at once, or what is written makes no sense. */
uint64_t retry_after_us(struct str value, uint64_t wall_us);

#endif
