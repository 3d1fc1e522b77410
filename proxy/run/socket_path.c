#include "run/socket_path.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOCKET_DIR_MODE = 0755, SOCKET_DIR_PRIVATE = 0700, SOCKET_DIRS = 3 };

/* The i-th directory, malloc'd; NULL: this one there is not. */
static char *
socket_dir(unsigned i)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	switch (i) {
	case 0:
		return xstrdup("/run/weir");
	case 1:
		return xdg != NULL && *xdg == '/' ? xasprintf("%s/weir", xdg) : NULL;
	case 2:
		return xasprintf("/tmp/weir-%u", (unsigned)geteuid());
	default:
		return NULL;
	}
}

/* Below /tmp anybody may have made it first: it has to be ours, and nobody else's to write in. */
static bool
socket_dir_is_ours(const char *dir)
{
	struct stat st;

	return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static bool
socket_dir_usable(unsigned i, const char *dir)
{
	(void)mkdir(dir, i == 0 ? SOCKET_DIR_MODE : SOCKET_DIR_PRIVATE); /* it may be there */
	return i == 0 ? access(dir, W_OK | X_OK) == 0 : socket_dir_is_ours(dir);
}

char *
socket_path_make(void)
{
	for (unsigned i = 0; i < SOCKET_DIRS; i++) {
		char *dir = socket_dir(i), *path = NULL;

		if (dir != NULL && socket_dir_usable(i, dir))
			path = xasprintf("%s/admin.sock", dir);
		free(dir);
		if (path != NULL)
			return path;
	}
	return NULL;
}

/* The first that may be used in this way (access(2)); NULL: none. */
static char *
socket_path_usable(int how)
{
	for (unsigned i = 0; i < SOCKET_DIRS; i++) {
		char *dir = socket_dir(i), *path = dir ? xasprintf("%s/admin.sock", dir) : NULL;
		bool trusted = i == 0 || (dir != NULL && socket_dir_is_ours(dir));

		free(dir);
		if (path != NULL && trusted && access(path, how) == 0)
			return path;
		free(path);
	}
	return NULL;
}

char *
socket_path_find(void)
{
	char *path = socket_path_usable(W_OK);

	if (path == NULL)
		path = socket_path_usable(F_OK); /* to be told: no rights */
	return path != NULL ? path : xstrdup("/run/weir/admin.sock");
}
