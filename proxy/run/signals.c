#include "run/signals.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void
signals_act(struct server *s, uint32_t signal)
{
	char *text = NULL;
	size_t len;
	FILE *f;

	switch (signal) {
	case SIGHUP:
		f = open_memstream(&text, &len);
		ASSERT(f != NULL);
		(void)server_reload(s, "SIGHUP", f); /* the log has it all */
		fclose(f);
		free(text);
		break;
	case SIGUSR1:
		server_reopen_logs(s);
		break;
	default:
		server_drain(s, strsignal((int)signal));
	}
}

static void
signals_on_read(struct task *t)
{
	struct server *s = container_of(t, struct server, signals.task);
	struct signalfd_siginfo info;

	while (read(s->signals.fd, &info, sizeof(info)) == sizeof(info))
		signals_act(s, info.ssi_signo);
}

bool
signals_catch(struct server *s)
{
	static const int caught[] = {SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1};
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	for (size_t i = 0; i < nelem(caught); i++)
		sigaddset(&set, caught[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return false;
	conn_open(&s->signals, s->loop, fd, signals_on_read);
	conn_watch(&s->signals);
	return true;
}
