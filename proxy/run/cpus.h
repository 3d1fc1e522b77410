/* cpus - how many processors this process may use: by affinity and by the cgroup's quota. */
#ifndef RUN_CPUS_H
#define RUN_CPUS_H

#include "base/base.h"

uint32_t cpus_allowed(void); /* at least 1 */

#endif
