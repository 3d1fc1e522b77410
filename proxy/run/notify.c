#include "run/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

enum { NOTIFY_MAX = 512 };

/* One datagram. That nobody is there is none of our business, but it is said. */
static void
notify_send(const char *text, size_t len)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t path_len = path != NULL ? strlen(path) : 0;
	int fd;

	if (path_len < 2 || path_len >= sizeof(to.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(to.sun_path, path, path_len);
	if (*path == '@') /* the abstract namespace */
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && sendto(fd, text, len, MSG_NOSIGNAL, (struct sockaddr *)&to,
			   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len)) < 0)
		log_warn("notify: cannot tell systemd: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void
notify_line(const char *text)
{
	notify_send(text, strlen(text));
}

void
notify_ready(void)
{
	notify_line("READY=1");
}

void
notify_reloading(void)
{
	struct timespec ts;
	char text[NOTIFY_MAX];

	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld%06ld", (long long)ts.tv_sec,
	    ts.tv_nsec / 1000);
	notify_line(text);
}

void
notify_stopping(void)
{
	notify_line("STOPPING=1");
}

void
notify_status(const char *fmt, ...)
{
	char text[NOTIFY_MAX] = "STATUS=";
	size_t used = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + used, sizeof(text) - used, fmt, ap);
	va_end(ap);
	notify_line(text);
}

void
notify_alive(void)
{
	notify_line("WATCHDOG=1");
}

uint64_t
notify_watchdog_us(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t us, whose;

	if (usec == NULL || !str_to_u64(str_from(usec), INT64_MAX, &us))
		return 0;
	if (pid != NULL &&
	    (!str_to_u64(str_from(pid), INT64_MAX, &whose) || whose != (uint64_t)getpid()))
		return 0;
	return us;
}
