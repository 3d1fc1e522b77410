#include "admin/socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SOCKET_MODE = 0660, SOCKET_BACKLOG = 64 };

static bool
socket_address(const char *path, struct sockaddr_un *out)
{
	size_t len = strlen(path);

	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (len == 0 || len >= sizeof(out->sun_path))
		return false;
	memcpy(out->sun_path, path, len);
	return true;
}

/* Somebody accepts connections there. */
static bool
socket_is_alive(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool alive;

	if (fd < 0)
		return false;
	/* EAGAIN: its queue is full, so there is one who listens. */
	alive = connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 || errno == EAGAIN;
	close(fd);
	return alive;
}

/* Only a socket is ever replaced: whatever else stands there was not put there by weir. */
static bool
socket_may_take(const char *path, char *why, size_t room)
{
	struct sockaddr_un at;
	struct stat st;

	if (!socket_address(path, &at)) {
		snprintf(why, room, "%s: too long for a socket, at most %zu bytes", path,
		    sizeof(at.sun_path) - 1);
		return false;
	}
	if (lstat(path, &st) != 0)
		return true;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(why, room, "%s: there is a file that is no socket", path);
		return false;
	}
	if (socket_is_alive(&at)) {
		snprintf(why, room, "%s: in use, another weir answers there", path);
		return false;
	}
	return true;
}

/* Made under another name, closed to others before it listens, then put in place: at no moment can
 * a stranger connect, or is there nothing. */
static int
socket_make(const char *path, const char *made, struct stat *st)
{
	struct sockaddr_un at;
	int fd, error;

	if (!socket_address(made, &at)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)unlink(made); /* of a process with our number, long dead */
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && chmod(made, SOCKET_MODE) == 0 &&
	    listen(fd, SOCKET_BACKLOG) == 0 && rename(made, path) == 0 && lstat(path, st) == 0)
		return fd;
	error = errno;
	(void)unlink(made);
	close(fd);
	errno = error;
	return -1;
}

int
socket_file_bind(struct socket_file *f, const char *path, char *why, size_t why_room)
{
	struct stat st;
	char *made;
	int fd;

	*f = (struct socket_file){.path = NULL};
	if (!socket_may_take(path, why, why_room))
		return -1;
	made = xasprintf("%s.%d", path, (int)getpid());
	fd = socket_make(path, made, &st);
	if (fd < 0)
		snprintf(why, why_room, "%s: %s", path, strerror(errno));
	else
		*f = (struct socket_file){xstrdup(path), st.st_dev, st.st_ino};
	free(made);
	return fd;
}

void
socket_file_remove(struct socket_file *f)
{
	struct stat st;

	if (f->path == NULL)
		return;
	if (lstat(f->path, &st) == 0 && st.st_dev == f->device && st.st_ino == f->inode)
		(void)unlink(f->path); /* left behind, it would be replaced */
	free(f->path);
	f->path = NULL;
}
