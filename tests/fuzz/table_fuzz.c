/* table_fuzz - rules and requests from one text, a line each; any byte may stand anywhere:
 *
 *	+HOST KIND PATH METHOD HEADER VALUE PARAMETER VALUE	a rule (KIND: any, = or *)
 *	?HOST METHOD PATH QUERY HEADER VALUE			a request
 *
 * An empty word, or none, asks for nothing. Patterns are PCRE2's to fuzz. What find returns is what
 * explain says, and what the linear reading of the door says. */
#include "../unit/table_naive.h"

enum { RULES_MAX = 64, REQUESTS_MAX = 32 };

struct route {
	size_t number;
};

struct fuzz_rule {
	struct str method;
	struct predicate header, parameter;
};

struct fuzz_world {
	struct table_builder *b;
	struct rule rules[RULES_MAX];
	struct fuzz_rule memory[RULES_MAX];
	struct route routes[RULES_MAX];
	size_t n;
	struct match_scratch *scratch;
};

struct fuzz_told {
	const struct route *winner;
	size_t visits, wins;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str
fuzz_word(struct str *line)
{
	struct str word = STR_NONE;

	(void)str_cut(line, ' ', &word); /* none left: empty */
	return word;
}

static struct predicate
fuzz_predicate(struct str *line)
{
	struct predicate p = {.name = fuzz_word(line), .value = fuzz_word(line)};

	p.kind = p.value.len > 0 ? PREDICATE_EXACT : PREDICATE_PRESENT;
	return p;
}

static void
fuzz_lower(struct str s)
{
	char *p = (char *)(uintptr_t)s.p; /* a part of our own copy */

	for (size_t i = 0; i < s.len; i++)
		p[i] = naive_lower(p[i]);
}

static void
fuzz_add(struct fuzz_world *w, struct str line)
{
	struct rule *rule = &w->rules[w->n];
	struct fuzz_rule *memory = &w->memory[w->n];
	struct pattern_error e;
	const struct route *duplicate;
	size_t first = 0;
	struct str kind;
	bool added;

	*rule = (struct rule){.route = &w->routes[w->n], .host = fuzz_word(&line)};
	fuzz_lower(rule->host);
	while (
	    str_ends(rule->host, STR("."))) /* names the same host; the linear reading has none */
		rule->host.len--;
	kind = fuzz_word(&line);
	if (str_eq(kind, STR("=")))
		rule->path_kind = PATH_KIND_EXACT;
	else if (str_eq(kind, STR("*")))
		rule->path_kind = PATH_KIND_PREFIX;
	rule->path = fuzz_word(&line);
	if (rule->path_kind == PATH_KIND_ANY)
		rule->path = STR_NONE;
	memory->method = fuzz_word(&line);
	memory->header = fuzz_predicate(&line);
	memory->parameter = fuzz_predicate(&line);
	rule->methods = &memory->method;
	rule->n_methods = memory->method.len > 0;
	rule->headers = &memory->header;
	rule->n_headers = memory->header.name.len > 0;
	rule->queries = &memory->parameter;
	rule->n_queries = memory->parameter.name.len > 0;
	while (first < w->n && !naive_duplicate(&w->rules[first], rule))
		first++;
	added = table_builder_add(w->b, rule, &e, &duplicate);
	ASSERT(added == (first == w->n));
	ASSERT(added || duplicate == w->rules[first].route);
	w->n += added;
}

static void
fuzz_visit(void *arg, const struct route *route, bool won, const char *why)
{
	struct fuzz_told *told = arg;

	ASSERT(why != NULL);
	told->visits++;
	told->wins += won;
	if (won)
		told->winner = route;
}

static void
fuzz_ask(struct fuzz_world *w, const struct table *t, struct str line)
{
	struct fuzz_told told = {0};
	struct field field = {0};
	struct head head = {.host = fuzz_word(&line), .method_text = fuzz_word(&line)};
	struct table_query q = {.head = &head, .scratch = w->scratch};
	struct predicate header;
	struct route *got;
	size_t want;

	head.method = method_of(head.method_text);
	head.path = fuzz_word(&line);
	head.query = fuzz_word(&line);
	header = fuzz_predicate(&line);
	if (head.host.len > 512 || header.name.len > UINT16_MAX)
		return; /* the codec lets none of these in */
	field.name = header.name.p ? header.name.p : "";
	field.name_len = (uint16_t)header.name.len;
	field.value = header.value.p ? header.value.p : "";
	field.value_len = (uint32_t)header.value.len;
	field.id = (uint16_t)field_id_of(header.name);
	head.fields = (struct fields){.v = &field, .n = 1, .room = 1};
	head.fields.present = UINT64_C(1) << field.id;
	want = naive_find(w->rules, w->n, &q);
	got = table_find(t, &q);
	ASSERT(got == (want < w->n ? w->rules[want].route : NULL));
	table_explain(t, &q, RULES_MAX, fuzz_visit, &told);
	ASSERT(told.winner == got && told.wins == (got != NULL) && told.visits == w->n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_world w = {.b = table_builder_new(), .scratch = match_scratch_new()};
	char *copy = str_dup(str_of((const char *)data, size));
	struct str rest = str_of(copy, size), line;
	size_t asked = 0;
	struct table *t;

	while (w.n < RULES_MAX && str_cut(&rest, '\n', &line))
		if (line.len > 0 && line.p[0] == '+')
			fuzz_add(&w, str_of(line.p + 1, line.len - 1));
	t = table_builder_done(&w.b);
	rest = str_of(copy, size);
	while (asked < REQUESTS_MAX && str_cut(&rest, '\n', &line)) {
		if (line.len == 0 || line.p[0] != '?')
			continue;
		asked++;
		fuzz_ask(&w, t, str_of(line.p + 1, line.len - 1));
	}
	table_free(&t);
	match_scratch_free(&w.scratch);
	free(copy);
	return 0;
}
