/* base - the few things every file may use: memory that cannot fail, assertions that stay in
 * release builds, containers of members. Knows nothing of weir. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define nelem(a)                      (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))
#define likely(x)                     __builtin_expect(!!(x), 1)
#define unlikely(x)                   __builtin_expect(!!(x), 0)

#define NODISCARD         __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define COLD              __attribute__((cold, noinline))
#define ALWAYS_INLINE     inline __attribute__((always_inline))
/* Not zeroed at birth (the build zeroes all locals): for arrays that are filled before they are
 * read. */
#if defined(__has_attribute) && __has_attribute(uninitialized)
#define UNSET __attribute__((uninitialized))
#else
#define UNSET
#endif
#define CACHE_LINE    64
#define CACHE_ALIGNED __attribute__((aligned(CACHE_LINE)))

/* Impossible states end the process, in release builds too: message, abort. */
#define ASSERT(cond)                                                                               \
	do {                                                                                       \
		if (unlikely(!(cond)))                                                             \
			base_panic(#cond, __FILE__, __LINE__);                                     \
	} while (0)

#ifndef LIST_FOREACH_SAFE /* glibc's sys/queue.h lacks it */
#define LIST_FOREACH_SAFE(var, head, field, next)                                                  \
	for ((var) = LIST_FIRST(head); (var) && ((next) = LIST_NEXT(var, field), 1); (var) = (next))
#endif

/* A counter with one writer and readers in other threads: a plain add, without a lock prefix. */
#define COUNTER_ADD(c, n) __atomic_store_n(&(c), (c) + (n), __ATOMIC_RELAXED)
#define COUNTER_READ(c)   __atomic_load_n(&(c), __ATOMIC_RELAXED)

/* Never returns. */
void base_panic(const char *cond, const char *file, int line) COLD __attribute__((noreturn));

/* malloc and friends that never return NULL: running out of memory is impossible-class, since
 * everything a peer can make us hold is bounded by a limit at the door. Release with free(). */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((malloc, returns_nonnull));

/* The greatest common divisor; of 0 and n it is n. */
uint32_t gcd(uint32_t a, uint32_t b);

#endif
