#include "config/build_tls.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { DAY_S = 86400, SOON_DAYS = 30 };

struct tls_building {
	const struct build *with;
	const struct model_listener *listener;
	struct errors *errors;
	struct tls_cert **certs; /* owned array of refs */
	size_t n, room;
	bool bad; /* an error was told */
};

static struct error *
tls_say(struct tls_building *b, enum severity severity, const struct position *at, const char *text,
    const char *hint)
{
	struct error *e = errors_add(b->errors, severity, *at, STR_NONE, "%s", text);

	if (hint[0] != '\0')
		error_hint(e, "%s", hint);
	return e;
}

/* A path as it is opened: relative ones begin at the folder of the file that names them. The
 * caller frees; NULL for none. */
static char *
tls_path(const struct position *at, struct str path)
{
	const char *slash;

	if (path.p == NULL)
		return NULL;
	slash = path.len > 0 && path.p[0] == '/' ? NULL : strrchr(at->file, '/');
	if (slash == NULL)
		return str_dup(path);
	return xasprintf("%.*s/%.*s", (int)(slash - at->file), at->file, STR_FMT(path));
}

static void tls_warn(struct tls_building *b, const struct position *at, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

static void
tls_warn(struct tls_building *b, const struct position *at, const char *fmt, ...)
{
	char text[TLS_TEXT];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	tls_say(b, SEVERITY_WARNING, at, text, "");
}

/* What is well enough to be served, but not well. */
static void
tls_judge(struct tls_building *b, const struct position *at, const struct tls_cert *cert)
{
	struct str name = tls_cert_host(cert);
	int64_t left = cert->not_after - (int64_t)time(NULL);

	if (left < 0)
		tls_warn(b, at, "certificate for %.*s ended %lld days ago", STR_FMT(name),
		    (long long)(-left / DAY_S));
	else if (left < (int64_t)SOON_DAYS * DAY_S)
		tls_warn(b, at, "certificate for %.*s ends in %lld days", STR_FMT(name),
		    (long long)(left / DAY_S));
	if (cert->n_names == 0)
		tls_warn(b, at, "certificate %s is for no host", cert->path);
	if (cert->lacks != NULL)
		tls_warn(b, at, "certificate for %.*s: %s", STR_FMT(name), cert->lacks);
}

/* A pair that cannot be used; NULL, or what stands in for it. */
static struct tls_cert *
tls_add_bad(struct tls_building *b, const struct position *at, const char *path,
    const struct tls_wrong *wrong)
{
	const struct tls_server *before = b->with->renewed;
	struct tls_cert *cert = before != NULL ? tls_server_find(before, path) : NULL;
	bool grave = before != NULL || b->with->only_checks;

	b->bad |= b->with->only_checks;
	tls_say(b, grave ? SEVERITY_ERROR : SEVERITY_WARNING, at, wrong->text, wrong->hint);
	return cert != NULL ? tls_cert_ref(cert) : NULL;
}

static void
tls_add(struct tls_building *b, const struct position *at, const struct tls_cert_files *files)
{
	struct tls_wrong wrong;
	struct tls_cert *cert = tls_cert_load(files, &wrong);

	if (cert != NULL)
		tls_judge(b, at, cert);
	else if ((cert = tls_add_bad(b, at, files->cert, &wrong)) == NULL)
		return;
	if (b->n == b->room) {
		b->room = b->room ? b->room * 2 : 4;
		b->certs = xrealloc(b->certs, b->room * sizeof(struct tls_cert *));
	}
	b->certs[b->n++] = cert;
}

/* ---- folders ---- */

static int
tls_is_certificate(const struct dirent *e)
{
	struct str name = str_from(e->d_name);

	return name.len > 4 && name.p[0] != '.' &&
	       (str_eq(str_of(name.p + name.len - 4, 4), STR(".crt")) ||
		   str_eq(str_of(name.p + name.len - 4, 4), STR(".pem")));
}

static void
tls_add_folder_file(
    struct tls_building *b, const struct position *at, const char *folder, const char *name)
{
	char *cert = xasprintf("%s/%s", folder, name);
	char *key = xasprintf("%s/%.*s.key", folder, (int)strlen(name) - 4, name);
	struct stat st;
	struct tls_cert_files files = {.cert = cert, .key = stat(key, &st) == 0 ? key : NULL};

	tls_add(b, at, &files);
	free(cert);
	free(key);
}

static void
tls_add_folder(struct tls_building *b, const struct position *at, const char *folder)
{
	struct dirent **names;
	int n = scandir(folder, &names, tls_is_certificate, alphasort);

	for (int i = 0; i < n; i++) {
		tls_add_folder_file(b, at, folder, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	if (n == 0)
		tls_say(b, SEVERITY_ERROR, at, "there is no *.crt or *.pem in this folder", "");
}

static bool
tls_is_folder(const struct model_cert *m, const char *path)
{
	struct stat st;

	return m->key.p == NULL && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
tls_add_cert(struct tls_building *b, const struct model_cert *m)
{
	char *cert = tls_path(&m->at, m->cert), *key = tls_path(&m->at, m->key);
	char *ocsp = tls_path(&m->at, m->ocsp);

	if (tls_is_folder(m, cert))
		tls_add_folder(b, &m->at, cert);
	else
		tls_add(b, &m->at, &(struct tls_cert_files){cert, key, ocsp});
	free(cert);
	free(key);
	free(ocsp);
}

/* ---- the server ---- */

static struct tls_server *
tls_make(struct tls_building *b)
{
	static const char *const alpn[] = {"h2", "http/1.1"};
	static const enum tls_client_auth auth[] = {
	    [CLIENT_AUTH_OFF] = TLS_AUTH_OFF,
	    [CLIENT_AUTH_OPTIONAL] = TLS_AUTH_OPTIONAL,
	    [CLIENT_AUTH_REQUIRE] = TLS_AUTH_REQUIRE,
	};
	const struct model_tls *m = &b->listener->tls;
	bool http = b->listener->protocol == PROTOCOL_HTTP;
	char *ciphers = m->ciphers.p != NULL ? str_dup(m->ciphers) : NULL;
	char *ca = tls_path(&b->listener->at, m->client_ca);
	struct tls_server_spec spec = {.certs = b->certs,
	    .n_certs = b->n,
	    .alpn = alpn,
	    .n_alpn = http ? nelem(alpn) : 0,
	    .ciphers = ciphers,
	    .client_ca = ca,
	    .client_auth = auth[m->client_auth],
	    .only_tls13 = m->min_version == TLS_FROM_1_3,
	    .reject_unknown = m->unknown_host == UNKNOWN_HOST_REJECT,
	    .tickets = m->tickets ? b->with->tickets : NULL};
	struct tls_wrong wrong;
	struct tls_server *s = tls_server_new(&spec, &wrong);

	if (s == NULL)
		tls_say(b, SEVERITY_ERROR, &b->listener->at, wrong.text, wrong.hint);
	free(ciphers);
	free(ca);
	return s;
}

struct tls_server *
build_tls(const struct build *with, const struct model_listener *listener, struct errors *errors)
{
	struct tls_building b = {.with = with, .listener = listener, .errors = errors};
	unsigned before = errors->error_count;
	struct tls_server *s = NULL;

	for (size_t i = 0; i < listener->tls.n_certs; i++)
		tls_add_cert(&b, &listener->tls.certs[i]);
	if (b.n > 0 && !b.bad)
		s = tls_make(&b);
	else if (errors->error_count == before)
		errors_add(errors, SEVERITY_ERROR, listener->at, STR_NONE,
		    "listener \"%.*s\" has no certificate that can be used",
		    STR_FMT(listener->name));
	for (size_t i = 0; i < b.n; i++)
		tls_cert_unref(&b.certs[i]);
	free(b.certs);
	return s;
}

void
build_tls_files(
    const struct model_listener *listener, void (*one)(void *arg, const char *path), void *arg)
{
	const struct model_tls *m = &listener->tls;
	char *ca = tls_path(&listener->at, m->client_ca);

	for (size_t i = 0; i < m->n_certs; i++) {
		const struct model_cert *c = &m->certs[i];
		char *files[] = {
		    tls_path(&c->at, c->cert), tls_path(&c->at, c->key), tls_path(&c->at, c->ocsp)};
		char *folder = xasprintf("%s/", files[0]);

		one(arg, tls_is_folder(c, files[0]) ? folder : files[0]);
		for (size_t j = 1; j < nelem(files); j++)
			if (files[j] != NULL)
				one(arg, files[j]);
		for (size_t j = 0; j < nelem(files); j++)
			free(files[j]);
		free(folder);
	}
	if (ca != NULL)
		one(arg, ca);
	free(ca);
}

/* ---- the other side ---- */

/* Whom a certificate has to be for: what the file says, or the endpoints' one name. An endpoint
 * that is given by its address is its own; targets of SRV records are nobody's. */
static bool
tls_expected(struct tls_building *b, const struct model_backend *m, struct str *name)
{
	*name = m->tls.name;
	for (size_t i = 0; m->tls.name.p == NULL && i < m->n_endpoints; i++) {
		const struct model_endpoint *e = &m->endpoints[i];

		if (e->host.p == NULL && !(e->service && m->tls.verify))
			continue;
		if (e->service || (name->p != NULL && !str_eq(*name, e->host))) {
			tls_say(b, SEVERITY_ERROR, &e->at,
			    e->service ? "a service with TLS has many names"
				       : "endpoints of one backend with TLS have different names",
			    "say which name their certificates bear: tls: {name: ...}");
			return false;
		}
		*name = e->host;
	}
	return true;
}

static struct tls_client *
tls_make_client(struct tls_building *b, const struct model_backend *backend, struct str expected)
{
	const struct model_upstream_tls *m = &backend->tls;
	const char *alpn = backend->protocol == UPSTREAM_H2 ? "h2" : "http/1.1";
	char *ca = tls_path(&m->at, m->ca);
	char *name = expected.p != NULL ? str_dup(expected) : NULL;
	char *sni = m->sni.p != NULL ? str_dup(m->sni) : NULL;
	struct tls_client_spec spec = {.verify = m->verify,
	    .ca = ca,
	    .name = name,
	    .sni = sni,
	    .own = b->n > 0 ? b->certs[0] : NULL,
	    .alpn = &alpn,
	    .n_alpn = 1};
	struct tls_wrong wrong;
	struct tls_client *t = tls_client_new(&spec, &wrong);

	if (t == NULL)
		tls_say(b, SEVERITY_ERROR, &m->at, wrong.text, wrong.hint);
	free(ca);
	free(name);
	free(sni);
	return t;
}

struct tls_client *
build_upstream_tls(const struct build *with, const struct model_backend *m, struct errors *errors)
{
	struct tls_building b = {.with = with, .errors = errors};
	struct tls_client *t = NULL;
	struct str expected;

	if (!tls_expected(&b, m, &expected))
		return NULL;
	if (m->tls.cert.p != NULL)
		tls_add_cert(
		    &b, &(struct model_cert){m->tls.cert, m->tls.key, STR_NONE, m->tls.at});
	if (m->tls.cert.p == NULL || b.n == 1)
		t = tls_make_client(&b, m, expected);
	else
		tls_say(&b, SEVERITY_ERROR, &m->tls.at,
		    "weir needs one certificate to show to the endpoints", "");
	for (size_t i = 0; i < b.n; i++)
		tls_cert_unref(&b.certs[i]);
	free(b.certs);
	return t;
}
