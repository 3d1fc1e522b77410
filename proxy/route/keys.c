#include "route/keys.h"

#include <stdlib.h>

#include "base/map.h"

enum { KEYS_FIRST_ROOM = 64, KEYS_FIRST_SHIFT = 64 - 6 };

/* The same text under many owners ("/" of each host) must spread as well as many texts do: steps of
 * the golden ratio do, in the high bits, which is where keys_home looks. */
static inline uint64_t
keys_hash(enum key_kind kind, uint32_t owner, struct str text)
{
	const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t h = map_hash(text) + (owner * (uint64_t)KEY_KINDS + kind) * step;

	return h ? h : 1;
}

static inline size_t
keys_home(const struct keys *k, uint64_t hash)
{
	return hash >> k->shift;
}

struct key *
keys_get(const struct keys *k, enum key_kind kind, uint32_t owner, struct str text)
{
	uint64_t hash;

	if (k->n == 0)
		return NULL;
	hash = keys_hash(kind, owner, text);
	for (size_t i = keys_home(k, hash); k->slots[i].hash != 0; i = (i + 1) & (k->room - 1)) {
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
	size_t i = keys_home(k, slot.hash);

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
		k->shift = old.room ? old.shift - 1 : KEYS_FIRST_SHIFT;
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
