/* reason - the words behind a status in HTTP/1 (RFC 9110 section 15). Nobody may go by them, but
 * people read them, and some clients miss them; HTTP/2 has none. */
#ifndef HTTP_REASON_H
#define HTTP_REASON_H

#include "base/str.h"

struct str reason_of(unsigned status); /* empty: the status has none that is known */

#endif
