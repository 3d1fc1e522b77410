#include "run/process.h"

#include <sys/resource.h>
#include <unistd.h>

enum { PROCESS_NICE = 10 }; /* of the control thread, once the workers run */

/* One descriptor each for client and endpoint: the soft limit of 1024 helps nobody. */
void
process_raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files); /* works with fewer, too */
	}
}

/* Where the control thread shares a processor with a worker, the worker goes first: a reload must
 * not be felt by requests. Threads have a niceness of their own; the workers exist already. */
void
process_step_back(void)
{
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), PROCESS_NICE); /* only slower without */
}
