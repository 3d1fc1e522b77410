/* show - how one row of the metrics becomes lines of Prometheus text. A row says which function
 * shows it and where its numbers are. Only for expose.c, which has the table. */
#ifndef OBSERVE_SHOW_H
#define OBSERVE_SHOW_H

#include <stdio.h>

#include "observe/expose.h"
#include "observe/process.h"
#include "observe/series.h"

struct page {
	FILE *out;
	const struct expose_input *in;
	struct process_facts process;
	struct series_list lists[METER_KINDS];
	const struct metric *metric; /* the row being shown */
};

enum unit { UNIT_ONE, UNIT_MILLIONTH };
enum key_form { KEY_WHY, KEY_CODE, KEY_METHOD_CODE, KEY_TLS, KEY_TLS_REASON, KEY_GRPC };

struct metric {
	struct metric_row row;
	void (*show)(struct page *p, const struct metric *m);
	enum meter_kind kind;
	size_t at, at2; /* members of the kind's struct, or of expose_input or process_facts */
	enum key_form key;
	enum unit unit;
	const char *also; /* a label that is always the same, as text; NULL */
};

/* Those of names, and from FILE_READS on those of files. */
enum name_number { NAME_LOOKUPS, NAME_AGE, NAME_ADDRESSES, FILE_READS, FILE_WRONG, FILE_ENDPOINTS };

void show_build(struct page *p, const struct metric *m);
void show_counter(struct page *p, const struct metric *m);
void show_difference(struct page *p, const struct metric *m);
void show_directions(struct page *p, const struct metric *m);
void show_histogram(struct page *p, const struct metric *m);
void show_keys(struct page *p, const struct metric *m);
void show_route_keys(struct page *p, const struct metric *m);
void show_workers(struct page *p, const struct metric *m);
void show_input(struct page *p, const struct metric *m);
void show_process(struct page *p, const struct metric *m);
void show_reloads(struct page *p, const struct metric *m);
void show_last_reload(struct page *p, const struct metric *m);
void show_endpoints(struct page *p, const struct metric *m);
void show_backends(struct page *p, const struct metric *m);
void show_names(struct page *p, const struct metric *m);
void show_certs(struct page *p, const struct metric *m);

#endif
