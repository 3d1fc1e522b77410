#include "flow/sni.h"

#include <stdlib.h>

void
sni_init(struct sni *s, size_t room)
{
	s->hosts = xcalloc(room, sizeof(*s->hosts));
	s->n = 0;
	map_init(&s->by_name);
}

struct arms *
sni_add(struct sni *s, struct str host)
{
	struct sni_host *h = &s->hosts[s->n++];

	if (host.len > 0 && host.p[0] == '*')
		host = str_of(host.p + 1, host.len - 1);
	h->name = str_from(str_dup(host));
	map_put(&s->by_name, h->name, h);
	return &h->arms;
}

void
sni_fini(struct sni *s)
{
	for (size_t i = 0; i < s->n; i++) {
		arms_fini(&s->hosts[i].arms);
		free((char *)(uintptr_t)s->hosts[i].name.p);
	}
	map_free(&s->by_name);
	free(s->hosts);
}

/* A name never begins with a dot, since only wildcards are stored so. */
const struct arms *
sni_find(const struct sni *s, struct str name)
{
	const struct sni_host *h = NULL;
	size_t dot = 0;

	if (name.len == 0 || name.p[0] == '.')
		return NULL;
	h = map_get(&s->by_name, name);
	while (h == NULL && (dot = str_find(name, '.', dot + 1)) < name.len)
		h = map_get(&s->by_name, str_of(name.p + dot, name.len - dot));
	return h ? &h->arms : NULL;
}
