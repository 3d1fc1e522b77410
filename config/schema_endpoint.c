/* The rows of endpoints, in the configuration and in files of their own. */
#include "config/schema_parts.h"

enum { ENDPOINT_WEIGHT_MAX = 1000, ENDPOINT_PRIORITY_MAX = 100 };

/* clang-format off */
static const struct schema_row rows_endpoint[] = {
	{.key = "address", .type = SCHEMA_ENDPOINT, FIELD(model_endpoint, text),
	 .example = "10.0.0.21:8080", .since = FIRST,
	 .sentence = "Address and port; or name and port, which is the same as dns."},
	{.key = "dns", .type = SCHEMA_ENDPOINT, FIELD(model_endpoint, text),
	 .example = "api.internal:8080", .since = FIRST,
	 .sentence = "A name and a port: each address that the name has is an endpoint, as long as it has it. The name is asked for again whenever its answer has had its time; when nobody can tell, the last good answer stays. A name without any address is one endpoint, which is down."},
	{.key = "srv", .type = SCHEMA_SERVICE, FIELD(model_endpoint, text),
	 .example = "_http._tcp.api.internal", .since = FIRST,
	 .sentence = "A name of SRV records (RFC 2782): each address of each target is an endpoint, with the record's port and weight. Records of a higher priority number are a backup for those of a lower one. Otherwise as dns."},
	{.key = "file", .type = SCHEMA_ROSTER, FIELD(model_endpoint, text),
	 .example = "endpoints.yaml", .since = FIRST,
	 .sentence = "A file, in YAML or JSON, with a list under the key endpoints: its items are as here, but by address only. It is watched, and read again when it changes, without a reload; one that is wrong changes nothing. Relative paths begin at the folder of the file that names it."},
	{.key = "weight", .type = SCHEMA_NUMBER, FIELD(model_endpoint, weight), .min = 1,
	 .max = ENDPOINT_WEIGHT_MAX, .fallback = "1", .example = "2", .since = FIRST,
	 .sentence = "Its share of the backend's requests, in proportion to the others."},
	{.key = "priority", .type = SCHEMA_NUMBER, FIELD(model_endpoint, priority),
	 .max = ENDPOINT_PRIORITY_MAX, .fallback = "0", .example = "1", .since = FIRST,
	 .sentence = "Those of 0 have all requests while they bear them, which they are thought to do as long as more than 5 in 7 of them are well, by weight. Of fewer, the share that is missing goes to the endpoints of the next higher number, so 1 is a backup. With srv and file it is what their first one becomes; the others follow."},
	{.key = "zone", .type = SCHEMA_NAME, FIELD(model_endpoint, zone), .told = "none",
	 .example = "eu-1a", .since = FIRST,
	 .sentence = "The zone in which it stands; with dns, srv and file that of all of them, unless the file says otherwise. What goes to other zones than weir's own is counted, and can be avoided: zones."},
};

const struct schema_object schema_endpoint = {
	OBJECT("endpoint", "in an endpoint", model_endpoint, rows_endpoint), .short_key = "address"};

static const struct schema_row rows_endpoint_file[] = {
	{.key = "endpoints", .type = SCHEMA_LIST, .required = true,
	 ITEMS(model_backend, endpoints, n_endpoints), .object = &schema_endpoint,
	 .example = "[10.0.0.11:8080, 10.0.0.12:8080]"},
};

const struct schema_object schema_endpoint_file = {
	OBJECT("endpoint file", "in a file of endpoints", model_backend, rows_endpoint_file)};
/* clang-format on */
