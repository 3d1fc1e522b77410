#include "route/keys.h"

#include <stdlib.h>

#include "base/map.h"

enum { KEYS_FIRST_ROOM = 64 };

/* The same text under many owners ("/" of each host) must spread as well as many texts do, hence a
 * full mix (that of splitmix64) and not only a sum. */
static uint64_t
keys_hash(enum key_kind kind, uint32_t owner, struct str text)
{
	uint64_t h = map_hash(text) + ((uint64_t)owner << 8 | kind) * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	h ^= h >> 31;
	return h ? h : 1;
}

struct key *
keys_get(const struct keys *k, enum key_kind kind, uint32_t owner, struct str text)
{
	uint64_t hash;

	if (k->n == 0)
		return NULL;
	hash = keys_hash(kind, owner, text);
	for (size_t i = hash & (k->room - 1); k->slots[i].hash != 0; i = (i + 1) & (k->room - 1)) {
		struct key *key = k->slots[i].key;

		if (k->slots[i].hash == hash && key->owner == owner && key->kind == kind &&
		    str_eq(key->text, text))
			return key;
	}
	return NULL;
}

static void
keys_place(struct keys *k, struct keys_slot slot)
{
	size_t i = slot.hash & (k->room - 1);

	while (k->slots[i].hash != 0)
		i = (i + 1) & (k->room - 1);
	k->slots[i] = slot;
}

void
keys_put(struct keys *k, struct key *key)
{
	if ((k->n + 1) * 4 > k->room * 3) {
		struct keys old = *k;

		k->room = old.room ? old.room * 2 : KEYS_FIRST_ROOM;
		k->slots = xcalloc(k->room, sizeof(*k->slots));
		for (size_t i = 0; i < old.room; i++)
			if (old.slots[i].hash != 0)
				keys_place(k, old.slots[i]);
		free(old.slots);
	}
	keys_place(k, (struct keys_slot){keys_hash(key->kind, key->owner, key->text), key});
	k->n++;
}

void
keys_free(struct keys *k)
{
	free(k->slots);
	*k = (struct keys){0};
}
