#include "observe/show.h"

#include "io/tls_conn.h"

#include <inttypes.h>

enum { US_PER_S = 1000000, US_DIGITS = 6 };

/* ---- numbers and labels ---- */

static void
put_seconds(FILE *out, uint64_t us)
{
	int len = US_DIGITS;
	uint64_t part = us % US_PER_S;

	fprintf(out, "%" PRIu64, us / US_PER_S);
	if (part == 0)
		return;
	for (; part % 10 == 0; part /= 10)
		len--;
	fprintf(out, ".%0*" PRIu64, len, part);
}

/* name="value", with the escapes of the text format. */
static void
put_label(FILE *out, const char *name, struct str value)
{
	fprintf(out, "%s=\"", name);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (c == '\\' || c == '"')
			putc('\\', out);
		if (c == '\n')
			fputs("\\n", out);
		else
			putc(c, out);
	}
	putc('"', out);
}

static void
put_series_labels(FILE *out, const struct series *s)
{
	const struct meter *m = s->v[0];

	switch (m->kind) {
	case METER_LISTENER:
		put_label(out, "listener", m->label);
		break;
	case METER_ROUTE:
		put_label(out, "route", s->rest ? STR("_rest") : m->label);
		break;
	case METER_BACKEND:
		put_label(out, "backend", m->label);
		break;
	case METER_ENDPOINT:
		put_label(out, "backend", m->label);
		putc(',', out);
		put_label(out, "endpoint", m->label2);
		break;
	case METER_WORKER: /* shown by show_worker */
	case METER_KINDS:
		ASSERT(false);
	}
}

/* Key 0 is also what found no slot of its own; but for a fault that is the one of no fault. */
static void
put_key_labels(FILE *out, enum key_form form, uint32_t key)
{
	uint32_t status = key % STATS_STATUS_MAX;

	if (form == KEY_WHY && key < FAULT_COUNT) {
		put_label(out, "why", fault_row((enum fault)key)->word);
		return;
	}
	if (form == KEY_WHY) { /* the status of an answer that was tried again */
		fprintf(out, "why=\"%u\"", key);
		return;
	}
	if (form == KEY_TLS_REASON) {
		put_label(out, "reason", tls_failure_word((enum tls_failure)key));
		return;
	}
	if (form == KEY_GRPC) {
		put_label(out, "grpc_status", grpc_status_word((enum grpc_status)key));
		return;
	}
	if (form == KEY_TLS) {
		fprintf(out, "version=\"%s\",resumed=\"%d\"", key & STATS_TLS_13 ? "1.3" : "1.2",
		    (key & STATS_TLS_RESUMED) != 0);
		return;
	}
	if (form == KEY_METHOD_CODE) {
		put_label(out, "method", method_name((enum method)(key / STATS_STATUS_MAX)));
		putc(',', out);
	}
	if (status == 0)
		fputs("code=\"other\"", out);
	else
		fprintf(out, "code=\"%u\"", status);
}

/* The start of a line: the name, a suffix, and the labels up to where more may follow. */
static void
put_start(struct page *p, const struct metric *m, const char *suffix, const struct series *s)
{
	fprintf(p->out, "%s%s{", m->row.name, suffix);
	put_series_labels(p->out, s);
}

/* ---- how a row is shown ---- */

#define EACH_SERIES(p, m, s) for (size_t i_ = 0; series_next(&(p)->lists[(m)->kind], &i_, (s));)

void
show_counter(struct page *p, const struct metric *m)
{
	struct series s;

	EACH_SERIES(p, m, &s) {
		put_start(p, m, "", &s);
		fprintf(p->out, "} %" PRIu64 "\n", series_sum(&s, m->at));
	}
}

/* What came less what went, read in the other order since both move on. */
void
show_difference(struct page *p, const struct metric *m)
{
	struct series s;

	EACH_SERIES(p, m, &s) {
		uint64_t went = series_sum(&s, m->at2);
		uint64_t came = series_sum(&s, m->at);

		put_start(p, m, "", &s);
		fprintf(p->out, "} %" PRIu64 "\n", came > went ? came - went : 0);
	}
}

