#include "run/process.h"

#include "base/base.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	PROCESS_NICE = 10,                    /* of the control thread, once the workers run */
	PROCESS_HEAP = 24 * 1024 * 1024,      /* bytes a worker's heap begins with, untouched */
	PROCESS_SPARE = 32 * 1024 * 1024 - 1, /* free bytes a heap keeps at its top */
};

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

void
process_tune_memory(void)
{
	(void)mallopt(M_TRIM_THRESHOLD, PROCESS_SPARE); /* other libcs do as they like */
	(void)mallopt(M_MMAP_THRESHOLD, PROCESS_SPARE);
}

void
process_warm_heap(void)
{
	void *volatile heap =
	    xmalloc(PROCESS_HEAP); /* volatile: the pair must not be optimised away */

	free(heap);
}
