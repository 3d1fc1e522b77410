#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "table_naive.h"

enum { FIELDS_MAX = 8, FACTS_MAX = 3 };

struct route {
	size_t number;
};

/* A request and the memory behind it. */
struct request {
	struct head head;
	struct field fields[FIELDS_MAX];
	struct table_query q;
};

static void
request_init(struct request *r, const char *method, const char *host, const char *path,
    const char *query, struct match_scratch *scratch)
{
	*r = (struct request){
	    .head =
		{
		    .method = method_of(str_from(method)),
		    .method_text = str_from(method),
		    .host = str_from(host),
		    .path = str_from(path),
		    .query = str_from(query),
		},
	    .q = {.scratch = scratch},
	};
	r->head.fields.v = r->fields;
	r->q.head = &r->head;
}

static void
request_add(struct request *r, const char *name, const char *value)
{
	enum field_id id = field_id_of(str_from(name));

	r->fields[r->head.fields.n++] = (struct field){
	    .name = name,
	    .name_len = (uint16_t)strlen(name),
	    .value = value,
	    .value_len = (uint32_t)strlen(value),
	    .id = (uint16_t)id,
	};
	r->head.fields.present |= UINT64_C(1) << id;
}

struct fixture {
	struct table_builder *b;
	struct table *t;
	struct match_scratch *scratch;
	struct route routes[64];
	size_t n;
};

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->b = table_builder_new();
	f->scratch = match_scratch_new();
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->b != NULL)
		f->t = table_builder_done(&f->b);
	table_free(&f->t);
	match_scratch_free(&f->scratch);
	free(f);
	return 0;
}

static struct rule
rule_of(const char *host, enum path_kind kind, const char *path)
{
	return (struct rule){.host = str_from(host), .path_kind = kind, .path = str_from(path)};
}

/* The number of the new route. */
static size_t
add_rule(struct fixture *f, struct rule rule)
{
	struct pattern_error e = {0};
	const struct route *duplicate;

	f->routes[f->n].number = f->n;
	rule.route = &f->routes[f->n];
	assert_true(table_builder_add(f->b, &rule, &e, &duplicate));
	return f->n++;
}

static size_t
add(struct fixture *f, const char *host, enum path_kind kind, const char *path)
{
	return add_rule(f, rule_of(host, kind, path));
}

static size_t
find_request(struct fixture *f, const struct request *r)
{
	struct route *route;

	if (f->t == NULL)
		f->t = table_builder_done(&f->b);
	route = table_find(f->t, &r->q);
	return route ? route->number : SIZE_MAX;
}

static size_t
find(struct fixture *f, const char *host, const char *path)
{
	struct request r;

	request_init(&r, "GET", host, path, NULL, f->scratch);
	return find_request(f, &r);
}

static void
an_exact_host_beats_the_longest_suffix_beats_any(void **state)
{
	struct fixture *f = *state;
	size_t any = add(f, NULL, PATH_KIND_ANY, NULL);
	size_t far = add(f, "*.example.com", PATH_KIND_ANY, NULL);
	size_t near = add(f, "*.api.example.com", PATH_KIND_ANY, NULL);
	size_t exact = add(f, "v1.api.example.com", PATH_KIND_ANY, NULL);
	size_t odd = add(f, "az@[`{09-\xc1\xda.az", PATH_KIND_ANY, NULL);
	enum { LONG = 256 };
	const char *suffix = ".example.com";
	char longest[LONG + 1];

	assert_int_equal(find(f, "AZ@[`{09-\xc1\xda.Az", "/"), odd); /* only letters have a case */
	assert_int_equal(find(f, "azAzaz\x30\x39-\xe1\xfa.az", "/"), any);
	assert_int_equal(find(f, "v1.api.example.com", "/"), exact);
	assert_int_equal(find(f, "V1.Api.Example.COM.", "/"), exact);
	assert_int_equal(find(f, "v2.api.example.com", "/"), near);
	assert_int_equal(find(f, "a.b.api.example.com", "/"), near);
	assert_int_equal(find(f, "api.example.com", "/"), far);
	assert_int_equal(find(f, "example.com", "/"), any);
	assert_int_equal(find(f, "badexample.com", "/"), any);
	assert_int_equal(find(f, ".example.com", "/"), any);
	assert_int_equal(find(f, "", "/"), any);
	assert_int_equal(find(f, ".", "/"), any);
	assert_int_equal(find(f, "[::1]", "/"), any);
	memset(longest, 'a', sizeof(longest));
	snprintf(longest + LONG - strlen(suffix), sizeof(longest) - LONG + strlen(suffix), "%s",
	    suffix); /* one byte too long for a name */
	assert_int_equal(find(f, longest, "/"), any);
	assert_int_equal(find(f, longest + 1, "/"), far);
}

