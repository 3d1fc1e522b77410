#include "config/schema_parts.h"

enum {
	WORKERS_MAX = 1024,
	SHARE_MAX = 1000000,
	BOUND_MIN = 100,
	BOUND_MAX = 1000,
	BUDGET_MAX = 100,
	PORT_MAX = 65535,
	PANIC_MAX = 100, /* percent */
};

static const char *const words_protocol[] = {
    [PROTOCOL_HTTP] = "http", [PROTOCOL_TCP] = "tcp", [PROTOCOL_TLS] = "tls", NULL};
static const char *const words_upstream[] = {[UPSTREAM_HTTP] = "http", [UPSTREAM_H2] = "h2", NULL};
static const char *const words_redirect[] = {"off", "https", NULL};
static const char *const words_balance[] = {[BALANCE_LEAST_REQUESTS] = "least-requests",
    [BALANCE_ROUND_ROBIN] = "round-robin",
    [BALANCE_RANDOM] = "random",
    [BALANCE_HASH] = "hash",
    NULL};
static const char *const words_zones[] = {[ZONES_AS_OFF] = "off",
    [ZONES_AS_PROPORTIONAL] = "proportional",
    [ZONES_AS_PREFER] = "prefer",
    [ZONES_AS_STRICT] = "strict",
    NULL};
static const char *const words_table[] = {[HASH_MAGLEV] = "maglev", [HASH_RING] = "ring", NULL};
static const char *const words_proxy[] = {
    [PROXY_PROTOCOL_OFF] = "off", [PROXY_PROTOCOL_V1] = "v1", [PROXY_PROTOCOL_V2] = "v2", NULL};
static const char *const words_format[] = {[LOG_TEXT] = "text", [LOG_JSON] = "json", NULL};
static const char *const words_priority[] = {
    [MODEL_HIGH] = "high", [MODEL_NORMAL] = "normal", [MODEL_LOW] = "low", NULL};
