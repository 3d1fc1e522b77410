/* expose - the metrics as Prometheus text (0.0.4) into a growing buffer, on the control thread. The
 * rows are one table: from it come /metrics, and weir-metrics(7) is tested against it. */
#ifndef OBSERVE_EXPOSE_H
#define OBSERVE_EXPOSE_H

#include "observe/expose_input.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
struct metric_row {
	const char *name; /* as shown */
	enum metric_type type;
	const char *labels; /* as in the manual: "route, method, code"; "": none */
	const char *help;
};
/* NULL: there are no more. */
const struct metric_row *metric_row(size_t i);

/* Returns malloc'd text and its length; the caller frees. At most EXPOSE_ROUTES routes get a label
 * of their own, the rest are summed under "_rest"; "_none" is requests without a route. What was
 * never used is not shown. */
enum { EXPOSE_ROUTES = 500 };
char *expose_text(const struct expose_input *in, size_t *len);

#endif
