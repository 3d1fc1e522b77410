#include "config/build_check.h"

#include <stdlib.h>

/* Nobody proxies to a port that only answers checks. */
static enum proxy_protocol
build_check_proxy(const struct model_backend *m)
{
	return m->check.port == 0 ? m->proxy_protocol : PROXY_PROTOCOL_OFF;
}

/* Nor is such a port known to speak anything but HTTP/1.1, unless TLS agrees on more. */
static bool
build_check_h2(const struct model_backend *m)
{
	return m->check.port == 0 && m->protocol == UPSTREAM_H2;
}

struct check *
build_check(const struct model_backend *m, struct tls_client *tls)
{
	const struct model_check *c = &m->check;
	struct check_field *fields = xcalloc(c->headers.n, sizeof(*fields));
	struct check *check = NULL;
	struct check_spec spec = {
	    .kind = c->ask.kind == ASK_TCP ? CHECK_TCP : CHECK_HTTP,
	    .ask = c->ask.text,
	    .method = c->ask.method,
	    .target = c->ask.target,
	    .host = c->host,
	    .fields = fields,
	    .n_fields = c->headers.n,
	    .expect = c->expect,
	    .body = c->body,
	    .every = c->every,
	    .every_changing = c->every_changing ? c->every_changing : c->every,
	    .every_down = c->every_down ? c->every_down : c->every,
	    .timeout = c->timeout,
	    .up = c->up,
	    .down = c->down,
	    .port = (uint16_t)c->port,
	    .trust = c->initial == INITIAL_UP,
	    .proxy_protocol = build_check_proxy(m),
	    .h2 = build_check_h2(m),
	    .tls = c->tls == CHECK_TLS_SAME ? tls : NULL,
	};

	for (size_t i = 0; i < c->headers.n; i++)
		fields[i] = (struct check_field){c->headers.v[i].name, c->headers.v[i].value};
	if (c->ask.kind != ASK_OFF)
		check = check_new(&spec);
	free(fields);
	return check;
}