static const char *const words_level[] = {[LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
    NULL};

/* clang-format off */
static const struct schema_row rows_arm[] = {
	{.key = "backend", .type = SCHEMA_NAME, .required = true, FIELD(model_arm, backend),
	 .example = "api", .since = FIRST, .sentence = "The backend that gets this share."},
	{.key = "weight", .type = SCHEMA_WEIGHT, FIELD(model_arm, weight), .max = SHARE_MAX,
	 .fallback = "1", .example = "95", .since = FIRST,
	 .sentence = "The share, in proportion to the sum of all weights of the route. 0 takes no traffic."},
};

static const struct schema_row rows_listener[] = {
	{.key = "port", .type = SCHEMA_PORT, FIELD(model_listener, address), .max = PORT_MAX,
	 .example = "80", .since = FIRST,
	 .sentence = "The port to listen on, on all IPv4 interfaces. A listener has either port or address. 0 takes any free port."},
	{.key = "address", .type = SCHEMA_ADDRESS, FIELD(model_listener, address),
	 .example = "\"[::1]:8080\"", .since = FIRST,
	 .sentence = "The address and port to listen on."},
	{.key = "protocol", .type = SCHEMA_CHOICE, FIELD(model_listener, protocol),
	 .words = words_protocol, .fallback = "http", .example = "tcp", .since = FIRST,
	 .sentence = "What clients speak: http is routed request by request, tcp is carried as bytes to the backend of \"to\", tls is carried as it is to a backend chosen by the name that the client asks for."},
	{.key = "to", .type = SCHEMA_ARMS, FIELD(model_listener, to), .example = "postgres",
	 .since = FIRST,
	 .sentence = "Where a tcp listener sends its connections: a backend, or several with weights. Of a tls listener, those whose name is not in sni; without it they are refused."},
	{.key = "sni", .type = SCHEMA_SNI, ITEMS(model_listener, sni, n_sni),
	 .example = "{www.example.com: web, \"*.example.com\": {api: 95%, api-next: 5%}}", .since = FIRST,
	 .sentence = "Where a tls listener sends a connection by the name in its client's hello: exact, or *.NAME for one label or more before the name. Exact beats the longest wildcard. The TLS handshake is the endpoint's."},
	{.key = "tls", .type = SCHEMA_PART, FIELD(model_listener, tls), .object = &schema_tls,
	 .told = "off", .example = "/etc/weir/certs/", .since = FIRST,
	 .sentence = "Speaks TLS with clients: with a file of certificate and key, a folder of them, or a map. Where protocol is tcp, what was inside is carried to the backend."},
	{.key = "proxy_protocol", .type = SCHEMA_PROXY, FIELD(model_listener, proxy_protocol),
	 .fallback = "off", .example = "[10.0.0.0/8]", .since = FIRST,
	 .sentence = "Whether connections begin with a PROXY protocol header, version 1 or 2, that tells the client's address: on expects it from the trusted_proxies, a list of ranges from those. From all others it is refused."},
	{.key = "redirect", .type = SCHEMA_CHOICE, FIELD(model_listener, redirect_https),
	 .words = words_redirect, .fallback = "off", .example = "https", .since = FIRST,
	 .sentence = "Answers every request with a redirect (308) to the same address under https."},
	{.key = "max_connections", .type = SCHEMA_NUMBER, FIELD(model_listener, max_connections),
	 .min = 1, .max = COUNT_MAX, .zero = "off", .fallback = "off", .example = "10000", .since = FIRST,
	 .sentence = "How many clients may be connected at once; more are closed when they come."},
};

static const struct schema_row rows_match[] = {
	{.key = "listener", .type = SCHEMA_LISTENERS, FIELD(model_route, listeners),
	 .count_offset = offsetof(struct model_route, n_listeners), .told = "all http listeners",
	 .example = "http", .since = FIRST,
	 .sentence = "The listener, or list of listeners, that the request came in by."},
	{.key = "host", .type = SCHEMA_HOST, FIELD(model_route, host), .told = "any host",
	 .example = "\"*.example.com\"", .since = FIRST,
	 .sentence = "The request's host: exact, or *.NAME for one label or more before the name. Exact beats the longest wildcard, that beats any."},
	{.key = "path", .type = SCHEMA_PATH, FIELD(model_route, path), .told = "any path",
	 .example = "/v1/*", .since = FIRST,
	 .sentence = "The request's path: exact (/a), by segments (/a/* is /a and all below /a/), or a pattern after a tilde (~^/v[0-9]+/). Exact beats the longest prefix, that beats patterns, which are tried in the order of the file."},
	{.key = "methods", .type = SCHEMA_METHODS, FIELD(model_route, methods),
	 .count_offset = offsetof(struct model_route, n_methods), .told = "any method",
	 .example = "[GET, HEAD]", .since = FIRST,
	 .sentence = "The request's method, or a list of methods."},
	{.key = "headers", .type = SCHEMA_HEADERS, FIELD(model_route, headers),
	 .count_offset = offsetof(struct model_route, n_headers), .told = "no condition",
	 .example = "{X-Beta: yes, Cookie: ~beta=1, Authorization: present}", .since = FIRST,
	 .sentence = "Headers the request has to have, each with its exact value, a pattern after a tilde, or the word present."},
	{.key = "query", .type = SCHEMA_QUERIES, FIELD(model_route, queries),
	 .count_offset = offsetof(struct model_route, n_queries), .told = "no condition",
	 .example = "{version: 2}", .since = FIRST,
	 .sentence = "Parameters the request's query has to have; values as in headers."},
};

const struct schema_object schema_match = {
	OBJECT("match", "in a match", model_route, rows_match)};

static const struct schema_row rows_route[] = {
	{.key = "match", .type = SCHEMA_MATCH, .required = true, FIELD(model_route, host),
	 .object = &schema_match, .example = "api.example.com/v1/*", .since = FIRST,
	 .sentence = "The requests that are meant: any, or HOST/PATH, or a map of conditions. HOST alone is HOST/*, HOST/ is its front page only, /PATH is that path on any host, HOST/~PATTERN a path by pattern. The most specific match wins; the order of routes does not matter."},
	{.key = "to", .type = SCHEMA_ARMS, .required = true, FIELD(model_route, to),
	 .example = "{api: 95%, api-next: 5%}", .since = FIRST,
	 .sentence = "Where they go: a backend, a map of backends with percentages or weights, or a list of {backend, weight}."},
	{.key = "name", .type = SCHEMA_LINE, FIELD(model_route, name), .told = "the match as written",
	 .example = "api", .since = FIRST,
	 .sentence = "The route's name in logs and metrics."},
	{.key = "priority", .type = SCHEMA_CHOICE, FIELD(model_route, priority),
	 .words = words_priority, .fallback = "normal", .example = "high", .since = FIRST,
	 .sentence = "Which requests go first where they have to wait for a place at a backend, and which are refused last when weir itself is overloaded."},
	{.key = "timeouts", .type = SCHEMA_STRUCT, FIELD(model_route, timeouts),
	 .object = &schema_route_timeouts, .told = "as in timeouts",
	 .example = "{request: 10s, response: 5s}", .since = FIRST,
	 .sentence = "How long the requests of this route may take, where that is not as in timeouts at the top."},
	{.key = "retry", .type = SCHEMA_STRUCT, FIELD(model_route, retry), .object = &schema_retry,
	 .told = "as in defaults", .example = "{attempts: 2, when: [gateway-error, reset]}",
	 .since = FIRST,
	 .sentence = "Whether a request that failed is tried again: how often, or a map. What could not connect, and what an endpoint has closed without looking at it, always is; all else only if asked for. What is left out here is as in defaults."},
};

static const struct schema_row rows_balance[] = {
	{.key = "algorithm", .type = SCHEMA_CHOICE, FIELD(model_backend, balance),
	 .words = words_balance, .fallback = "least-requests", .example = "hash", .since = FIRST,
	 .sentence = "least-requests takes the less busy of two endpoints picked at random; round-robin goes around smoothly by weight; random picks by weight; hash keeps a key on its endpoint."},
	{.key = "key", .type = SCHEMA_HASH_KEY, FIELD(model_backend, hash_key), .fallback = "client",
	 .example = "cookie SESSION", .since = FIRST,
	 .sentence = "What is hashed: client (its address), path, header NAME or cookie NAME. A request without it goes to any endpoint."},
	{.key = "table", .type = SCHEMA_CHOICE, FIELD(model_backend, hash_table),
	 .words = words_table, .fallback = "maglev", .example = "ring", .since = FIRST,
	 .sentence = "maglev spreads evenly; ring moves fewer keys when endpoints come and go."},
	{.key = "bound", .type = SCHEMA_PERCENT, FIELD(model_backend, hash_bound), .min = BOUND_MIN,
	 .max = BOUND_MAX, .zero = "off", .fallback = "off", .example = "125%", .since = FIRST,
	 .sentence = "An endpoint with more than this share of the average load passes keys on to the next one."},
};

const struct schema_object schema_balance = {
	OBJECT("balance", "in balance", model_backend, rows_balance), .short_key = "algorithm"};

static const struct schema_row rows_backend[] = {
	{.key = "endpoints", .type = SCHEMA_LIST, .required = true,
	 ITEMS(model_backend, endpoints, n_endpoints), .object = &schema_endpoint,
	 .example = "[10.0.0.11:8080, 10.0.0.12:8080]", .since = FIRST,
	 .sentence = "Where the backend's requests go. An empty list is allowed: they are answered 503."},
	{.key = "protocol", .type = SCHEMA_CHOICE, FIELD(model_backend, protocol),
	 .words = words_upstream, .fallback = "http", .example = "h2", .since = FIRST,
	 .sentence = "What the endpoints speak: http is HTTP/1.1; h2 is HTTP/2, with TLS or without, many requests on a connection. A tcp listener carries bytes whatever they are."},
	{.key = "tls", .type = SCHEMA_TLS, FIELD(model_backend, tls),
	 .object = &schema_upstream_tls, .told = "off", .example = "{ca: internal-ca.pem}",
	 .since = FIRST,
	 .sentence = "Speaks TLS with the endpoints. Their certificates are verified unless that is switched off."},
	{.key = "balance", .type = SCHEMA_PART, FIELD(model_backend, balance),
	 .object = &schema_balance, .example = "round-robin", .since = FIRST,
	 .sentence = "How an endpoint is picked for each request: an algorithm, or a map."},
	{.key = "max_connections", .type = SCHEMA_NUMBER, FIELD(model_backend, max_connections),
	 .min = 1, .max = COUNT_MAX, .zero = "off", .fallback = "off", .example = "1000", .since = FIRST,
	 .sentence = "How many connections to all of its endpoints may be open at once; a request that needs one more is answered 503."},
	{.key = "max_requests", .type = SCHEMA_NUMBER, FIELD(model_backend, max_requests),
	 .min = 1, .max = COUNT_MAX, .zero = "off", .fallback = "off", .example = "500", .since = FIRST,
	 .sentence = "How many requests may be under way at once; one more is answered 503."},
	{.key = "retry_budget", .type = SCHEMA_PERCENT, FIELD(model_backend, retry_budget), .min = 1,
	 .max = BUDGET_MAX, .zero = "off", .fallback = "20%", .example = "10%", .since = FIRST,
	 .sentence = "How many retries may be under way at once, measured by the requests that are none; 3 always may. Beyond it, the client gets what the try before came to. What could not connect is tried a second time without it."},
	{.key = "endpoint_limits", .type = SCHEMA_PART, FIELD(model_backend, endpoint_limits),
	 .object = &schema_endpoint_limits, .told = "none", .example = "{max_requests: 50}",
	 .since = FIRST,
	 .sentence = "What each of its endpoints may have at once. One that has it all is passed over; when all have, a request waits in the queue or is answered 503."},
	{.key = "queue", .type = SCHEMA_PART, FIELD(model_backend, queue), .object = &schema_queue,
	 .told = "nobody waits", .example = "{timeout: 2s, size: 500}", .since = FIRST,
	 .sentence = "Whether requests wait for a place when a limit is reached: for how long, or a map. By the priority of their routes, then by age."},
	{.key = "breaker", .type = SCHEMA_PART, FIELD(model_backend, breaker),
	 .object = &schema_breaker, .told = "there is none", .example = "{errors: 50%, open: 10s}",
	 .since = FIRST,
	 .sentence = "Leaves a backend alone that mostly fails: at so many errors, or a map. Requests are answered 503 meanwhile; then a few are let through to see."},
	{.key = "concurrency", .type = SCHEMA_PART, FIELD(model_backend, concurrency),
	 .object = &schema_concurrency, .told = "not measured", .example = "{max: 500, min: 10}",
	 .since = FIRST,
	 .sentence = "Finds out how many requests the backend can take from how long its answers take, and holds back the rest: the most it may find, or a map."},
	{.key = "outlier", .type = SCHEMA_PART, FIELD(model_backend, outlier),
	 .object = &schema_outlier, .example = "{consecutive_failures: 3, ejection: 10s}",
	 .since = FIRST,
	 .sentence = "Whether endpoints are left out for a while for what their requests come to: on, off, or a map."},
	{.key = "sticky", .type = SCHEMA_PART, FIELD(model_backend, sticky),
	 .object = &schema_sticky, .told = "nobody is kept", .example = "{cookie: SEAT, ttl: 8h}",
	 .since = FIRST,
	 .sentence = "Keeps a client with the endpoint that answered it first, by a cookie: its name, or a map. Clients whose endpoint cannot be chosen are given another one, and a new cookie."},
	{.key = "slow_start", .type = SCHEMA_PART, FIELD(model_backend, slow_start),
	 .object = &schema_slow_start, .told = "there is none", .example = "30s", .since = FIRST,
	 .sentence = "Sends little at first to an endpoint that is new among others or is back, and more from moment to moment: for how long, or a map. While more than half of the backend warms up, all count in full."},
	{.key = "zones", .type = SCHEMA_CHOICE, FIELD(model_backend, zones), .words = words_zones,
	 .fallback = "off", .example = "proportional", .since = FIRST,
	 .sentence = "Whether requests stay in weir's own zone: proportional keeps as many there as its endpoints can bear if every zone has the same to do, once 6 endpoints are well and the zone of each is known; prefer keeps all there while anybody is well; strict uses nobody else. In panic, and with nobody left at home, the first two use all zones."},
	{.key = "panic", .type = SCHEMA_PERCENT, FIELD(model_backend, panic), .min = 1,
	 .max = PANIC_MAX, .zero = "off", .fallback = "50%", .example = "30%", .since = FIRST,
	 .sentence = "With fewer endpoints left than this share, all are used, whatever is known of them: the few would not bear all requests. Draining ones, those that are down and new ones that were not checked yet never are, and do not count."},
	{.key = "check", .type = SCHEMA_STRUCT, FIELD(model_backend, check),
	 .object = &schema_check, .told = "as in defaults", .example = "GET /healthz every 2s",
	 .since = FIRST,
	 .sentence = "How its endpoints are checked: what is asked, or a map, whose keys come before those in defaults. Only endpoints that answer well are used."},
	{.key = "proxy_protocol", .type = SCHEMA_CHOICE, FIELD(model_backend, proxy_protocol),
	 .words = words_proxy, .fallback = "off", .example = "v2", .since = FIRST,
	 .sentence = "Begins each connection to an endpoint with a PROXY protocol header that tells the client's address. With it, a connection serves one client only."},
};

#define TIMEOUT(field, zero_word, def, ex, text)                                                   \
	{.key = #field, .type = SCHEMA_DURATION, FIELD(model, timeouts.field), .zero = (zero_word), \
	 .fallback = (def), .example = (ex), .since = FIRST, .sentence = (text)}
static const struct schema_row rows_timeouts[] = {
	TIMEOUT(connect, NULL, "5s", "1s", "Until an endpoint accepts a connection; else 504."),
	TIMEOUT(tls, NULL, "10s", "5s",
	    "Until a TLS handshake is done, or the client's hello of one that is only passed on is here."),
	TIMEOUT(header, NULL, "10s", "5s",
	    "From a request's first byte until its head is complete; else 408. Also for a new connection's first byte and a PROXY protocol header."),
	TIMEOUT(body, NULL, "30s", "1m",
	    "How long a body may stand still while it is read or written; not how long it takes."),
	TIMEOUT(response, "off", "60s", "2m",
	    "From the end of the request until the head of the endpoint's answer; else 504."),
	TIMEOUT(request, "off", "off", "5m",
	    "For a whole request from its first byte to the end of the answer, over all tries; else 504, or the answer is cut. Tunnels are exempt. Endpoints are told how much of it is left, in X-Deadline-Ms."),
	TIMEOUT(idle, NULL, "60s", "75s", "How long a client's connection may wait for its next request."),
	TIMEOUT(upstream_idle, NULL, "30s", "10s",
	    "How long an unused connection to an endpoint is kept. Stay below the endpoint's own limit."),
	TIMEOUT(tunnel, "off", "1h", "10m",
	    "How long a tunnel (tcp, WebSocket) may be silent in both directions."),
	TIMEOUT(drain, NULL, "30s", "2m",
	    "How long what is under way may take to end when weir stops or a listener is removed."),
};

const struct schema_object schema_timeouts = {
	OBJECT("timeouts", "in timeouts", model, rows_timeouts)};

static const struct schema_row rows_log[] = {
	{.key = "access", .type = SCHEMA_ACCESS, FIELD(model, access), .fallback = "stdout",
	 .example = "/var/log/weir/access.log", .since = FIRST,
	 .sentence = "Where a line for each request and tunnel goes: stdout, a file, or off."},
	{.key = "format", .type = SCHEMA_CHOICE, FIELD(model, log_format), .words = words_format,
	 .fallback = "text", .example = "json", .since = FIRST,
	 .sentence = "text is the Combined format with key=value behind it; json has the same names."},
	{.key = "level", .type = SCHEMA_CHOICE, FIELD(model, log_level), .words = words_level,
	 .fallback = "info", .example = "warn", .since = FIRST,
	 .sentence = "What weir tells about itself on stderr."},
};

const struct schema_object schema_log = {
	OBJECT("log", "in log", model, rows_log), .short_key = "format"};

static const struct schema_row rows_admin[] = {
	{.key = "socket", .type = SCHEMA_LINE, FIELD(model, admin_socket),
	 .told = "/run/weir/admin.sock", .example = "/run/weir/other.sock", .since = FIRST,
	 .sentence = "The Unix socket by which status, reload and stop reach a running weir."},
	{.key = "address", .type = SCHEMA_ADDRESS, FIELD(model, admin_address), .told = "none",
	 .example = "127.0.0.1:9000", .since = FIRST,
	 .sentence = "An address for the same pages, read-only."},
};

const struct schema_object schema_admin = {OBJECT("admin", "in admin", model, rows_admin)};

static const struct schema_row rows_metrics[] = {
	{.key = "port", .type = SCHEMA_PORT, FIELD(model, metrics_address), .max = PORT_MAX,
	 .example = "9100", .since = FIRST,
	 .sentence = "A port on all IPv4 interfaces that serves /metrics, /healthz and /ready only."},
	{.key = "address", .type = SCHEMA_ADDRESS, FIELD(model, metrics_address), .told = "none",
	 .example = "10.0.0.1:9100", .since = FIRST, .sentence = "The same on one address."},
};

const struct schema_object schema_metrics = {
	OBJECT("metrics", "in metrics", model, rows_metrics)};

static const struct schema_row rows_overload[] = {
	{.key = "memory", .type = SCHEMA_SIZE, FIELD(model, overload.memory), .zero = "off",
	 .fallback = "off", .example = "2GB", .since = FIRST,
	 .sentence = "How much memory weir should use at most. Above it, new requests and connections are refused."},
	{.key = "loop_delay", .type = SCHEMA_DURATION, FIELD(model, overload.loop_delay),
	 .zero = "off", .fallback = "off", .example = "50ms", .since = FIRST,
	 .sentence = "How long the turns of a worker's loop should take at most, on average. Above it, its new requests are refused."},
	{.key = "files", .type = SCHEMA_PERCENT, FIELD(model, overload.files), .min = 1, .max = 100,
	 .zero = "off", .fallback = "off", .example = "90%", .since = FIRST,
	 .sentence = "How much of the limit on file descriptors should be in use at most. Above it, new connections are refused."},
};

const struct schema_object schema_overload = {
	OBJECT("overload", "in overload", model, rows_overload)};
const struct schema_object schema_arm = {OBJECT("arm", "in a target", model_arm, rows_arm)};
const struct schema_object schema_listener = {
	OBJECT("listener", "in a listener", model_listener, rows_listener)};
const struct schema_object schema_route = {
	OBJECT("route", "in a route", model_route, rows_route)};
const struct schema_object schema_backend = {
	OBJECT("backend", "in a backend", model_backend, rows_backend)};

static const struct schema_row rows_top[] = {
	{.key = "version", .type = SCHEMA_VERSION, .min = 1, .max = 1, .told = "1", .example = "1",
	 .since = FIRST, .sentence = "The version of this format."},
	{.key = "include", .type = SCHEMA_FILES, .told = "none", .example = "[conf.d/*.yaml]",
	 .since = FIRST,
	 .sentence = "More files, or patterns of files, beside this one. Their lists are joined to those here, their maps merged; a key that stands twice is an error. Only the first file includes."},
	{.key = "zone", .type = SCHEMA_NAME, FIELD(model, zone), .told = "none", .example = "eu-1a",
	 .since = FIRST,
	 .sentence = "The zone in which this weir runs, to be compared with those of endpoints."},
	{.key = "workers", .type = SCHEMA_NUMBER, FIELD(model, workers), .min = 1,
	 .max = WORKERS_MAX, .zero = "auto", .fallback = "auto", .example = "4", .since = FIRST,
	 .sentence = "How many threads carry traffic; auto is one per CPU that affinity and cgroup allow. A change needs a restart."},
	{.key = "listen", .type = SCHEMA_MAP, .required = true, ITEMS(model, listeners, n_listeners),
	 .object = &schema_listener, .example = "{http: {port: 80}}", .since = FIRST,
	 .sentence = "Where clients come in, each under a name of its own."},
	{.key = "timeouts", .type = SCHEMA_PART, FIELD(model, timeouts), .object = &schema_timeouts,
	 .example = "{connect: 2s, response: 2m}", .since = FIRST,
	 .sentence = "How long everything may take. Units: ms s m h d."},
	{.key = "defaults", .type = SCHEMA_PART, FIELD(model, defaults), .object = &schema_defaults,
	 .example = "{retry: {attempts: 2, when: [gateway-error]}}", .since = FIRST,
	 .sentence = "What routes begin with that do not say otherwise."},
	{.key = "trusted_proxies", .type = SCHEMA_RANGES, FIELD(model, trusted_proxies),
	 .told = "none", .example = "[10.0.0.0/8, \"fd00::/8\"]", .since = FIRST,
	 .sentence = "Addresses that are believed about the client: X-Forwarded-For, Forwarded, X-Request-Id, X-Deadline-Ms and the PROXY protocol. From all others these are taken out and written anew."},
	{.key = "routes", .type = SCHEMA_LIST, ITEMS(model, routes, n_routes),
	 .object = &schema_route, .told = "none", .example = "[{match: any, to: web}]", .since = FIRST,
	 .sentence = "Which requests go where."},
	{.key = "backends", .type = SCHEMA_MAP, ITEMS(model, backends, n_backends),
	 .object = &schema_backend, .told = "none", .example = "{web: {endpoints: [10.0.0.11:8080]}}",
	 .since = FIRST, .sentence = "Named sets of endpoints."},
	{.key = "log", .type = SCHEMA_PART, FIELD(model, access), .object = &schema_log,
	 .example = "json", .since = FIRST, .sentence = "What is written down: a format, or a map."},
	{.key = "admin", .type = SCHEMA_PART, FIELD(model, admin_socket), .object = &schema_admin,
	 .example = "{socket: /run/weir/other.sock}", .since = FIRST,
	 .sentence = "How a running weir is asked and told."},
	{.key = "metrics", .type = SCHEMA_PART, FIELD(model, metrics_address),
	 .object = &schema_metrics, .example = "{port: 9100}", .since = FIRST,
	 .sentence = "Where Prometheus reads."},
	{.key = "dns", .type = SCHEMA_PART, FIELD(model, dns), .object = &schema_dns,
	 .example = "{servers: [10.0.0.2]}", .since = FIRST,
	 .sentence = "How names of endpoints are asked for, which never happens while a request waits."},
	{.key = "overload", .type = SCHEMA_PART, FIELD(model, overload), .object = &schema_overload,
	 .told = "nothing is watched", .example = "{memory: 2GB, files: 90%}", .since = FIRST,
	 .sentence = "When weir itself has too much to do: requests are answered 503 at once, of low priority first, more and more of them within a tenth above a limit. What has begun goes on; checks, metrics and the admin socket are not concerned."},
};

const struct schema_object schema_top = {
	OBJECT("top", "at the top of the file", model, rows_top)};
/* clang-format on */

const struct schema_object *const schema_parts[PART_COUNT] = {
    [PART_TOP] = &schema_top,
    [PART_TIMEOUTS] = &schema_timeouts,
    [PART_DEFAULTS] = &schema_defaults,
    [PART_LOG] = &schema_log,
    [PART_ADMIN] = &schema_admin,
    [PART_METRICS] = &schema_metrics,
    [PART_OVERLOAD] = &schema_overload,
    [PART_DNS] = &schema_dns,
};

bool
schema_is_block(const struct schema_row *row)
{
	if (row->type == SCHEMA_MAP || row->type == SCHEMA_LIST)
		return true;
	for (unsigned part = 0; part < PART_COUNT; part++)
		if (row->type == SCHEMA_PART && row->object == schema_parts[part])
			return true;
	return false;
}

_Static_assert(nelem(rows_top) <= SCHEMA_ROWS_MAX && nelem(rows_timeouts) <= SCHEMA_ROWS_MAX &&
		   nelem(rows_listener) <= SCHEMA_ROWS_MAX,
    "arrays by row are this long");

const struct schema_row *
schema_find(const struct schema_object *o, struct str key)
{
	for (size_t i = 0; i < o->n; i++)
		if (str_eq(key, str_from(o->rows[i].key)))
			return &o->rows[i];
	return NULL;
}

/* What each type wants, where the row has nothing more to say. */
static const char *const type_words[] = {
    [SCHEMA_NUMBER] = "a whole number",
    [SCHEMA_DURATION] = "a duration such as 5s",
    [SCHEMA_SIZE] = "a size such as 64KB",
    [SCHEMA_PERCENT] = "a percentage",
    [SCHEMA_WEIGHT] = "a weight or a percentage",
    [SCHEMA_NAME] = "a name",
    [SCHEMA_LINE] = "text",
    [SCHEMA_TOKEN] = "a name of letters, digits and -_",
    [SCHEMA_ADDRESS] = "an address with a port",
    [SCHEMA_PORT] = "a port",
    [SCHEMA_RANGES] = "a list of addresses and ranges",
    [SCHEMA_PROXY] = "on, off or a list of ranges",
    [SCHEMA_ACCESS] = "stdout, off or the path of a file",
    [SCHEMA_ARMS] = "a backend, or backends with weights",
    [SCHEMA_TLS] = "on, off or a map",
    [SCHEMA_CERTS] = "a file, a folder, or a list of these",
    [SCHEMA_SNI] = "a map of hosts and their backends",
    [SCHEMA_MATCH] = "any, HOST/PATH or a map",
    [SCHEMA_LISTENERS] = "a listener or a list of listeners",
    [SCHEMA_HOST] = "a host",
    [SCHEMA_PATH] = "a path",
    [SCHEMA_METHODS] = "a method or a list of methods",
    [SCHEMA_HEADERS] = "a map of names and values",
    [SCHEMA_QUERIES] = "a map of names and values",
    [SCHEMA_ENDPOINT] = "HOST:PORT",
    [SCHEMA_SERVICE] = "a name of SRV records",
    [SCHEMA_ROSTER] = "the path of a file",
    [SCHEMA_SERVERS] = "an address or a list of addresses",
    [SCHEMA_HASH_KEY] = "client, path, header NAME or cookie NAME",
    [SCHEMA_SET] = "a word or a list of words",
    [SCHEMA_ASK] = "METHOD PATH, tcp or off",
    [SCHEMA_FIELDS] = "a map of names and values",
    [SCHEMA_PART] = "a map",
    [SCHEMA_STRUCT] = "a map",
    [SCHEMA_MAP] = "a map of names",
    [SCHEMA_LIST] = "a list",
    [SCHEMA_FILES] = "a list of files",
    [SCHEMA_VERSION] = "1",
};

static void
schema_choices(const struct schema_row *row, char *out, size_t room)
{
	size_t len = 0;

	for (size_t i = 0; row->words[i] != NULL && len < room; i++)
		len += (size_t)snprintf(out + len, room - len, "%s%s",
		    i == 0                      ? ""
		    : row->words[i + 1] == NULL ? " or "
						: ", ",
		    row->words[i]);
}

void
schema_wants(const struct schema_row *row, char *out, size_t room)
{
	const char * or = row->zero ? " or " : "", *zero = row->zero ? row->zero : "";

	switch (row->type) {
	case SCHEMA_CHOICE:
	case SCHEMA_SET:
		schema_choices(row, out, room);
		return;
	case SCHEMA_STATUSES:
		snprintf(
		    out, room, "a status, a range or a list of them, %u-%u", row->min, row->max);
		return;
	case SCHEMA_NUMBER:
	case SCHEMA_PORT:
		snprintf(
		    out, room, "%s %u-%u%s%s", type_words[row->type], row->min, row->max, or, zero);
		return;
	case SCHEMA_DURATION:
		if (row->min == 0)
			break;
		snprintf(out, room, "a duration of %ums or more%s%s", row->min, or, zero);
		return;
	case SCHEMA_PERCENT:
		snprintf(out, room, "a percentage %u%%-%u%%%s%s", row->min, row->max, or, zero);
		return;
	case SCHEMA_LIST:
		snprintf(out, room, "a list of %ss", row->object->name);
		return;
	case SCHEMA_MAP:
		snprintf(out, room, "a map of named %ss", row->object->name);
		return;
	case SCHEMA_PART:
	case SCHEMA_STRUCT:
		if (row->object->short_key != NULL)
			snprintf(out, room, "a map or its %s", row->object->short_key);
		else
			snprintf(out, room, "a map");
		return;
	default:
		break;
	}
	snprintf(out, room, "%s%s%s", type_words[row->type], or, zero);
}