void
show_directions(struct page *p, const struct metric *m)
{
	struct series s;

	EACH_SERIES(p, m, &s) {
		put_start(p, m, "", &s);
		fprintf(p->out, ",direction=\"in\"} %" PRIu64 "\n", series_sum(&s, m->at));
		put_start(p, m, "", &s);
		fprintf(p->out, ",direction=\"out\"} %" PRIu64 "\n", series_sum(&s, m->at2));
	}
}

void
show_histogram(struct page *p, const struct metric *m)
{
	struct series s;

	EACH_SERIES(p, m, &s) {
		size_t at = m->at + offsetof(struct histogram, buckets);
		uint64_t n = 0;

		for (size_t i = 0; i <= METRIC_BUCKETS; i++) {
			n += series_sum(&s, at + i * sizeof(uint64_t));
			put_start(p, m, "_bucket", &s);
			fputs(",le=\"", p->out);
			if (i < METRIC_BUCKETS)
				put_seconds(p->out, metric_bucket_us[i]);
			else
				fputs("+Inf", p->out);
			fprintf(p->out, "\"} %" PRIu64 "\n", n);
		}
		put_start(p, m, "_sum", &s);
		fputs("} ", p->out);
		put_seconds(p->out, series_sum(&s, m->at + offsetof(struct histogram, sum_us)));
		putc('\n', p->out);
		put_start(p, m, "_count", &s);
		fprintf(p->out, "} %" PRIu64 "\n", n);
	}
}

static void
put_keys(struct page *p, const struct metric *m, const struct series *s, const struct key_sums *k)
{
	for (size_t i = 0; i < k->n; i++) {
		if (s != NULL)
			put_start(p, m, "", s);
		else
			fprintf(p->out, "%s{route=\"_none\"", m->row.name);
		putc(',', p->out);
		if (m->also != NULL)
			fprintf(p->out, "%s,", m->also);
		put_key_labels(p->out, m->key, k->v[i].key);
		fprintf(p->out, "} %" PRIu64 "\n", k->v[i].count);
	}
}

void
show_keys(struct page *p, const struct metric *m)
{
	struct series s;

	EACH_SERIES(p, m, &s) {
		struct key_sums k = {0};

		series_keys(&s, m->at, &k);
		put_keys(p, m, &s, &k);
		key_sums_free(&k);
	}
}

/* And what met no route, which the listeners counted (at2), under one label. */
void
show_route_keys(struct page *p, const struct metric *m)
{
	struct key_sums k = {0};
	struct series s;

	show_keys(p, m);
	for (size_t i = 0; series_next(&p->lists[METER_LISTENER], &i, &s);)
		series_keys(&s, m->at2, &k);
	put_keys(p, m, NULL, &k);
	key_sums_free(&k);
}

static void
put_value(struct page *p, uint64_t value, enum unit unit)
{
	if (unit == UNIT_MILLIONTH)
		put_seconds(p->out, value);
	else
		fprintf(p->out, "%" PRIu64, value);
	putc('\n', p->out);
}

static uint64_t
member(const void *block, size_t at)
{
	return COUNTER_READ(*(const uint64_t *)(const void *)((const char *)block + at));
}

/* One line a worker, less at2 if there is one. */
void
show_workers(struct page *p, const struct metric *m)
{
	const struct series_list *l = &p->lists[METER_WORKER];

	for (size_t i = 0; i < l->n; i++)
		for (uint32_t w = 0; w < l->workers; w++) {
			const void *b = series_block(l->v[i], w);
			uint64_t less;

			if (b == NULL)
				continue;
			less = m->at2 != 0 ? member(b, m->at2) : 0;
			fprintf(p->out, "%s{worker=\"%" PRIu32 "\"} ", m->row.name, w);
			put_value(p, member(b, m->at) - less, m->unit);
		}
}

void
show_input(struct page *p, const struct metric *m)
{
	fputs(m->row.name, p->out);
	if (m->also != NULL)
		fprintf(p->out, "{%s}", m->also);
	putc(' ', p->out);
	put_value(p, member(p->in, m->at), m->unit);
}

void
show_process(struct page *p, const struct metric *m)
{
	fprintf(p->out, "%s ", m->row.name);
	put_value(p, member(&p->process, m->at), m->unit);
}

