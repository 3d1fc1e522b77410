/* keys - one hash for all that a table looks up by text. A key's scope says what kind of text it is
 * and whose, so that hosts, the paths of 100,000 hosts and header values share one array: one cache
 * miss a question, however many routes. Keys are the first member of what they lead to and are
 * borrowed from the table's arena. The hash is seeded: the texts asked for come from clients. */
#ifndef ROUTE_KEYS_H
#define ROUTE_KEYS_H

#include "base/str.h"

enum key_kind {
	KEY_HOST,   /* owner 0: an exact host */
	KEY_SUFFIX, /* owner 0: ".x" of "*.x" */
	KEY_EXACT,  /* owner a host from here on: an exact path */
	KEY_PREFIX,
	KEY_PATTERN,
	KEY_ANY,
	KEY_STEM,  /* the literal bytes that some of the host's patterns begin with */
	KEY_VALUE, /* owner a leaf: a value of the header by which its entries vary */
	KEY_KINDS
};

struct key {
	struct str text;
	enum key_kind kind;
	uint32_t owner;
};

struct keys_slot {
	uint64_t hash; /* 0: empty */
	struct key *key;
};

struct keys {
	struct keys_slot *slots; /* owned */
	size_t n, room;          /* room is 0 or a power of two */
	unsigned shift;          /* leaves as many bits of a hash as room has */
};

/* NULL: absent. */
struct key *keys_get(const struct keys *k, enum key_kind kind, uint32_t owner, struct str text);
/* The key must not be there yet. */
void keys_put(struct keys *k, struct key *key);
void keys_free(struct keys *k);

#endif