static void
an_exact_path_beats_the_longest_prefix_beats_patterns_beats_any(void **state)
{
	struct fixture *f = *state;
	size_t any = add(f, "x", PATH_KIND_PREFIX, "");
	size_t second = add(f, "x", PATH_KIND_PATTERN, "^/v[0-9]+");
	size_t third = add(f, "x", PATH_KIND_PATTERN, "users$");
	size_t short_one = add(f, "x", PATH_KIND_PREFIX, "/a");
	size_t long_one = add(f, "x", PATH_KIND_PREFIX, "/a/b");
	size_t exact = add(f, "x", PATH_KIND_EXACT, "/a/b");

	assert_int_equal(find(f, "x", "/a/b"), exact);
	assert_int_equal(find(f, "x", "/a/b/"), long_one);
	assert_int_equal(find(f, "x", "/a/b/c"), long_one);
	assert_int_equal(find(f, "x", "/a/bc"), short_one);
	assert_int_equal(find(f, "x", "/a"), short_one);
	assert_int_equal(find(f, "x", "/ab"), any);
	assert_int_equal(find(f, "x", "/v7/users"), second);
	assert_int_equal(find(f, "x", "/vx/users"), third);
	assert_int_equal(find(f, "x", "/A"), any);
	assert_int_equal(find(f, "x", "*"), any);
	assert_int_equal(find(f, "y", "/a"), SIZE_MAX);
}

static void
patterns_keep_the_order_of_the_file_across_stems(void **state)
{
	struct fixture *f = *state;
	size_t a = add(f, "x", PATH_KIND_PATTERN, "^/api/v1/[a-z]+$");
	size_t b = add(f, "x", PATH_KIND_PATTERN, "[0-9]$");
	size_t c = add(f, "x", PATH_KIND_PATTERN, "^/api/.*");
	size_t d = add(f, "x", PATH_KIND_PATTERN, "^/api/v1/.*");

	assert_int_equal(find(f, "x", "/api/v1/abc"), a);
	assert_int_equal(find(f, "x", "/api/v1/ab1"), b);
	assert_int_equal(find(f, "x", "/api/v1/A"), c);
	assert_int_equal(find(f, "x", "/other/1"), b);
	assert_int_equal(find(f, "x", "/other"), SIZE_MAX);
	assert_true(d > c);
}

static void
more_asked_for_is_tried_first_and_gives_way(void **state)
{
	struct fixture *f = *state;
	const struct str get = STR("GET"), purge = STR("PURGE");
	const struct predicate beta = {STR_INIT("X-Beta"), PREDICATE_EXACT, STR_INIT("yes")};
	const struct predicate debug = {STR_INIT("debug"), PREDICATE_PRESENT, STR_INIT("")};
	struct rule rule = rule_of("x", PATH_KIND_PREFIX, "/a");
	size_t plain = add_rule(f, rule), other = add(f, NULL, PATH_KIND_ANY, NULL);
	size_t query, header, method, odd;
	struct request r;

	rule.queries = &debug;
	rule.n_queries = 1;
	query = add_rule(f, rule);
	rule = rule_of("x", PATH_KIND_PREFIX, "/a");
	rule.headers = &beta;
	rule.n_headers = 1;
	header = add_rule(f, rule);
	rule.n_headers = 0;
	rule.methods = &get;
	rule.n_methods = 1;
	method = add_rule(f, rule);
	rule.path = STR("/a/b");
	rule.methods = &purge;
	odd = add_rule(f, rule);

	request_init(&r, "POST", "x", "/a/b", NULL, f->scratch);
	assert_int_equal(find_request(f, &r), plain);
	r.head.query = STR("a=1&debug");
	assert_int_equal(find_request(f, &r), query);
	request_add(&r, "X-BETA", "no");
	assert_int_equal(find_request(f, &r), query);
	request_add(&r, "x-beta", "yes");
	assert_int_equal(find_request(f, &r), header);
	r.head.method = METHOD_GET;
	r.head.method_text = STR("GET");
	assert_int_equal(find_request(f, &r), method);
	r.head.method = METHOD_OTHER;
	r.head.method_text = STR("purge");
	assert_int_equal(find_request(f, &r), header);
	r.head.method_text = STR("PURGE");
	assert_int_equal(find_request(f, &r), odd);
	assert_int_equal(find(f, "x", "/b"), other);
}

