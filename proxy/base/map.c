#include "base/map.h"

#include <stdlib.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { MAP_FIRST_ROOM = 16 };

static uint64_t map_seed; /* written once, before main: nothing ever sees it change */

__attribute__((constructor)) static void
map_seed_init(void)
{
	if (getrandom(&map_seed, sizeof(map_seed), GRND_NONBLOCK) != sizeof(map_seed))
		map_seed = (uint64_t)(uintptr_t)&map_seed;
}

uint64_t
map_hash(struct str key)
{
	uint64_t h = XXH3_64bits_withSeed(key.p ? key.p : "", key.len, map_seed);

	return h ? h : 1;
}

void
map_init(struct map *m)
{
	*m = (struct map){0};
}

void
map_free(struct map *m)
{
	free(m->slots);
	*m = (struct map){0};
}

/* The slot that holds the key, or the empty one where it would go. */
static struct map_slot *
map_seek(const struct map *m, uint64_t hash, struct str key)
{
	size_t i = hash & (m->room - 1);

	while (m->slots[i].hash != 0 && !(m->slots[i].hash == hash && str_eq(m->slots[i].key, key)))
		i = (i + 1) & (m->room - 1);
	return &m->slots[i];
}

static void
map_widen(struct map *m)
{
	struct map old = *m;

	m->room = old.room ? old.room * 2 : MAP_FIRST_ROOM;
	m->slots = xcalloc(m->room, sizeof(*m->slots));
	MAP_EACH(&old, slot)
		*map_seek(m, slot->hash, slot->key) = *slot;
	free(old.slots);
}

void *
map_get(const struct map *m, struct str key)
{
	return m->n ? map_seek(m, map_hash(key), key)->value : NULL;
}

void *
map_put(struct map *m, struct str key, void *value)
{
	uint64_t hash = map_hash(key);
	struct map_slot *slot;
	void *old;

	ASSERT(value != NULL);
	if ((m->n + 1) * 4 > m->room * 3)
		map_widen(m);
	slot = map_seek(m, hash, key);
	old = slot->value;
	m->n += slot->hash == 0;
	*slot = (struct map_slot){hash, key, value};
	return old;
}

/* Closes the gap by moving later entries of the same run back, so that no tombstones pile up. */
void *
map_remove(struct map *m, struct str key)
{
	struct map_slot *slot;
	void *value;
	size_t gap, i;

	if (m->n == 0)
		return NULL;
	slot = map_seek(m, map_hash(key), key);
	if (slot->hash == 0)
		return NULL;
	value = slot->value;
	gap = (size_t)(slot - m->slots);
	for (i = (gap + 1) & (m->room - 1); m->slots[i].hash != 0; i = (i + 1) & (m->room - 1)) {
		size_t home = m->slots[i].hash & (m->room - 1);

		if (((i - home) & (m->room - 1)) >= ((i - gap) & (m->room - 1))) {
			m->slots[gap] = m->slots[i];
			gap = i;
		}
	}
	m->slots[gap] = (struct map_slot){0};
	m->n--;
	return value;
}
