/* siphash - SipHash-2-4 with an output of 128 bits (Aumasson and Bernstein): a short tag of some
 * bytes that nobody can make who does not know the key. For tags, not for hash tables. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/str.h"

enum { SIPHASH_KEY = 16, SIPHASH_TAG = 16 };

void siphash(const uint8_t key[SIPHASH_KEY], struct str bytes, uint8_t tag[SIPHASH_TAG]);

#endif
