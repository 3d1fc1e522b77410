/* expose - the metrics as Prometheus text (0.0.4) into a growing buffer, on the control thread. */
#ifndef OBSERVE_EXPOSE_H
#define OBSERVE_EXPOSE_H

#include "observe/stats.h"

struct expose_input {
	struct meters *meters;
	uint32_t workers;
	uint64_t started_wall_us;
	uint64_t reloads_ok, reloads_failed, last_reload_wall_us, generation;
	bool last_reload_ok;
	uint64_t log_dropped;
	/* gauges per endpoint come from whoever knows the endpoints */
	void (*endpoints)(void *arg,
	    void (*one)(void *out, struct str backend, struct str endpoint, uint32_t up,
		uint32_t weight, uint32_t in_flight, uint32_t conns),
	    void *out);
	void *arg;
};

/* Returns malloc'd text and its length; the caller frees. At most 500 routes get a label of their
 * own, the rest are summed under "_rest". */
char *expose_text(const struct expose_input *in, size_t *len);

#endif
