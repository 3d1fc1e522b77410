/* malloc_count - counts the calls of the allocator in a program that is not changed for it:
 * LD_PRELOAD this and name a file in MALLOC_COUNT_FILE. The file is a shared map of counters, in
 * the order of `enum call`, so that another process reads them while the program runs, and so that
 * the forks of a program add to the same ones. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum call { CALL_MALLOC, CALL_CALLOC, CALL_REALLOC, CALL_FREE, CALL_ALIGNED, CALLS };

/* glibc's own names for what is replaced here: no dlsym, which allocates, is needed. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *p);

static uint64_t *counters; /* NULL: nobody asked */

static void
counter_add(enum call call)
{
	if (counters != NULL)
		__atomic_fetch_add(&counters[call], 1, __ATOMIC_RELAXED);
}

static void __attribute__((constructor)) counters_open(void)
{
	const char *path = getenv("MALLOC_COUNT_FILE");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	void *map;

	if (fd < 0)
		return;
	if (ftruncate(fd, CALLS * sizeof(*counters)) == 0) {
		map = mmap(
		    NULL, CALLS * sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map != MAP_FAILED)
			counters = map;
	}
	close(fd);
}

EXPORT void *
malloc(size_t size)
{
	counter_add(CALL_MALLOC);
	return __libc_malloc(size);
}

EXPORT void *
calloc(size_t count, size_t size)
{
	counter_add(CALL_CALLOC);
	return __libc_calloc(count, size);
}

EXPORT void *
realloc(void *p, size_t size)
{
	counter_add(CALL_REALLOC);
	return __libc_realloc(p, size);
}

EXPORT void
free(void *p)
{
	if (p != NULL)
		counter_add(CALL_FREE);
	__libc_free(p);
}

EXPORT void *
memalign(size_t alignment, size_t size)
{
	counter_add(CALL_ALIGNED);
	return __libc_memalign(alignment, size);
}

EXPORT void *
aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

EXPORT int
posix_memalign(void **p, size_t alignment, size_t size)
{
	*p = memalign(alignment, size);
	return *p ? 0 : ENOMEM;
}
