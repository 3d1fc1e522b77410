#include "run/certs.h"

void
certs_each(const struct server *s, void (*one)(void *arg, const struct cert_use *use), void *arg)
{
	const struct snapshot *now = s->snapshot;

	for (uint32_t i = 0; i < now->n_listeners; i++) {
		const struct listener_spec *l = &now->listeners[i];
		struct tls_cert *const *certs;
		size_t n = l->tls != NULL ? tls_server_list(l->tls, &certs) : 0;

		for (size_t j = 0; j < n; j++)
			one(arg, &(struct cert_use){certs[j], true, l->name});
	}
	for (uint32_t i = 0; i < now->n_backends; i++) {
		const struct backend *b = now->backends[i];
		const struct tls_cert *own = b->tls != NULL ? tls_client_own(b->tls) : NULL;

		if (own != NULL)
			one(arg, &(struct cert_use){own, false, b->state->name});
	}
}
