/* map - str -> pointer, open addressing, seeded hash (keys may come from a peer). Keys are borrowed
 * and must outlive their entry; values are the caller's. Not thread-safe. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/str.h"

struct map_slot {
	uint64_t hash; /* 0: empty */
	struct str key;
	void *value;
};

struct map {
	struct map_slot *slots; /* owned */
	size_t n, room;         /* room is 0 or a power of two */
};

void map_init(struct map *m);
void map_free(struct map *m);
void *map_get(const struct map *m, struct str key); /* NULL: absent */
/* Returns the value that was there before, or NULL. value is never NULL. */
void *map_put(struct map *m, struct str key, void *value);
/* Takes the entry out; returns its value, or NULL. */
void *map_remove(struct map *m, struct str key);

/* The process' seeded 64-bit hash, for other tables over hostile keys. */
uint64_t map_hash(struct str key);

#define MAP_EACH(m, slot)                                                                          \
	for (struct map_slot *slot = (m)->slots; slot && slot < (m)->slots + (m)->room; slot++)    \
		if (slot->hash != 0)

#endif
