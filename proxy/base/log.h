/* log - what a human should know about the process, one line each on stderr: life-cycle, trouble,
 * changes. Per-request facts go to the record, never here. Lower case, subject first, values last,
 * no secrets, no bodies. Any thread; one write(2) a line. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/base.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* One call site's rate limit: at most LOG_BURST lines a second, then a count of what was left out.
 */
struct log_site {
	_Atomic uint64_t second;
	_Atomic uint32_t lines;
};

void log_set(enum log_level level, enum log_format format);
/* site NULL: never left out; for life-cycle lines that come in bounded numbers. */
void log_line(struct log_site *site, enum log_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool log_wants(enum log_level level);

#define LOG_AT(level, ...)                                                                         \
	do {                                                                                       \
		static struct log_site site_;                                                      \
		if (log_wants(level))                                                              \
			log_line(&site_, (level), __VA_ARGS__);                                    \
	} while (0)
#define log_always(...)                                                                            \
	do {                                                                                       \
		if (log_wants(LOG_LEVEL_INFO))                                                     \
			log_line(NULL, LOG_LEVEL_INFO, __VA_ARGS__);                               \
	} while (0)
#define log_error(...) LOG_AT(LOG_LEVEL_ERROR, __VA_ARGS__) /* needs a human */
#define log_warn(...)  LOG_AT(LOG_LEVEL_WARN, __VA_ARGS__)  /* may need one */
#define log_info(...)  LOG_AT(LOG_LEVEL_INFO, __VA_ARGS__)  /* life-cycle */
#define log_debug(...) LOG_AT(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
