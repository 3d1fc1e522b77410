#include "upstream/endpoint.h"

#include <stdlib.h>

#include "upstream/ejection.h"
#include "upstream/health.h"
#include "upstream/registry.h"

/* An endpoint and, behind it, its key: backend NUL name NUL address. Names are printable text of
 * the file, so the key is unambiguous; the address counts because a name may stand for several. */
struct endpoint_entry {
	struct endpoint endpoint;
	struct str key;
	char text[];
};

enum { ADDR_KEY = sizeof(uint16_t) * 2 + sizeof(struct in6_addr) + sizeof(uint32_t) };
enum { IDS_FIRST_ROOM = 16 };

/* Only what tells addresses apart; never the padding of a sockaddr. */
static char *
endpoint_key_addr(char *p, const struct addr *a)
{
	p = mempcpy(p, &a->sa.sa_family, sizeof(a->sa.sa_family));
	if (a->sa.sa_family == AF_INET6) {
		p = mempcpy(p, &a->in6.sin6_port, sizeof(a->in6.sin6_port));
		p = mempcpy(p, &a->in6.sin6_scope_id, sizeof(a->in6.sin6_scope_id));
		return mempcpy(p, &a->in6.sin6_addr, sizeof(a->in6.sin6_addr));
	}
	p = mempcpy(p, &a->in.sin_port, sizeof(a->in.sin_port));
	return mempcpy(p, &a->in.sin_addr, sizeof(a->in.sin_addr));
}

static struct endpoint_entry *
endpoint_entry_new(struct str backend, struct str name, const struct addr *addr)
{
	size_t size = sizeof(struct endpoint_entry) + backend.len + 1 + name.len + 1 + ADDR_KEY;
	struct endpoint_entry *entry;
	char *p;

	ASSERT(backend.len > 0 && name.len > 0);
	size = (size + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	entry = aligned_alloc(CACHE_LINE, size);
	ASSERT(entry != NULL);
	memset(entry, 0, sizeof(*entry));
	p = entry->text;
	entry->endpoint.backend = str_of(p, backend.len);
	p = mempcpy(p, backend.p, backend.len);
	*p++ = '\0';
	entry->endpoint.name = str_of(p, name.len);
	p = mempcpy(p, name.p, name.len);
	*p++ = '\0';
	p = endpoint_key_addr(p, addr);
	entry->key = str_of(entry->text, (size_t)(p - entry->text));
	entry->endpoint.addr = *addr;
	return entry;
}

/* The lowest room first would be nicer to look at, but the last one freed is as small as any. */
static uint32_t
registry_id_take(struct registry *r)
{
	if (r->free_n > 0)
		return r->free_ids[--r->free_n];
	if (r->ids == r->ids_room) {
		r->ids_room = r->ids_room ? r->ids_room * 2 : IDS_FIRST_ROOM;
		r->by_id = xrealloc(r->by_id, r->ids_room * sizeof(*r->by_id));
		r->free_ids = xrealloc(r->free_ids, r->ids_room * sizeof(*r->free_ids));
	}
	return r->ids++;
}

struct endpoint *
registry_endpoint(struct registry *r, struct str backend, struct str name, const struct addr *addr)
{
	struct endpoint_entry *made = endpoint_entry_new(backend, name, addr);
	struct endpoint_entry *found = map_get(&r->endpoint_by_key, made->key);
	struct endpoint *e = &made->endpoint;

	if (found != NULL) {
		free(made);
		return endpoint_ref(&found->endpoint);
	}
	e->id = registry_id_take(r);
	r->by_id[e->id] = made;
	e->meter = meter_get(r->meters, METER_ENDPOINT, backend, name, r->endpoint_block);
	atomic_init(&e->refs, 1);
	e->health = health_new(r, e);
	e->ejection = ejection_new(e);
	map_put(&r->endpoint_by_key, made->key, made);
	return e;
}

/* Relaxed: whoever asks holds a reference already, or is the control thread, which alone frees. */
struct endpoint *
endpoint_ref(struct endpoint *e)
{
	atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
	return e;
}

/* Release, so that all this thread did with the endpoint comes before the sweep that frees it. */
void
endpoint_unref(struct endpoint **e)
{
	uint32_t refs;

	if (*e == NULL)
		return;
	refs = atomic_fetch_sub_explicit(&(*e)->refs, 1, memory_order_release);
	ASSERT(refs > 0);
	*e = NULL;
}

void
endpoint_mention(struct endpoint *e)
{
	atomic_fetch_add_explicit(&e->mentions, 1, memory_order_relaxed);
}

void
endpoint_mention_done(struct endpoint *e)
{
	uint32_t mentions = atomic_fetch_sub_explicit(&e->mentions, 1, memory_order_release);

	ASSERT(mentions > 0);
}

/* References last: who has something in flight may take one (a letter about it) before that ends.
 */
static bool
endpoint_is_dead(const struct endpoint *e)
{
	return atomic_load_explicit(&e->in_flight, memory_order_acquire) == 0 &&
	       atomic_load_explicit(&e->conns, memory_order_acquire) == 0 &&
	       atomic_load_explicit(&e->mentions, memory_order_acquire) == 0 &&
	       atomic_load_explicit(&e->refs, memory_order_acquire) == 0;
}

void
endpoints_sweep(struct registry *r)
{
	for (uint32_t id = 0; id < r->ids; id++) {
		struct endpoint_entry *entry = r->by_id[id];

		if (entry == NULL || !endpoint_is_dead(&entry->endpoint))
			continue;
		map_remove(&r->endpoint_by_key, entry->key);
		r->by_id[id] = NULL;
		r->free_ids[r->free_n++] = id;
		health_free(&entry->endpoint.health);
		free(entry->endpoint.ejection);
		meter_unref(&entry->endpoint.meter);
		free(entry);
	}
}

void
registry_each(struct registry *r, endpoint_visit_fn *visit, void *arg)
{
	for (uint32_t id = 0; id < r->ids; id++)
		if (r->by_id[id] != NULL)
			visit(arg, &r->by_id[id]->endpoint);
}

const char *
endpoint_state_word(enum endpoint_state state)
{
	static const char *const words[ENDPOINT_STATES] = {
	    "unchecked", "healthy", "unhealthy", "ejected", "warming", "draining", "down"};

	return words[state];
}

uint32_t
registry_ids(const struct registry *r)
{
	return r->ids;
}
