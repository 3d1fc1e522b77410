#include "config/print_value.h"

#include <stdlib.h>

static const void *
field(const struct schema_row *row, const void *base)
{
	return (const char *)base + row->offset;
}

/* Whether YAML reads it back as it is, also inside of brackets. */
static bool
text_is_plain(struct str s)
{
	static const char marks[] = "._/-:@%+=*~^";

	if (s.len == 0 || strchr("-:@%*=", s.p[0]) != NULL || s.p[s.len - 1] == ':')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		bool word =
		    (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!word && (c == '\0' || strchr(marks, c) == NULL))
			return false;
	}
	return true;
}

void
put_text(FILE *out, struct str s)
{
	if (text_is_plain(s)) {
		fwrite(s.p, 1, s.len, out);
		return;
	}
	putc('\'', out);
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\'')
			putc('\'', out);
		if (str_starts(str_of(s.p + i, s.len - i), STR("${")))
			putc('$', out); /* $${ is the text ${, not a variable */
		putc(s.p[i], out);
	}
	putc('\'', out);
}

static void
put_duration(FILE *out, uint64_t us)
{
	static const struct {
		uint64_t us;
		const char *unit;
	} units[] = {
	    {86400000000, "d"}, {3600000000, "h"}, {60000000, "m"}, {1000000, "s"}, {1000, "ms"}};

	for (size_t i = 0; i < nelem(units); i++)
		if (us % units[i].us == 0) {
			fprintf(
			    out, "%llu%s", (unsigned long long)(us / units[i].us), units[i].unit);
			return;
		}
}