static void
refuses_duplicates_and_bad_patterns(void **state)
{
	struct fixture *f = *state;
	const struct str both[] = {STR_INIT("GET"), STR_INIT("POST")};
	const struct str swapped[] = {STR_INIT("POST"), STR_INIT("GET"), STR_INIT("POST")};
	const struct predicate bad = {STR_INIT("X-Beta"), PREDICATE_PATTERN, STR_INIT("a(b")};
	struct rule rule = rule_of("x", PATH_KIND_PREFIX, "");
	struct pattern_error e = {0};
	const struct route *duplicate;
	size_t first;

	rule.methods = both;
	rule.n_methods = 2;
	first = add_rule(f, rule);
	rule.methods = swapped;
	rule.n_methods = 3;
	rule.path_kind = PATH_KIND_ANY; /* the same as a prefix of nothing */
	assert_false(table_builder_add(f->b, &rule, &e, &duplicate));
	assert_ptr_equal(duplicate, &f->routes[first]);
	rule.n_methods = 1;
	(void)add_rule(f, rule);
	rule.headers = &bad;
	rule.n_headers = 1;
	assert_false(table_builder_add(f->b, &rule, &e, &duplicate));
	assert_null(duplicate);
	assert_int_equal(e.offset, 3);
	assert_string_equal(e.text, "header \"X-Beta\": missing closing parenthesis");
	rule = rule_of("x", PATH_KIND_PATTERN, "^/a(b");
	assert_false(table_builder_add(f->b, &rule, &e, &duplicate));
	assert_string_equal(e.text, "missing closing parenthesis");
}

/* Everything explain says, a line a visit: "number reason", the winner with a star. */
struct told {
	char text[2048];
	size_t len, visits, wins;
	size_t winner;
};

static void
told_visit(void *arg, const struct route *route, bool won, const char *why)
{
	struct told *told = arg;

	told->visits++;
	told->wins += won;
	if (won)
		told->winner = route->number;
	if (told->len < sizeof(told->text) / 2)
		told->len +=
		    (size_t)snprintf(told->text + told->len, sizeof(told->text) - told->len,
			"%zu%s %s\n", route->number, won ? "*" : "", why);
}

static void
explains_each_candidate_in_order(void **state)
{
	struct fixture *f = *state;
	const struct str methods[] = {STR_INIT("GET"), STR_INIT("PURGE")};
	const struct predicate beta = {STR_INIT("X-Beta"), PREDICATE_EXACT, STR_INIT("yes")};
	const struct predicate page = {STR_INIT("page"), PREDICATE_PATTERN, STR_INIT("^[0-9]+$")};
	const uint32_t listener = 7;
	struct told told = {0};
	struct rule rule;
	struct request r;

	(void)add(f, "api.example.com", PATH_KIND_PREFIX, "/shop.Orders");
	(void)add(f, "api.example.com", PATH_KIND_PREFIX, "/v1");
	(void)add(f, "*.example.com", PATH_KIND_PREFIX, "/v1");
	(void)add(f, "www.example.com", PATH_KIND_ANY, NULL);
	rule = rule_of("api.example.com", PATH_KIND_PREFIX, "/v1");
	rule.headers = &beta;
	rule.n_headers = 1;
	(void)add_rule(f, rule);
	rule = rule_of("api.example.com", PATH_KIND_EXACT, "/v1/cart");
	rule.methods = methods;
	rule.n_methods = 2;
	(void)add_rule(f, rule);
	rule = rule_of("api.example.com", PATH_KIND_PREFIX, "/v1/cart");
	rule.queries = &page;
	rule.n_queries = 1;
	(void)add_rule(f, rule);
	rule = rule_of("api.example.com", PATH_KIND_EXACT, "/v1/cart");
	rule.listeners = &listener;
	rule.n_listeners = 1;
	(void)add_rule(f, rule);
	(void)add(f, "api.example.com", PATH_KIND_EXACT, "/v1/cart/x");
	(void)add(f, "api.example.com", PATH_KIND_PATTERN, "^/v[0-9]+/shop$");
	request_init(&r, "POST", "api.example.com", "/v1/cart", "page=x", f->scratch);
	assert_int_equal(find_request(f, &r), 1);
	table_explain(f->t, &r.q, 100, told_visit, &told);
	assert_string_equal(told.text, "5 method is not GET or PURGE\n"
				       "7 it is for another listener\n"
				       "6 query parameter \"page\" does not match \"^[0-9]+$\"\n"
				       "4 header \"X-Beta\" is missing\n"
				       "1* more specific than any other match\n"
				       "2 less specific than the winner\n"
				       "8 path ends too early\n"
				       "9 path does not match the pattern\n"
				       "0 path differs at \"/v\"\n"
				       "3 host is not \"www.example.com\"\n");
	told = (struct told){0};
	request_add(&r, "x-beta", "no");
	table_explain(f->t, &r.q, 2, told_visit, &told);
	assert_string_equal(told.text, "5 method is not GET or PURGE\n"
				       "1* more specific than any other match\n");
	told = (struct told){0};
	request_init(&r, "GET", "ap.example.org", "/", NULL, f->scratch);
	table_explain(f->t, &r.q, 1, told_visit, &told);
	assert_int_equal(told.visits, 1);
	assert_int_equal(told.wins, 0);
	table_explain(f->t, &r.q, 0, told_visit, &told);
	assert_int_equal(told.visits, 1);
}

