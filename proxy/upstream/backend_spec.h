/* backend_spec - all that a file says of a backend, to make one of. */
#ifndef UPSTREAM_BACKEND_SPEC_H
#define UPSTREAM_BACKEND_SPEC_H

#include "base/error.h"
#include "http/codec.h"
#include "io/proxy_protocol.h"
#include "io/tls_client.h"
#include "upstream/guard.h"
#include "upstream/outlier.h"
#include "upstream/recipe.h"
#include "upstream/sticky.h"
#include "upstream/warming.h"
#include "upstream/zones.h"

enum hash_source { HASH_OF_CLIENT, HASH_OF_PATH, HASH_OF_HEADER, HASH_OF_COOKIE };

struct backend_spec {
	struct str name;
	struct position at;
	struct balance_spec balance; /* its targets' endpoints are taken over as refs */
	struct recipe *recipe; /* taken over; then targets are what backend_compose makes of it */
	bool hashed;
	enum hash_source hash_source;
	struct str hash_name;
	struct guard_spec guard;
	struct outlier_spec outlier;
	struct zones zones;
	uint32_t panic; /* when less than so many percent are well; 0: never */
	struct warming_spec warming;
	struct sticky_spec sticky;
	enum proxy_protocol proxy_protocol;
	const struct codec_ops *codec; /* NULL: HTTP/1 */
	struct tls_client *tls;        /* taken over; NULL: plain */
	struct check *check;           /* taken over; NULL: they are not checked */
};

#endif