static void
put_size(FILE *out, uint64_t bytes)
{
	static const char *const units[] = {"B", "KB", "MB", "GB"};
	size_t unit = 0;

	while (unit + 1 < nelem(units) && bytes > 0 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	fprintf(out, "%llu%s", (unsigned long long)bytes, units[unit]);
}

static void
put_address(FILE *out, const struct addr *a)
{
	char text[ADDR_TEXT];

	put_text(out, str_of(text, addr_text(a, text)));
}

static void
put_ranges(FILE *out, const struct model_cidrs *ranges)
{
	putc('[', out);
	for (size_t i = 0; i < ranges->n; i++) {
		char text[ADDR_TEXT];

		fputs(i ? ", " : "", out);
		put_text(out, str_of(text, cidr_text(&ranges->v[i], text)));
	}
	putc(']', out);
}

static void
put_servers(FILE *out, const struct model_dns *dns)
{
	putc('[', out);
	for (size_t i = 0; i < dns->n_servers; i++) {
		fputs(i ? ", " : "", out);
		put_address(out, &dns->servers[i]);
	}
	putc(']', out);
}

static void
put_arms(FILE *out, const struct model_arms *arms)
{
	if (arms->n == 1) {
		put_text(out, arms->v[0].backend);
		return;
	}
	for (size_t i = 0; i < arms->n; i++) {
		fputs(i ? ", " : "{", out);
		put_text(out, arms->v[i].backend);
		fprintf(out, ": %u", arms->v[i].weight);
	}
	putc('}', out);
}

static void
put_sni(FILE *out, const struct model_listener *l)
{
	for (size_t i = 0; i < l->n_sni; i++) {
		fputs(i ? ", " : "{", out);
		put_text(out, l->sni[i].host);
		fputs(": ", out);
		put_arms(out, &l->sni[i].to);
	}
	fputs(l->n_sni ? "}" : "", out);
}

static void
put_certs(FILE *out, const struct model_tls *tls)
{
	putc('[', out);
	for (size_t i = 0; i < tls->n_certs; i++) {
		const struct model_cert *c = &tls->certs[i];

		fputs(i ? ", {cert: " : "{cert: ", out);
		put_text(out, c->cert);
		fputs(c->key.p != NULL ? ", key: " : "", out);
		if (c->key.p != NULL)
			put_text(out, c->key);
		fputs(c->ocsp.p != NULL ? ", ocsp: " : "", out);
		if (c->ocsp.p != NULL)
			put_text(out, c->ocsp);
		putc('}', out);
	}
	putc(']', out);
}

static void
put_choice(FILE *out, const struct schema_row *row, const void *base)
{
	unsigned i = 0;

	if (row->size == sizeof(bool))
		i = *(const bool *)field(row, base);
	else if (row->size > 0)
		i = *(const unsigned *)field(row, base);
	fputs(row->words[i], out);
}

static void
put_hash_key(FILE *out, const struct model_backend *b)
{
	static const char *const words[] = {[HASH_CLIENT] = "client",
	    [HASH_PATH] = "path",
	    [HASH_HEADER] = "header ",
	    [HASH_COOKIE] = "cookie "};

	fprintf(out, "%s%.*s", words[b->hash_key], STR_FMT(b->hash_name));
}

static void
put_balance(FILE *out, const struct model_backend *b)
{
	const struct schema_row *rows = schema_balance.rows;

	if (b->balance != BALANCE_HASH) {
		put_choice(out, &rows[0], b);
		return;
	}
	fputs("{algorithm: hash, key: ", out);
	put_hash_key(out, b);
	fputs(", table: ", out);
	put_choice(out, schema_find(&schema_balance, STR("table")), b);
	if (b->hash_bound > 0)
		fprintf(out, ", bound: %u%%", b->hash_bound);
	putc('}', out);
}

void
put_endpoint(FILE *out, const struct model_endpoint *e)
{
	bool own = e->service || e->file; /* they have weights of their own */

	if (e->weight == 1 && e->priority == 0 && e->zone.len == 0 && !own) {
		put_text(out, e->text);
		return;
	}
	fputs(e->service ? "{srv: " : e->file ? "{file: " : "{address: ", out);
	put_text(out, e->text);
	if (!own)
		fprintf(out, ", weight: %u", e->weight);
	if (e->priority > 0)
		fprintf(out, ", priority: %u", e->priority);
	if (e->zone.len > 0) {
		fputs(", zone: ", out);
		put_text(out, e->zone);
	}
	putc('}', out);
}

static void
put_proxy(FILE *out, const struct model_listener *l)
{
	if (l->proxy_protocol)
		put_ranges(out, &l->proxy_from);
	else
		fputs("off", out);
}

static void
put_access(FILE *out, const struct model *m)
{
	switch (m->access) {
	case ACCESS_OFF:
		fputs("off", out);
		return;
	case ACCESS_STDOUT:
		fputs("stdout", out);
		return;
	case ACCESS_FILE:
		put_text(out, m->access_file);
		return;
	}
}

/* A number of a unit; zero may have a word of its own. */
static void
put_number(FILE *out, const struct schema_row *row, const void *base)
{
	uint64_t n = row->type == SCHEMA_DURATION || row->type == SCHEMA_SIZE
			 ? *(const uint64_t *)field(row, base)
			 : *(const uint32_t *)field(row, base);

	if (n == 0 && row->zero != NULL)
		fputs(row->zero, out);
	else if (row->type == SCHEMA_DURATION)
		put_duration(out, n);
	else if (row->type == SCHEMA_SIZE)
		put_size(out, n);
	else
		fprintf(
		    out, "%llu%s", (unsigned long long)n, row->type == SCHEMA_PERCENT ? "%" : "");
}

static void
put_set(FILE *out, const struct schema_row *row, const void *base)
{
	uint32_t set = *(const uint32_t *)field(row, base);
	const char *comma = "";

	putc('[', out);
	for (unsigned i = 0; row->words[i] != NULL; i++) {
		if ((set >> i & 1) == 0)
			continue;
		fprintf(out, "%s%s", comma, row->words[i]);
		comma = ", ";
	}
	putc(']', out);
}

static void
put_statuses(FILE *out, const struct statuses *set)
{
	const char *comma = "";

	putc('[', out);
	for (unsigned first = 0, last; statuses_next(set, &first, &last); first = last + 1) {
		fprintf(out, "%s%u", comma, first);
		if (last > first)
			fprintf(out, "-%u", last);
		comma = ", ";
	}
	putc(']', out);
}

static void
put_fields(FILE *out, const struct model_fields *fields)
{
	putc('{', out);
	for (size_t i = 0; i < fields->n; i++) {
		fputs(i ? ", " : "", out);
		put_text(out, fields->v[i].name);
		fputs(": ", out);
		put_text(out, fields->v[i].value);
	}
	putc('}', out);
}

static void
put_many(FILE *out, const struct schema_row *row, const void *base)
{
	if (row->type == SCHEMA_FIELDS)
		put_fields(out, field(row, base));
	else if (row->type == SCHEMA_SET)
		put_set(out, row, base);
	else
		put_statuses(out, field(row, base));
}

/* Whether there is anything to be seen: a default counts, and what may have been emptied. */
static bool
has_value(const struct schema_row *row, const void *base)
{
	const char *bytes = field(row, base);
	bool any = row->fallback != NULL || row->required || row->type == SCHEMA_SET ||
		   row->type == SCHEMA_DURATION || row->type == SCHEMA_STATUSES;

	for (size_t i = 0; i < row->size && !any; i++)
		any = bytes[i] != 0;
	return any;
}

/* A check that sends no request has nothing to say of one. */
static size_t
check_rows(const struct model_check *c)
{
	switch (c->ask.kind) {
	case ASK_OFF:
		return 1;
	case ASK_TCP:
		return (size_t)(schema_find(&schema_check, STR("host")) - schema_check.rows);
	case ASK_HTTP:
		break;
	}
	return schema_check.n;
}

/* All keys that have a value, on one line. */
static void
put_part(FILE *out, const struct schema_object *o, const void *base)
{
	size_t n = o == &schema_check ? check_rows(base) : o->n;
	const char *comma = "";

	if (o == &schema_balance) {
		put_balance(out, base);
		return;
	}
	putc('{', out);
	for (size_t i = 0; i < n; i++) {
		if (!has_value(&o->rows[i], base))
			continue;
		fprintf(out, "%s%s: ", comma, o->rows[i].key);
		put_value(out, &o->rows[i], base);
		comma = ", ";
	}
	putc('}', out);
}

static void
put_upstream_tls(FILE *out, const struct schema_row *row, const void *base)
{
	if (((const struct model_backend *)base)->tls.on)
		put_part(out, row->object, base);
	else
		fputs("off", out);
}

void
put_value(FILE *out, const struct schema_row *row, const void *base)
{
	switch (row->type) {
	case SCHEMA_NUMBER:
	case SCHEMA_DURATION:
	case SCHEMA_SIZE:
	case SCHEMA_PERCENT:
	case SCHEMA_WEIGHT:
		put_number(out, row, base);
		return;
	case SCHEMA_CHOICE:
		put_choice(out, row, base);
		return;
	case SCHEMA_NAME:
	case SCHEMA_LINE:
	case SCHEMA_TOKEN:
	case SCHEMA_ASK: /* begins with its text */
		put_text(out, *(const struct str *)field(row, base));
		return;
	case SCHEMA_PORT:
		fprintf(out, "%u", addr_port(field(row, base)));
		return;
	case SCHEMA_ADDRESS:
		put_address(out, field(row, base));
		return;
	case SCHEMA_RANGES:
		put_ranges(out, field(row, base));
		return;
	case SCHEMA_SERVERS:
		put_servers(out, &((const struct model *)base)->dns);
		return;
	case SCHEMA_PROXY:
		put_proxy(out, base);
		return;
	case SCHEMA_ACCESS:
		put_access(out, base);
		return;
	case SCHEMA_ARMS:
		put_arms(out, field(row, base));
		return;
	case SCHEMA_SNI:
		put_sni(out, base);
		return;
	case SCHEMA_TLS:
		put_upstream_tls(out, row, base);
		return;
	case SCHEMA_CERTS:
		put_certs(out, &((const struct model_listener *)base)->tls);
		return;
	case SCHEMA_MATCH:
		put_match(out, base);
		return;
	case SCHEMA_FIELDS:
	case SCHEMA_SET:
	case SCHEMA_STATUSES:
		put_many(out, row, base);
		return;
	case SCHEMA_PART:
	case SCHEMA_STRUCT:
		put_part(out, row->object, row->type == SCHEMA_PART ? base : field(row, base));
		return;
	case SCHEMA_VERSION:
		putc('1', out);
		return;
	case SCHEMA_LISTENERS:
	case SCHEMA_HOST:
	case SCHEMA_PATH:
	case SCHEMA_METHODS:
	case SCHEMA_HEADERS:
	case SCHEMA_QUERIES:
	case SCHEMA_ENDPOINT:
	case SCHEMA_SERVICE:
	case SCHEMA_ROSTER:
	case SCHEMA_HASH_KEY:
	case SCHEMA_MAP:
	case SCHEMA_LIST:
	case SCHEMA_FILES:
		return; /* parts of the above, or printed as blocks */
	}
}
