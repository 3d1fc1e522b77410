#include "run/sockets.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/acceptor.h"

enum { SOCKETS_LINE = 512, SOCKETS_LISTEN = 0x0A /* TCP_LISTEN in /proc/net/tcp */ };

/* The inode of the socket that listens on the port, by /proc/net/tcp and tcp6; 0: none. */
static unsigned long
sockets_inode(const char *table, uint16_t port)
{
	FILE *f = fopen(table, "re");
	char line[SOCKETS_LINE];
	unsigned long inode = 0;

	if (f == NULL)
		return 0;
	while (inode == 0 && fgets(line, sizeof(line), f) != NULL) {
		unsigned local_port, state;
		unsigned long found;

		if (sscanf(line,
			" %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s %lu",
			&local_port, &state, &found) == 3 &&
		    local_port == port && state == SOCKETS_LISTEN)
			inode = found;
	}
	fclose(f);
	return inode;
}

/* Does this process hold the socket? */
static bool
sockets_held_by(const char *pid, const char *link)
{
	char *dir = xasprintf("/proc/%s/fd", pid), target[64];
	DIR *fds = opendir(dir);
	struct dirent *fd;
	bool found = false;

	while (fds != NULL && !found && (fd = readdir(fds)) != NULL) {
		ssize_t n = readlinkat(dirfd(fds), fd->d_name, target, sizeof(target) - 1);

		if (n > 0) {
			target[n] = '\0';
			found = strcmp(target, link) == 0;
		}
	}
	if (fds != NULL)
		closedir(fds);
	free(dir);
	return found;
}

static char *
sockets_process_name(const char *pid)
{
	char *path = xasprintf("/proc/%s/comm", pid), name[64] = "?";
	FILE *f = fopen(path, "re");

	if (f != NULL && fgets(name, sizeof(name), f) != NULL)
		name[strcspn(name, "\n")] = '\0';
	if (f != NULL)
		fclose(f);
	free(path);
	return xasprintf("%s (pid %s)", name, pid);
}

char *
sockets_owner(const struct addr *addr)
{
	unsigned long inode = sockets_inode("/proc/net/tcp", addr_port(addr));
	char *link, *owner = NULL;
	struct dirent *pid;
	DIR *proc;

	if (inode == 0)
		inode = sockets_inode("/proc/net/tcp6", addr_port(addr));
	if (inode == 0 || (proc = opendir("/proc")) == NULL)
		return NULL;
	link = xasprintf("socket:[%lu]", inode);
	while (owner == NULL && (pid = readdir(proc)) != NULL)
		if (pid->d_name[0] >= '1' && pid->d_name[0] <= '9' &&
		    sockets_held_by(pid->d_name, link))
			owner = sockets_process_name(pid->d_name);
	closedir(proc);
	free(link);
	return owner;
}

static void
sockets_error(const struct listener_spec *l, int error, struct errors *errors)
{
	const struct passwd *user = getpwuid(geteuid());
	char text[ADDR_TEXT], *owner;
	struct error *e;

	addr_text(&l->addr, text);
	if (error == EADDRINUSE) {
		owner = sockets_owner(&l->addr);
		errors_add(errors, SEVERITY_ERROR, l->at, STR_NONE,
		    "cannot listen on %s: in use%s%s", text, owner ? " by " : "",
		    owner ? owner : "");
		free(owner);
	} else if (error == EACCES) {
		e = errors_add(errors, SEVERITY_ERROR, l->at, STR_NONE,
		    "may not listen on port %u as user %s", addr_port(&l->addr),
		    user ? user->pw_name : "?");
		error_hint(e, "give the unit AmbientCapabilities=CAP_NET_BIND_SERVICE, or use a "
			      "port above 1023");
	} else {
		errors_add(errors, SEVERITY_ERROR, l->at, STR_NONE, "cannot listen on %s: %s", text,
		    strerror(error));
	}
}

/* Does nobody listen there? Asked by a socket without SO_REUSEPORT: with it the kernel would let
 * two weirs of one user share a port without a word. */
static bool
sockets_are_free(const struct addr *addr)
{
	struct addr bound;
	int probe = acceptor_bind(addr, false, &bound);

	if (probe < 0)
		return false;
	close(probe);
	return true;
}

/* One socket per worker. Where we have listened before, workers may still be closing theirs. */
static bool
sockets_bind_one(struct listener_spec *l, int *fds, uint32_t workers)
{
	struct addr bound;
	int error;

	if (!l->state->ours && !sockets_are_free(&l->addr))
		return false;
	for (uint32_t i = 0; i < workers; i++) {
		fds[i] = acceptor_bind(i == 0 ? &l->addr : &bound, true, &bound);
		if (fds[i] >= 0)
			continue;
		error = errno;
		while (i-- > 0)
			close(fds[i]);
		errno = error;
		return false;
	}
	if (!addr_same(&l->state->bound, &bound)) /* port 0: nobody can have read it yet */
		l->state->bound = bound;
	l->state->ours = true;
	return true;
}

bool
sockets_bind(struct sockets *out, struct snapshot *s, uint32_t workers, struct errors *errors)
{
	bool ok = true;

	*out = (struct sockets){.workers = workers};
	out->which = xcalloc(s->n_listeners, sizeof(*out->which));
	out->fds = xcalloc((size_t)s->n_listeners * workers, sizeof(*out->fds));
	for (uint32_t i = 0; i < s->n_listeners; i++) {
		struct listener_spec *l = &s->listeners[i];

		if (l->state->open)
			continue;
		if (!sockets_bind_one(l, &out->fds[out->n * workers], workers)) {
			sockets_error(l, errno, errors);
			ok = false;
			continue;
		}
		out->which[out->n++] = i;
	}
	if (!ok)
		sockets_close(out);
	return ok;
}

void
sockets_given(struct sockets *s)
{
	free(s->which);
	free(s->fds);
	*s = (struct sockets){0};
}

void
sockets_close(struct sockets *s)
{
	for (uint32_t i = 0; i < s->n * s->workers; i++)
		close(s->fds[i]);
	sockets_given(s);
}

uint32_t
sockets_settle(const struct map *listener_states, const struct snapshot *s)
{
	uint32_t open = 0, kept = 0;

	MAP_EACH(listener_states, slot) {
		struct listener_state *state = slot->value;

		open += state->open;
		state->was_open = state->open;
		state->open = false;
	}
	for (uint32_t i = 0; i < s->n_listeners; i++) {
		kept += s->listeners[i].state->was_open;
		s->listeners[i].state->open = true;
	}
	return open - kept;
}