/* Random rules and requests over a small world, where everything collides with everything. */
static uint64_t dice = 88172645463325252u;

static size_t
roll(size_t sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (size_t)(dice >> 11) % sides;
}

#define PICK(a) ((a)[roll(nelem(a))])

static const char *const rule_hosts[] = {NULL, "x", "a.x", "b.a.x", "*.x", "*.a.x", "*.b.a.x"};
static const char *const hosts[] = {"", "x", "A.X", "a.x.", "b.a.x", "c.b.a.x", "c.a.x", "y", "xx"};
static const char *const paths[] = {"/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/ab/c", "/a//b",
    "*", "/v1/a", "/v12/a", "/a/b/c/d"};
static const char *const prefixes[] = {"", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/v1"};
static const char *const patterns[] = {"^/a", "^/a/", "^/a/b.*", "b", "^/v[0-9]+/", "^/v1", "c$",
    "^/(a|v1)/", "^/a|c", "^/ab?", "^\\/a\\/b$", "^/[a]b"};
static const char *const names[] = {"X-A", "x-a", "Accept", "accept", "X-B"};
static const char *const values[] = {"1", "2", "3", "4", "", "11"};
static const char *const value_patterns[] = {"^1", "2|3", "^$"};
static const char *const methods[] = {"GET", "HEAD", "POST", "PURGE", "get"};
static const char *const queries[] = {
    NULL, "", "a", "a=1", "a=2&b=1", "b=&a=1", "a=1=2", "&&b", "A=1", "a=11&a=2"};
static const char *const parameters[] = {"a", "b", "A"};

/* A rule and the memory behind it. */
struct world_rule {
	struct str methods[FACTS_MAX];
	struct predicate headers[FACTS_MAX], queries[FACTS_MAX];
	uint32_t listeners[FACTS_MAX];
};

static size_t
roll_predicates(struct predicate *v, const char *const *from, size_t n_from)
{
	size_t n = roll(3) ? roll(FACTS_MAX) : 1;

	for (size_t i = 0; i < n; i++) {
		v[i].name = str_from(from[roll(n_from)]);
		v[i].kind = roll(4) ? PREDICATE_EXACT : (enum predicate_kind)roll(3);
		v[i].value =
		    str_from(v[i].kind == PREDICATE_PATTERN ? PICK(value_patterns) : PICK(values));
	}
	return n;
}

static void
roll_rule(struct rule *rule, struct world_rule *memory, bool crowded)
{
	*rule = (struct rule){
	    .host = str_from(crowded ? "x" : PICK(rule_hosts)),
	    .path_kind = crowded ? PATH_KIND_PREFIX : (enum path_kind)roll(4),
	    .methods = memory->methods,
	    .headers = memory->headers,
	    .queries = memory->queries,
	    .listeners = memory->listeners,
	};
	if (rule->path_kind == PATH_KIND_EXACT)
		rule->path = str_from(PICK(paths));
	else if (rule->path_kind == PATH_KIND_PREFIX)
		rule->path = str_from(crowded ? "/a" : PICK(prefixes));
	else if (rule->path_kind == PATH_KIND_PATTERN)
		rule->path = str_from(PICK(patterns));
	if (roll(3) == 0)
		rule->n_methods = roll(FACTS_MAX);
	for (size_t i = 0; i < rule->n_methods; i++)
		memory->methods[i] = str_from(PICK(methods));
	if (roll(3) == 0)
		rule->n_listeners = roll(FACTS_MAX);
	for (size_t i = 0; i < rule->n_listeners; i++)
		memory->listeners[i] = (uint32_t)roll(3);
	if (crowded || roll(3) == 0)
		rule->n_headers = roll_predicates(memory->headers, names, nelem(names));
	if (roll(4) == 0)
		rule->n_queries = roll_predicates(memory->queries, parameters, nelem(parameters));
}

static void
roll_request(struct request *r, bool crowded, struct match_scratch *scratch)
{
	size_t n = roll(5);

	request_init(r, PICK(methods), crowded ? "x" : PICK(hosts), crowded ? "/a/b" : PICK(paths),
	    PICK(queries), scratch);
	r->q.listener = (uint32_t)roll(3);
	for (size_t i = 0; i < n; i++)
		request_add(r, PICK(names), PICK(values));
}

enum { WORLD_RULES = 48, WORLDS = 400, WORLD_REQUESTS = 60 };

static void
check_request(const struct table *t, const struct rule *rules, size_t n, const struct request *r)
{
	size_t want = naive_find(rules, n, &r->q), limit = 1 + roll(5);
	struct route *got = table_find(t, &r->q);
	struct told told = {0}, few = {0};

	if (want == n)
		assert_null(got);
	else
		assert_ptr_equal(got, rules[want].route);
	table_explain(t, &r->q, 2 * n, told_visit, &told);
	assert_int_equal(told.visits, n); /* each is told of, and told of once */
	assert_int_equal(told.wins, want < n);
	table_explain(t, &r->q, limit, told_visit, &few);
	assert_in_range(few.visits, n < limit ? n : limit, limit);
	assert_int_equal(few.wins, want < n);
	if (want < n) {
		assert_int_equal(told.winner, got->number);
		assert_int_equal(few.winner, got->number);
	}
}

static void
check_world(struct match_scratch *scratch, bool crowded)
{
	struct table_builder *b = table_builder_new();
	struct world_rule *memory = xcalloc(WORLD_RULES, sizeof(*memory));
	struct rule *rules = xcalloc(WORLD_RULES, sizeof(*rules));
	struct route *routes = xcalloc(WORLD_RULES, sizeof(*routes));
	struct request r;
	struct table *t;
	size_t n = 0;

	for (size_t i = 0; i < WORLD_RULES; i++) {
		const struct route *duplicate;
		struct pattern_error e;
		size_t first = 0;

		roll_rule(&rules[n], &memory[n], crowded);
		routes[n].number = n;
		rules[n].route = &routes[n];
		while (first < n && !naive_duplicate(&rules[first], &rules[n]))
			first++;
		if (first < n) {
			assert_false(table_builder_add(b, &rules[n], &e, &duplicate));
			assert_ptr_equal(duplicate, rules[first].route);
			continue;
		}
		assert_true(table_builder_add(b, &rules[n], &e, &duplicate));
		n++;
	}
	t = table_builder_done(&b);
	for (size_t i = 0; i < WORLD_REQUESTS; i++) {
		roll_request(&r, crowded, scratch);
		check_request(t, rules, n, &r);
	}
	table_free(&t);
	free(memory);
	free(rules);
	free(routes);
}

static void
agrees_with_the_naive_reading(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < WORLDS; i++)
		check_world(f->scratch, i % 4 == 0);
}

