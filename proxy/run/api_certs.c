/* api_certs - GET /certs: which certificates are in use, for whom, until when, and what is wrong
 * with them. */
#include "run/api.h"
#include "run/certs.h"

enum { CERTS_DAY_S = 86400, CERTS_US_PER_S = 1000000 };

struct certs_page {
	int64_t now;  /* seconds, wall clock */
	json_t *json; /* one of the two */
	FILE *text;
};

static json_t *
cert_names(const struct tls_cert *cert)
{
	json_t *out = json_array();

	for (size_t i = 0; i < cert->n_names; i++)
		json_array_append_new(out, api_str(cert->names[i]));
	return out;
}

static json_t *
cert_time(int64_t seconds)
{
	return api_time(seconds > 0 ? (uint64_t)seconds * CERTS_US_PER_S : 0);
}

static void
cert_json(json_t *to, const struct cert_use *use, int64_t now)
{
	const struct tls_cert *cert = use->cert;

	json_array_append_new(
	    to, json_pack("{s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:b, s:s, s:o}",
		    use->listener ? "listener" : "backend", api_str(use->name), "names",
		    cert_names(cert), "file", cert->path, "issuer", cert->issuer, "serial",
		    cert->serial, "key", cert->kind, "from", cert_time(cert->not_before), "until",
		    cert_time(cert->not_after), "days_left",
		    (json_int_t)((cert->not_after - now) / CERTS_DAY_S), "staple",
		    cert->staple != NULL, "sha256", cert->digest, "why",
		    cert->lacks != NULL ? json_string(cert->lacks) : json_null()));
}

static void
cert_text(FILE *f, const struct cert_use *use, int64_t now)
{
	const struct tls_cert *cert = use->cert;
	struct str host = tls_cert_host(cert);
	long long days = (long long)(cert->not_after - now) / CERTS_DAY_S;

	fprintf(f, "certificate %-32.*s %s, %s %.*s, ", STR_FMT(host), cert->kind,
	    use->listener ? "listener" : "backend", STR_FMT(use->name));
	if (cert->not_after < now)
		fprintf(f, "ended %lld days ago", -days);
	else
		fprintf(f, "ends in %lld days", days);
	fprintf(
	    f, "%s%s\n", cert->lacks != NULL ? "; " : "", cert->lacks != NULL ? cert->lacks : "");
}

static void
cert_list(void *arg, const struct cert_use *use)
{
	const struct certs_page *page = arg;

	if (page->text != NULL)
		cert_text(page->text, use, page->now);
	else
		cert_json(page->json, use, page->now);
}

void
api_certs(void *owner, const struct admin_request *r, struct admin_answer *a)
{
	struct certs_page page = {.now = (int64_t)(api_wall_us() / CERTS_US_PER_S)};

	if (r->text)
		page.text = api_text_begin(a);
	else
		page.json = json_array();
	certs_each(((struct api *)owner)->server, cert_list, &page);
	if (r->text)
		api_text_end(a, 200, page.text);
	else
		api_json(a, 200, page.json);
}
