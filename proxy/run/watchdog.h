/* watchdog - tells systemd that the process lives, as long as each worker answers a letter between
 * one look and the next. One that hangs is a process that hangs: the unit's WatchdogSec then has it
 * started again. Control thread. */
#ifndef RUN_WATCHDOG_H
#define RUN_WATCHDOG_H

#include "run/crew.h"

struct watchdog;

/* NULL: systemd does not ask for it. */
struct watchdog *watchdog_start(struct loop *l, const struct crew_member *crew, uint32_t n);
/* When the workers' threads have ended: a letter may still be on its way before. */
void watchdog_stop(struct watchdog **w);

#endif
