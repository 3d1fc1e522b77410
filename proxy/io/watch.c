#include "io/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/conn.h"

enum {
	WATCH_SETTLE_US = 50000,  /* what changes again and again is told of this often, */
	WATCH_BYTES_A_US = 2,     /* and a long file, which takes time to read, more rarely */
	WATCH_DOUBT_US = 1000000, /* so long it stands still before it counts, when nobody told */
	WATCH_LOOK_US = 5000000,
	WATCH_EVENTS = 4096, /* bytes read at once */
};

#define WATCH_MASK                                                                                 \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF |   \
	    IN_MOVE_SELF | IN_ONLYDIR)

struct watcher {
	struct loop *loop;
	struct conn events;    /* inotify's; fd -1: there is none, so we look */
	struct watched *first; /* borrowed */
};

/* ---- folders ---- */

static const char *
watch_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static int
watch_folder(struct watcher *all, const char *path)
{
	const char *name = watch_name(path);
	char *folder = name == path       ? xstrdup(".")
		       : name == path + 1 ? xstrdup("/")
					  : xasprintf("%.*s", (int)(name - path - 1), path);
	int number = inotify_add_watch(all->events.fd, folder, WATCH_MASK);

	free(folder);
	return number;
}

static bool
watch_shares(const struct watcher *all, int number)
{
	for (const struct watched *w = all->first; w != NULL; w = w->next)
		if (w->folders[0] == number || w->folders[1] == number)
			return true;
	return false;
}

static void
watch_leave_folder(struct watcher *all, int *folder)
{
	int number = *folder;

	*folder = -1;
	if (number >= 0 && !watch_shares(all, number))
		(void)inotify_rm_watch(all->events.fd, number); /* it may be gone already */
}

/* Links may lead elsewhere than before, folders may be others of the same name. */
static void
watch_follow(struct watched *w)
{
	struct watcher *all = w->watcher;
	int before[2] = {w->folders[0], w->folders[1]};

	free(w->real);
	w->real = realpath(w->path, NULL);
	if (all->events.fd < 0)
		return;
	w->folders[0] = watch_folder(all, w->path);
	w->folders[1] = w->real != NULL ? watch_folder(all, w->real) : -1;
	watch_leave_folder(all, &before[0]);
	watch_leave_folder(all, &before[1]);
}

/* ---- looking ---- */

static struct watch_sight
watch_sight(const char *path)
{
	enum { NS_PER_S = 1000000000 };
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct watch_sight){0};
	return (struct watch_sight){(uint64_t)st.st_dev, (uint64_t)st.st_ino, (uint64_t)st.st_size,
	    (uint64_t)st.st_ctim.tv_sec * NS_PER_S + (uint64_t)st.st_ctim.tv_nsec};
}

static bool
watch_same(const struct watch_sight *a, const struct watch_sight *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->changed_ns == b->changed_ns;
}

static void
watch_look(struct task *t)
{
	struct watched *w = container_of(t, struct watched, task);
	struct loop *l = w->watcher->loop;
	struct watch_sight now = watch_sight(w->path);
	bool other = w->told || !watch_same(&now, &w->seen); /* a clock may be too coarse */
	bool certain = w->told || watch_same(&now, &w->doubtful);

	watch_follow(w);
	w->told = false;
	w->doubtful = now;
	if (other && certain) {
		w->seen = now;
		loop_ready(l, w->owner);
	}
	timer_set(l, &w->timer, l->now + (other && !certain ? WATCH_DOUBT_US : WATCH_LOOK_US));
}

static void
watch_timer(struct timer *t)
{
	struct watched *w = container_of(t, struct watched, timer);

	loop_ready(w->watcher->loop, &w->task);
}

/* ---- being told ---- */

/* Kubernetes swaps a link beside the file, "..data", which all files of the folder lead through. */
static bool
watch_concerns(const struct watched *w, const struct inotify_event *e)
{
	const char *name = e->len > 0 ? e->name : "", *own = watch_name(w->path);

	if (e->mask & IN_Q_OVERFLOW)
		return true;
	if (w->folders[0] != e->wd && w->folders[1] != e->wd)
		return false;
	if (own[0] == '\0' && w->folders[0] == e->wd)
		return true;
	return name[0] == '\0' || strcmp(name, own) == 0 ||
	       (w->real != NULL && strcmp(name, watch_name(w->real)) == 0) ||
	       (name[0] == '.' && name[1] == '.');
}

static void
watch_hear(struct watcher *all, const struct inotify_event *e)
{
	for (struct watched *w = all->first; w != NULL; w = w->next) {
		uint64_t soon = all->loop->now + WATCH_SETTLE_US + w->seen.size / WATCH_BYTES_A_US;

		if (!watch_concerns(w, e))
			continue;
		w->told = true;
		if (w->timer.at > soon)
			timer_set(all->loop, &w->timer, soon);
	}
}

static void
watch_run(struct task *t)
{
	struct conn *c = container_of(t, struct conn, task);
	struct watcher *all = container_of(c, struct watcher, events);
	union {
		struct inotify_event first;
		char bytes[WATCH_EVENTS];
	} u;
	ssize_t n;

	while ((n = read(c->fd, u.bytes, sizeof(u.bytes))) > 0)
		for (char *p = u.bytes; p < u.bytes + n;) {
			const struct inotify_event *e = (const struct inotify_event *)(void *)p;

			watch_hear(all, e);
			p += sizeof(*e) + e->len;
		}
}

/* ---- life ---- */

struct watcher *
watcher_new(struct loop *l)
{
	struct watcher *all = xcalloc(1, sizeof(*all));

	all->loop = l;
	conn_open(&all->events, l, inotify_init1(IN_NONBLOCK | IN_CLOEXEC), watch_run);
	conn_watch(&all->events);
	return all;
}

void
watcher_free(struct watcher **allp)
{
	struct watcher *all = *allp;

	*allp = NULL;
	if (all == NULL)
		return;
	ASSERT(all->first == NULL);
	conn_close(&all->events);
	free(all);
}

void
watch_begin(struct watched *w, struct watcher *all, const char *path, struct task *owner)
{
	*w = (struct watched){.next = all->first,
	    .watcher = all,
	    .path = xstrdup(path),
	    .folders = {-1, -1},
	    .owner = owner,
	    .timer.fire = watch_timer,
	    .task.run = watch_look};
	all->first = w;
	watch_follow(w);
	w->seen = w->doubtful = watch_sight(path);
	timer_set(all->loop, &w->timer, all->loop->now + WATCH_LOOK_US);
}

void
watch_end(struct watched *w)
{
	struct watcher *all = w->watcher;
	struct watched **at;

	if (all == NULL)
		return;
	for (at = &all->first; *at != w;)
		at = &(*at)->next;
	*at = w->next;
	timer_clear(all->loop, &w->timer);
	task_unlist(all->loop, &w->task);
	watch_leave_folder(all, &w->folders[0]);
	watch_leave_folder(all, &w->folders[1]);
	free(w->path);
	free(w->real);
	*w = (struct watched){.watcher = NULL};
}
