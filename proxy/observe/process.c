#include "observe/process.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { US_PER_S = 1000000 };

static uint64_t
timeval_us(struct timeval t)
{
	return (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_usec;
}

static void
process_memory(struct process_facts *f)
{
	unsigned long long pages, resident;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	FILE *in = fopen("/proc/self/statm", "re");

	if (in == NULL)
		return;
	if (fscanf(in, "%llu %llu", &pages, &resident) == 2) {
		f->virtual_bytes = pages * page;
		f->resident_bytes = resident * page;
	}
	fclose(in);
}

/* From Linux 6.2 on the size of the directory is the answer; before, its entries are counted. */
static uint64_t
process_fds(void)
{
	static const char path[] = "/proc/self/fd";
	enum { NOT_OURS = 3 }; /* ".", ".." and the directory itself */
	struct stat st;
	uint64_t n = 0;
	DIR *d;

	if (stat(path, &st) == 0 && st.st_size > 0)
		return (uint64_t)st.st_size;
	d = opendir(path);
	if (d == NULL)
		return 0;
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n > NOT_OURS ? n - NOT_OURS : 0;
}

void
process_facts(struct process_facts *f)
{
	struct rusage usage;
	struct rlimit files;

	*f = (struct process_facts){.fds = process_fds()};
	process_memory(f);
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		f->cpu_us = timeval_us(usage.ru_utime) + timeval_us(usage.ru_stime);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		f->max_fds = files.rlim_cur;
}