void
show_build(struct page *p, const struct metric *m)
{
	fprintf(p->out, "%s{version=\"%s\"} 1\n", m->row.name, WEIR_VERSION);
}

void
show_reloads(struct page *p, const struct metric *m)
{
	fprintf(p->out, "%s{result=\"ok\"} %" PRIu64 "\n", m->row.name, p->in->reloads_ok);
	fprintf(p->out, "%s{result=\"failed\"} %" PRIu64 "\n", m->row.name, p->in->reloads_failed);
}

void
show_last_reload(struct page *p, const struct metric *m)
{
	fprintf(p->out, "%s %d\n", m->row.name, p->in->last_reload_ok);
}

/* ---- gauges of endpoints, which somebody else knows ---- */

static void
expose_endpoint(void *out, const struct endpoint_sample *sample)
{
	struct page *p = out;

	fprintf(p->out, "%s{", p->metric->row.name);
	put_label(p->out, "backend", sample->backend);
	putc(',', p->out);
	put_label(p->out, "endpoint", sample->endpoint);
	if (sample->label != NULL)
		fprintf(p->out, ",%s=\"%s\"", sample->label, sample->word);
	fputs("} ", p->out);
	put_value(p, sample->value, p->metric->unit);
}

void
show_endpoints(struct page *p, const struct metric *m)
{
	p->metric = m;
	if (p->in->endpoints != NULL)
		p->in->endpoints(p->in->arg, (enum endpoint_gauge)m->at, expose_endpoint, p);
}

static void
expose_backend(void *out, struct str backend, const uint32_t *gauges)
{
	struct page *p = out;

	fprintf(p->out, "%s{", p->metric->row.name);
	put_label(p->out, "backend", backend);
	fprintf(p->out, "} %" PRIu32 "\n", gauges[p->metric->at]);
}

void
show_backends(struct page *p, const struct metric *m)
{
	p->metric = m;
	if (p->in->backends != NULL)
		p->in->backends(p->in->arg, expose_backend, p);
}

static void
put_name(struct page *p, const struct expose_name *n, const char *result)
{
	fprintf(p->out, "%s{", p->metric->row.name);
	put_label(p->out, n->file ? "file" : "name", n->name);
	fprintf(p->out, "%s%s%s} ", result != NULL ? ",result=\"" : "",
	    result != NULL ? result : "", result != NULL ? "\"" : "");
}

static void
expose_name(void *out, const struct expose_name *n)
{
	struct page *p = out;

	if (n->file != (p->metric->at >= FILE_READS))
		return;
	switch ((enum name_number)p->metric->at) {
	case NAME_LOOKUPS:
	case FILE_READS:
		put_name(p, n, "found");
		fprintf(p->out, "%" PRIu64 "\n", n->found);
		put_name(p, n, "failed");
		fprintf(p->out, "%" PRIu64 "\n", n->failed);
		break;
	case NAME_AGE:
		if (n->age_us == UINT64_MAX)
			break;
		put_name(p, n, NULL);
		fprintf(p->out, "%.3f\n", (double)n->age_us / US_PER_S);
		break;
	case FILE_WRONG:
		put_name(p, n, NULL);
		fprintf(p->out, "%d\n", n->wrong);
		break;
	case NAME_ADDRESSES:
	case FILE_ENDPOINTS:
		put_name(p, n, NULL);
		fprintf(p->out, "%" PRIu32 "\n", n->addresses);
		break;
	}
}

void
show_names(struct page *p, const struct metric *m)
{
	p->metric = m;
	if (p->in->names != NULL)
		p->in->names(p->in->arg, expose_name, p);
}

static void
expose_cert(void *out, const struct expose_cert *cert)
{
	struct page *p = out;

	fprintf(p->out, "%s{", p->metric->row.name);
	put_label(p->out, "host", cert->host);
	fputs(",", p->out);
	put_label(p->out, "serial", cert->serial);
	fprintf(p->out, "} %" PRId64 "\n", cert->not_after);
}

void
show_certs(struct page *p, const struct metric *m)
{
	p->metric = m;
	if (p->in->certs != NULL)
		p->in->certs(p->in->arg, expose_cert, p);
}
