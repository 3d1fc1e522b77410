/* notify - tells systemd (its notify protocol, sd_notify(3)) how it stands with
 * us. Without NOTIFY_SOCKET every call does nothing. Control thread. */
#ifndef RUN_NOTIFY_H
#define RUN_NOTIFY_H

#include "io/loop.h"

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
/* A line for `systemctl status`; one line, no control bytes. */
void notify_status(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* WATCHDOG=1 at a third of WATCHDOG_USEC, as long as everybody answers: alive is asked each time
 * and may say no, which after a while makes systemd restart the process. */
struct notify_watchdog {
	struct loop *loop;
	struct timer timer;
	uint64_t every_us;
	bool (*alive)(void *arg);
	void *arg;
};
/* Does nothing when no watchdog is asked of us. */
void notify_watchdog_start(
    struct notify_watchdog *w, struct loop *l, bool (*alive)(void *arg), void *arg);
void notify_watchdog_stop(struct notify_watchdog *w);

#endif
