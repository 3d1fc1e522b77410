/* watch - tells when a file may have another content: written anew, replaced by another one, or
 * gone with the folder it stood in. inotify on the folders on the way to it; and a look every few
 * seconds, for file systems that tell nothing. What is written in pieces is told of when the writer
 * closes it. Nothing is read here. */
#ifndef IO_WATCH_H
#define IO_WATCH_H

#include "io/loop.h"

struct watcher; /* all watched files of one loop */

struct watch_sight { /* what tells one content from another without reading; zero: no file */
	uint64_t device, inode, size, changed_ns;
};

struct watched { /* embedded in what wants to know */
	struct watched *next;
	struct watcher *watcher; /* NULL: not watched */
	char *path;              /* owned */
	char *real;              /* owned; where links lead; NULL: nowhere */
	int folders[2];     /* inotify's numbers: of the path's and of the real one's; -1: none */
	struct task *owner; /* listed when it is to be read again */
	struct watch_sight seen, doubtful;
	bool told; /* inotify said so: no doubt about it */
	struct timer timer;
	struct task task;
};

struct watcher *watcher_new(struct loop *l);
void watcher_free(struct watcher **w); /* after the last watch_end */

/* From now on; the content of now is the owner's to read. A path that ends in a slash is a folder,
 * and all files in it are meant. */
void watch_begin(struct watched *w, struct watcher *all, const char *path, struct task *owner);
void watch_end(struct watched *w); /* safe when it never began */

#endif
