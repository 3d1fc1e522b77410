#include "base/siphash.h"

#include <endian.h>
#include <string.h>

enum { WORD = 8, ROUNDS = 2, LAST_ROUNDS = 4, LENGTH_SHIFT = 56 };

static uint64_t
siphash_word(const void *p, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, p, len);
	return le64toh(word);
}

static uint64_t
rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void
siphash_mix(uint64_t v[4], int rounds)
{
	while (rounds-- > 0) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

static void
siphash_eat(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	siphash_mix(v, ROUNDS);
	v[0] ^= word;
}

/* One half of the tag. */
static void
siphash_give(uint64_t v[4], uint8_t *out)
{
	uint64_t half;

	siphash_mix(v, LAST_ROUNDS);
	half = htole64(v[0] ^ v[1] ^ v[2] ^ v[3]);
	memcpy(out, &half, sizeof(half));
}

void
siphash(const uint8_t key[SIPHASH_KEY], struct str bytes, uint8_t tag[SIPHASH_TAG])
{
	uint64_t k0 = siphash_word(key, WORD), k1 = siphash_word(key + WORD, WORD);
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d ^ 0xee,
	    k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
	size_t at = 0;

	for (; at + WORD <= bytes.len; at += WORD)
		siphash_eat(v, siphash_word(bytes.p + at, WORD));
	siphash_eat(v, (uint64_t)bytes.len << LENGTH_SHIFT |
			   (at < bytes.len ? siphash_word(bytes.p + at, bytes.len - at) : 0));
	v[2] ^= 0xee;
	siphash_give(v, tag);
	v[1] ^= 0xdd;
	siphash_give(v, tag + WORD);
}
