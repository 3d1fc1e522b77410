/* process - what the system knows about this process, under the names that all Prometheus clients
 * use for it. */
#ifndef OBSERVE_PROCESS_H
#define OBSERVE_PROCESS_H

#include "base/base.h"

struct process_facts {
	uint64_t cpu_us; /* user and system */
	uint64_t resident_bytes, virtual_bytes;
	uint64_t fds, max_fds;
};

/* What cannot be found out is 0. */
void process_facts(struct process_facts *f);

#endif
