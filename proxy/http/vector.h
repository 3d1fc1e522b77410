/* vector - sixteen bytes looked at as one, where the processor can (SSE2: every x86-64). A set of
 * bytes is asked for in a few instructions, and the answer is a bit for each byte, the first one
 * lowest. Whoever loads has made sure that sixteen bytes may be read. */
#ifndef HTTP_VECTOR_H
#define HTTP_VECTOR_H

#include "base/base.h"

enum { VECTOR = 16 };

#ifdef __SSE2__
#include <emmintrin.h>

static inline __m128i
vector_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline unsigned
vector_bits(__m128i v)
{
	return (unsigned)_mm_movemask_epi8(v);
}

/* 0xff where byte == c; where byte <= most; where lo <= byte <= hi. */
static inline __m128i
vector_is(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

static inline __m128i
vector_upto(__m128i v, char most)
{
	return _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(most)), v);
}

static inline __m128i
vector_within(__m128i v, char lo, char hi)
{
	return vector_upto(_mm_sub_epi8(v, _mm_set1_epi8(lo)), (char)(hi - lo));
}

/* Letters, digits and hyphens. */
static inline __m128i
vector_plain(__m128i v)
{
	__m128i letter = vector_within(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 'z');

	return _mm_or_si128(_mm_or_si128(letter, vector_within(v, '0', '9')), vector_is(v, '-'));
}

#endif
#endif
