#include "config/build_sticky.h"

#include <errno.h>
#include <stdlib.h>

#include "config/schema.h"
#include "config/source.h"

enum { SECRET_MIN = 16, SECRET_MAX = 4096 };

static enum sticky_site
build_site(enum model_same_site site)
{
	switch (site) {
	case SAME_SITE_LAX:
		return STICKY_LAX;
	case SAME_SITE_STRICT:
		return STICKY_STRICT;
	case SAME_SITE_NONE:
		return STICKY_NONE;
	}
	return STICKY_LAX;
}

static struct error *
build_secret_wrong(
    const struct model_backend *m, struct errors *errors, const char *path, const char *what)
{
	const struct origin *o =
	    &m->origins[schema_find(&schema_backend, STR("sticky")) - schema_backend.rows];
	struct position at = {.file = o->file, .line = o->line};

	return errors_add(errors, SEVERITY_ERROR, at, STR_NONE, "secret %s: %s", path, what);
}

static bool
build_secret(const struct model_backend *m, struct sticky_spec *spec, struct errors *errors)
{
	char *path = source_beside(m->at.file, m->sticky.secret);
	struct str secret = {0};
	char *bytes = source_slurp(path, SECRET_MAX, &secret.len);

	secret.p = bytes;
	while (secret.len > 0 && strchr("\r\n", bytes[secret.len - 1]) != NULL)
		secret.len--;
	if (bytes == NULL)
		(void)build_secret_wrong(m, errors, path, strerror(errno));
	else if (secret.len < SECRET_MIN || secret.len > SECRET_MAX)
		error_hint(build_secret_wrong(m, errors, path,
			       secret.len < SECRET_MIN ? "too short to be one" : "too long"),
		    "write %d bytes or more that nobody guesses: openssl rand -hex 32", SECRET_MIN);
	else
		spec->keyed = true;
	if (spec->keyed)
		sticky_digest(secret, spec->key);
	free(bytes);
	free(path);
	return spec->keyed;
}

bool
build_sticky(const struct model_backend *m, struct sticky_spec *spec, struct errors *errors)
{
	*spec = (struct sticky_spec){
	    .cookie = m->sticky.cookie,
	    .strict = m->sticky.strict,
	    .site = build_site(m->sticky.same_site),
	    .ttl = m->sticky.ttl,
	};
	return m->sticky.secret.p == NULL || build_secret(m, spec, errors);
}
