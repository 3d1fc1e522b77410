#include "run/cpus.h"

#include <sched.h>
#include <stdio.h>

/* A quota of 150% is worth two workers: one would leave half a processor unused. */
static uint32_t
cpus_of_quota(double quota, double period)
{
	return quota > 0 && period > 0 ? (uint32_t)((quota + period - 1) / period) : UINT32_MAX;
}

static uint32_t
cpus_by_cgroup(void)
{
	double quota = 0, period = 0;
	FILE *f =
	    fopen("/sys/fs/cgroup/cpu.max", "re"); /* version 2: "max 100000", "150000 100000" */

	if (f != NULL) {
		int n = fscanf(f, "%lf %lf", &quota, &period);

		fclose(f);
		return n == 2 ? cpus_of_quota(quota, period) : UINT32_MAX;
	}
	f = fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "re"); /* version 1: -1 is no limit */
	if (f == NULL)
		return UINT32_MAX;
	if (fscanf(f, "%lf", &quota) != 1)
		quota = 0;
	fclose(f);
	f = fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "re");
	if (f != NULL) {
		if (fscanf(f, "%lf", &period) != 1)
			period = 0;
		fclose(f);
	}
	return cpus_of_quota(quota, period);
}

uint32_t
cpus_allowed(void)
{
	cpu_set_t set;
	uint32_t by_affinity = 1, by_cgroup = cpus_by_cgroup();

	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		by_affinity = (uint32_t)CPU_COUNT(&set);
	return by_affinity < by_cgroup ? by_affinity : by_cgroup > 0 ? by_cgroup : 1;
}
