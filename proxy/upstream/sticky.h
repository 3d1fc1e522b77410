/* sticky - keeps a client with one endpoint, by a cookie that says which: a tag of the names of
 * backend and endpoint under a secret. Only who knows the secret can tell whose a tag is, or make
 * one; it holds over reloads and, with a secret in the file, over restarts and in every weir that
 * has it. The tags of all endpoints are a sorted table beside the backend's targets. */
#ifndef UPSTREAM_STICKY_H
#define UPSTREAM_STICKY_H

#include "base/siphash.h"
#include "upstream/balance.h"

/* Whether a browser sends the cookie with what other sites have it ask for. */
enum sticky_site { STICKY_LAX, STICKY_STRICT, STICKY_NONE };

struct sticky_spec {       /* zeroed: off */
	struct str cookie; /* its name */
	bool strict;       /* nobody else answers while the endpoint is unusable */
	bool keyed;        /* key is a secret's; else it is the process's */
	uint8_t key[SIPHASH_KEY];
	enum sticky_site site;
	uint64_t ttl; /* microseconds; 0: as long as the browser runs */
};

struct sticky {                   /* of a backend; immutable */
	struct str cookie;        /* owned */
	struct str past_tag;      /* owned; what follows the tag in a Set-Cookie */
	uint8_t key[SIPHASH_KEY]; /* made of the secret and the backend's name */
	bool strict;
	bool secure; /* the cookie is only for TLS, whatever brought the request */
};

struct sticky_tag {
	uint8_t bytes[SIPHASH_TAG];
};
enum { STICKY_TEXT = 2 * SIPHASH_TAG };

struct sticky_seat { /* of an endpoint */
	struct sticky_tag tag;
	uint32_t target; /* its index */
};

/* A secret is text of any length, a key is not. */
void sticky_digest(struct str secret, uint8_t key[SIPHASH_KEY]);
/* NULL: spec is off. process_key: what is used without a secret. */
struct sticky *sticky_new(
    const struct sticky_spec *spec, struct str backend, const uint8_t process_key[SIPHASH_KEY]);
void sticky_free(struct sticky **s);
struct sticky_tag sticky_tag(const struct sticky *s, struct str endpoint);
/* The table for these targets: n seats, sorted; malloc'd. */
struct sticky_seat *sticky_seats(
    const struct sticky *s, const struct balance_target *v, uint32_t n);
/* Whose tag is it? BALANCE_NONE: nobody's, or nobody's any more. */
uint32_t sticky_find(const struct sticky_seat *seats, uint32_t n, const struct sticky_tag *tag);
/* A cookie's value; false: it is none of ours. */
bool sticky_read(struct str text, struct sticky_tag *tag);
/* The value of a Set-Cookie field into out, which has room for sticky_cookie_size bytes; its end.
 */
size_t sticky_cookie_size(const struct sticky *s);
char *sticky_cookie(const struct sticky *s, const struct sticky_tag *tag, bool secure, char *out);

#endif
