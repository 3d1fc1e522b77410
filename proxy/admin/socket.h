/* socket - the file of the admin's unix socket: made for its owner and group only, never on top of
 * one that somebody answers at; one that was left behind is replaced. */
#ifndef ADMIN_SOCKET_H
#define ADMIN_SOCKET_H

#include <sys/stat.h>

#include "base/str.h"

struct socket_file {
	char *path; /* owned */
	dev_t device;
	ino_t inode; /* of the file we made: another one at this path is not ours to remove */
};

/* A listening, non-blocking descriptor, or -1 with a sentence in why. */
int socket_file_bind(struct socket_file *f, const char *path, char *why, size_t why_room);
void socket_file_remove(struct socket_file *f);

#endif
