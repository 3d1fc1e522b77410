/* notify - tells systemd (its notify protocol, sd_notify(3)) how it stands with
 * us. Without NOTIFY_SOCKET every call does nothing. Control thread. */
#ifndef RUN_NOTIFY_H
#define RUN_NOTIFY_H

#include "base/base.h"

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
/* A line for `systemctl status`; one line, no control bytes. */
void notify_status(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* How often this process has to be said to be alive, microseconds; 0: never. */
uint64_t notify_watchdog_us(void);
void notify_alive(void);

#endif
