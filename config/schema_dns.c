/* The rows of how names are asked for. */
#include "config/schema_parts.h"

/* clang-format off */
static const struct schema_row rows_dns[] = {
	{.key = "servers", .type = SCHEMA_SERVERS, ITEMS(model, dns.servers, dns.n_servers),
	 .told = "those of the system", .example = "[10.0.0.2, \"10.0.0.3:5353\"]", .since = FIRST,
	 .sentence = "Who is asked, in this order: addresses, with a port unless it is 53. By default those of resolv.conf(5), which is read again whenever something is asked after a pause."},
	{.key = "min_ttl", .type = SCHEMA_DURATION, FIELD(model, dns.min_ttl), .fallback = "5s",
	 .example = "1s", .since = FIRST,
	 .sentence = "How long an answer holds at least, even if it says that it holds for less."},
	{.key = "max_ttl", .type = SCHEMA_DURATION, FIELD(model, dns.max_ttl), .fallback = "10m",
	 .example = "1m", .since = FIRST,
	 .sentence = "How long an answer holds at most, even if it says that it holds for longer."},
	{.key = "timeout", .type = SCHEMA_DURATION, FIELD(model, dns.timeout), .fallback = "5s",
	 .example = "2s", .since = FIRST,
	 .sentence = "How long an answer may take, with all repetitions. The start and a reload wait for the names they bring, but no longer than this."},
};

const struct schema_object schema_dns = {OBJECT("dns", "in dns", model, rows_dns)};
/* clang-format on */