/* 100,000 routes. Times and sizes are printed; only the answers are asserted. */
enum scale_shape { SCALE_HOSTS, SCALE_PREFIXES, SCALE_MIXED, SCALE_HEADERS };
enum { SCALE_ROUTES = 100 * 1000, SCALE_FINDS = 1000 * 1000, SCALE_FEW = 10 };

static void
scale_name(enum scale_shape shape, size_t i, char host[64], char path[64])
{
	switch (shape) {
	case SCALE_HOSTS:
		snprintf(host, 64, "shop-%zu.example.com", i);
		snprintf(path, 64, "/api");
		break;
	case SCALE_PREFIXES:
		snprintf(host, 64, "www.example.com");
		snprintf(path, 64, "/service/%zu/item-%zu", i % 300, i);
		break;
	case SCALE_MIXED:
		snprintf(host, 64, "%s-%zu.example.com", i % 2 ? "shop" : "api", i % 1000);
		snprintf(path, 64, "/v%zu/%zu", i % 3, i);
		break;
	case SCALE_HEADERS:
		snprintf(host, 64, "www.example.com");
		snprintf(path, 64, "/");
		break;
	}
}

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct table *
scale_build(enum scale_shape shape, size_t n, struct route *routes)
{
	struct table_builder *b = table_builder_new();
	char host[64], path[64], value[32];
	struct pattern_error e;
	const struct route *duplicate;

	for (size_t i = 0; i < n; i++) {
		struct predicate tenant = {STR_INIT("X-Tenant"), PREDICATE_EXACT, STR_INIT("")};
		struct rule rule = {.route = &routes[i], .path_kind = PATH_KIND_PREFIX};

		scale_name(shape, i, host, path);
		snprintf(value, sizeof(value), "%zu", i);
		tenant.value = str_from(value);
		rule.host = str_from(host);
		rule.path = str_from(path);
		if (shape == SCALE_HEADERS) {
			rule.headers = &tenant;
			rule.n_headers = 1;
		}
		routes[i].number = i;
		assert_true(table_builder_add(b, &rule, &e, &duplicate));
	}
	return table_builder_done(&b);
}

