/* The rows of TLS. */
#include "config/schema_parts.h"

static const char *const words_version[] = {[TLS_FROM_1_2] = "1.2", [TLS_FROM_1_3] = "1.3", NULL};
static const char *const words_auth[] = {[CLIENT_AUTH_OFF] = "off",
    [CLIENT_AUTH_OPTIONAL] = "optional",
    [CLIENT_AUTH_REQUIRE] = "require",
    NULL};
static const char *const words_unknown[] = {
    [UNKNOWN_HOST_DEFAULT] = "default", [UNKNOWN_HOST_REJECT] = "reject", NULL};
static const char *const words_switch[] = {"off", "on", NULL};

/* clang-format off */
static const struct schema_row rows_cert[] = {
	{.key = "cert", .type = SCHEMA_LINE, .required = true, FIELD(model_cert, cert),
	 .example = "www.crt", .since = FIRST,
	 .sentence = "A file with a certificate and its intermediates, in PEM. Relative paths begin at the folder of the file that names them."},
	{.key = "key", .type = SCHEMA_LINE, FIELD(model_cert, key), .told = "in the same file",
	 .example = "www.key", .since = FIRST, .sentence = "The file with its private key, without a pass phrase."},
	{.key = "ocsp", .type = SCHEMA_LINE, FIELD(model_cert, ocsp), .told = "none",
	 .example = "www.ocsp", .since = FIRST,
	 .sentence = "A file with an OCSP response (DER) that is stapled to the handshake."},
};

static const struct schema_row rows_tls[] = {
	{.key = "certificates", .type = SCHEMA_CERTS, .required = true,
	 ITEMS(model_listener, tls.certs, tls.n_certs), .object = &schema_cert,
	 .example = "[{cert: www.crt, key: www.key}, certs.d/]", .since = FIRST,
	 .sentence = "What clients are shown: a file, a folder, or a list of files, folders and {cert, key, ocsp}. In a folder, each *.crt or *.pem is a certificate whose key is in the file of the same name that ends in .key, or in itself. Which one a client is shown depends on the name it asks for: exact, then *.NAME for one label. Where there are an ECDSA and an RSA certificate for a name, it gets ECDSA if it can. Files that change are read again at once, these and client_ca; of a pair that is wrong then, what it said before stays."},
	{.key = "min_version", .type = SCHEMA_CHOICE, FIELD(model_listener, tls.min_version),
	 .words = words_version, .fallback = "1.2", .example = "1.3", .since = FIRST,
	 .sentence = "The oldest version of TLS that is spoken."},
	{.key = "ciphers", .type = SCHEMA_LINE, FIELD(model_listener, tls.ciphers),
	 .told = "forward secret and authenticated ones", .example = "ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256",
	 .since = FIRST,
	 .sentence = "Ciphers in the words of OpenSSL, best first, with colons between; those of TLS 1.3 begin with TLS_."},
	{.key = "client_ca", .type = SCHEMA_LINE, FIELD(model_listener, tls.client_ca),
	 .told = "none", .example = "clients.pem", .since = FIRST,
	 .sentence = "A file with the authorities whose certificates clients may show."},
	{.key = "client_auth", .type = SCHEMA_CHOICE, FIELD(model_listener, tls.client_auth),
	 .words = words_auth, .fallback = "off", .example = "require", .since = FIRST,
	 .sentence = "Whether clients have to show a certificate: optional checks one that is shown, require refuses clients without. Endpoints are told of it in Client-Cert (RFC 9440) and in X-Forwarded-Client-Cert; what clients write into these, into Client-Cert-Chain or X-SSL-Client-* is dropped on every listener."},
	{.key = "unknown_host", .type = SCHEMA_CHOICE, FIELD(model_listener, tls.unknown_host),
	 .words = words_unknown, .fallback = "default", .example = "reject", .since = FIRST,
	 .sentence = "What a client gets that asks for a name without a certificate, or for none: the first certificate, or an alert."},
	{.key = "tickets", .type = SCHEMA_CHOICE, FIELD(model_listener, tls.tickets),
	 .words = words_switch, .fallback = "on", .example = "off", .since = FIRST,
	 .sentence = "Whether clients get a ticket that makes their next handshake short. Its keys are of this process only and change every 12 hours."},
};

static const struct schema_row rows_upstream_tls[] = {
	{.key = "verify", .type = SCHEMA_CHOICE, FIELD(model_backend, tls.verify),
	 .words = words_switch, .fallback = "on", .example = "off", .since = FIRST,
	 .sentence = "Whether an endpoint's certificate has to be valid, from an authority that is trusted, and for its name."},
	{.key = "ca", .type = SCHEMA_LINE, FIELD(model_backend, tls.ca),
	 .told = "those of the system", .example = "internal-ca.pem", .since = FIRST,
	 .sentence = "A file with the authorities that are trusted instead, in PEM."},
	{.key = "name", .type = SCHEMA_LINE, FIELD(model_backend, tls.name),
	 .told = "the host of the endpoint", .example = "api.internal", .since = FIRST,
	 .sentence = "The name, or address, that the certificate has to be for."},
	{.key = "sni", .type = SCHEMA_LINE, FIELD(model_backend, tls.sni), .told = "the same name",
	 .example = "api.internal", .since = FIRST,
	 .sentence = "The name that endpoints are asked for in the handshake."},
	{.key = "cert", .type = SCHEMA_LINE, FIELD(model_backend, tls.cert), .told = "none",
	 .example = "weir.crt", .since = FIRST,
	 .sentence = "A file with the certificate that weir shows to endpoints that ask for one."},
	{.key = "key", .type = SCHEMA_LINE, FIELD(model_backend, tls.key),
	 .told = "in the same file", .example = "weir.key", .since = FIRST,
	 .sentence = "The file with its private key."},
};

const struct schema_object schema_upstream_tls = {
	OBJECT("tls", "in tls", model_backend, rows_upstream_tls)};
const struct schema_object schema_cert = {
	OBJECT("certificate", "in a certificate", model_cert, rows_cert)};
const struct schema_object schema_tls = {
	OBJECT("tls", "in tls", model_listener, rows_tls), .short_key = "certificates"};
/* clang-format on */
