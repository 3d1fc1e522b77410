/* model_tls - what a listener or a backend says about TLS. */
#ifndef CONFIG_MODEL_TLS_H
#define CONFIG_MODEL_TLS_H

#include "base/error.h"

enum model_tls_version { TLS_FROM_1_2, TLS_FROM_1_3 };
enum model_client_auth { CLIENT_AUTH_OFF, CLIENT_AUTH_OPTIONAL, CLIENT_AUTH_REQUIRE };
enum model_unknown_host { UNKNOWN_HOST_DEFAULT, UNKNOWN_HOST_REJECT };

struct model_cert {      /* paths as written; relative ones begin at the file that names them */
	struct str cert; /* a folder when key is not given and it is one */
	struct str key;  /* p is NULL: in the same file */
	struct str ocsp; /* p is NULL: none */
	struct position at;
};

struct model_tls {
	struct model_cert *certs; /* none: no TLS */
	size_t n_certs;
	enum model_tls_version min_version;
	struct str ciphers;   /* p is NULL: the default */
	struct str client_ca; /* p is NULL: none */
	struct position client_ca_at;
	enum model_client_auth client_auth;
	enum model_unknown_host unknown_host;
	bool tickets;
};

struct model_upstream_tls {
	bool on, verify;
	struct str ca, name, sni; /* p is NULL: the system's; the endpoint's host; the name */
	struct str cert, key;     /* p is NULL: none; in the same file */
	struct position at;
};

#endif