static double
scale_find(const struct table *t, enum scale_shape shape, size_t n, size_t finds)
{
	char host[64], path[64], longer[64 + 16], value[32];
	double spent = 0;
	struct request r;

	for (size_t k = 0; k < finds; k++) {
		size_t i = (k * 7919) % n;
		struct route *route;
		double start;

		if (k % 64 == 0) { /* the clock and the names are not what is measured */
			scale_name(shape, i, host, path);
			snprintf(value, sizeof(value), "%zu", i);
			request_init(&r, "GET", host, path, NULL, NULL);
			if (shape == SCALE_HEADERS)
				request_add(&r, "x-tenant", value);
			snprintf(longer, sizeof(longer), "%s/and/more", path);
			r.head.path = str_from(shape == SCALE_HEADERS ? path : longer);
			start = seconds();
			route = table_find(t, &r.q);
			for (size_t again = 1; again < 64; again++)
				route = table_find(t, &r.q);
			spent += seconds() - start;
			assert_non_null(route);
			assert_int_equal(route->number, i);
		}
	}
	return spent / (double)finds * 1e9;
}

static void
finds_among_100000_what_it_finds_among_10(void **state)
{
	static const char *const shapes[] = {"hosts", "prefixes", "mixed", "one header's values"};
	struct route *routes = xcalloc(SCALE_ROUTES, sizeof(*routes));

	(void)state;
	for (size_t shape = 0; shape < nelem(shapes); shape++) {
		struct table *few = scale_build((enum scale_shape)shape, SCALE_FEW, routes);
		double few_ns = scale_find(few, (enum scale_shape)shape, SCALE_FEW, SCALE_FINDS),
		       ns, built;
		size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
		double start = seconds();
		struct table *t = scale_build((enum scale_shape)shape, SCALE_ROUTES, routes);

		built = seconds() - start;
		ns = scale_find(t, (enum scale_shape)shape, SCALE_ROUTES, SCALE_FINDS);
		print_message("# 100,000 routes by %s: built in %.0f ms, %.1f MB, %.0f ns a find "
			      "(10 routes: %.0f ns)\n",
		    shapes[shape], built * 1e3,
		    (double)(mallinfo2().uordblks + mallinfo2().hblkhd - before) / 1e6, ns, few_ns);
		table_free(&few);
		table_free(&t);
	}
	free(routes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		an_exact_host_beats_the_longest_suffix_beats_any, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_exact_path_beats_the_longest_prefix_beats_patterns_beats_any, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		patterns_keep_the_order_of_the_file_across_stems, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		more_asked_for_is_tried_first_and_gives_way, setup, teardown),
	    cmocka_unit_test_setup_teardown(refuses_duplicates_and_bad_patterns, setup, teardown),
	    cmocka_unit_test_setup_teardown(explains_each_candidate_in_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(agrees_with_the_naive_reading, setup, teardown),
	    cmocka_unit_test(finds_among_100000_what_it_finds_among_10),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
