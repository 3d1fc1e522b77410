#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "run/notify.h"
#include "run/watchdog.h"

enum { WORKERS = 2, LOOK_US = 50000, HANG_US = 8 * LOOK_US };

static int
listen_as_systemd(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	static int fd;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "weir-notify-test-%d", (int)getpid());
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&at,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(at.sun_path + 1))),
	    0);
	at.sun_path[0] = '@';
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	*state = &fd;
	return 0;
}

static int
hang_up(void **state)
{
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return close(*(int *)*state);
}

static const char *
heard(void **state)
{
	static char text[256];
	ssize_t n = recv(*(int *)*state, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
says_how_it_stands(void **state)
{
	unsigned long long us;

	notify_ready();
	assert_string_equal(heard(state), "READY=1");
	notify_reloading();
	assert_int_equal(sscanf(heard(state), "RELOADING=1\nMONOTONIC_USEC=%llu", &us), 1);
	assert_true(us > 0);
	notify_stopping();
	assert_string_equal(heard(state), "STOPPING=1");
	notify_status("%d routes", 3);
	assert_string_equal(heard(state), "STATUS=3 routes");
	unsetenv("NOTIFY_SOCKET");
	notify_ready();
	assert_string_equal(heard(state), "");
}

static void
watches_only_when_asked(void **state)
{
	char pid[16];

	(void)state;
	assert_int_equal(notify_watchdog_us(), 0);
	setenv("WATCHDOG_USEC", "10000000", 1);
	assert_int_equal(notify_watchdog_us(), 10000000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_watchdog_us(), 0);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog_us(), 10000000);
	setenv("WATCHDOG_USEC", "soon", 1);
	assert_int_equal(notify_watchdog_us(), 0);
}

/* ---- the watchdog, over two real workers ---- */

static void
hang(struct letter *letter, void *owner)
{
	(void)letter;
	(void)owner;
	usleep(HANG_US);
}

struct alarm {
	struct timer timer;
	struct loop *loop;
};

static void
alarm_fires(struct timer *t)
{
	loop_stop(container_of(t, struct alarm, timer)->loop);
}

/* The messages that came in this time. */
static unsigned
pulses_in(void **state, struct loop *l, uint64_t us)
{
	struct alarm alarm = {.timer = {.fire = alarm_fires}, .loop = l};
	unsigned n = 0;

	while (*heard(state) != '\0')
		;
	l->stop = false;
	timer_set(l, &alarm.timer, l->now + us);
	loop_run(l);
	while (strcmp(heard(state), "WATCHDOG=1") == 0)
		n++;
	return n;
}

static void
is_silent_while_a_worker_hangs(void **state)
{
	struct loop *l = loop_new(NULL);
	struct meters *meters = meters_new(WORKERS);
	struct crew_member *crew = crew_start(WORKERS, meters);
	struct letter letter = {.run = hang};
	struct watchdog *w;

	assert_non_null(crew);
	assert_null(watchdog_start(l, crew, WORKERS));
	setenv("WATCHDOG_USEC", "150000", 1);
	w = watchdog_start(l, crew, WORKERS);
	assert_non_null(w);
	assert_true(pulses_in(state, l, HANG_US) >= 3);
	loop_post(crew[0].worker->loop, &letter);
	pulses_in(state, l, 2 * LOOK_US); /* the first look may still be content */
	assert_int_equal(pulses_in(state, l, 3 * LOOK_US), 0);
	pulses_in(state, l, HANG_US);
	assert_true(pulses_in(state, l, HANG_US) >= 3);
	crew_stop(crew, WORKERS);
	crew_free(&crew, WORKERS);
	watchdog_stop(&w);
	assert_null(w);
	meters_free(&meters);
	loop_free(&l);
}

int
main(void)
{
#define HEARD(test) cmocka_unit_test_setup_teardown(test, listen_as_systemd, hang_up)
	const struct CMUnitTest tests[] = {
	    HEARD(says_how_it_stands),
	    HEARD(watches_only_when_asked),
	    HEARD(is_silent_while_a_worker_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
