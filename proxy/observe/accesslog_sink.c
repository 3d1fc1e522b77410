/* Where the lines go. The control thread must not sleep in write(2) for a reader that does not
 * read: a file is written as it comes; anything else (pipe, terminal, socket) is asked for room and
 * then given no more than a pipe takes in one piece. Flags of stdout stay as they are, since they
 * are shared with whoever started us. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "observe/accesslog.h"

enum {
	WHY_MAX = 256,
	FILE_MODE = 0640,
	WRITE_MAX = 256 * 1024,  /* one write to a file */
	DRAIN_MAX = 1024 * 1024, /* what one turn of the control thread writes */
};

struct accesslog {
	int fd;
	char *path;   /* owned; NULL: stdout */
	bool paced;   /* not a file: ask for room first */
	bool failing; /* the last write failed, and that was said */
	uint64_t errors;
	/* the end of a line that a short write cut, taken from its ring so that no other ring's
	 * lines come between */
	size_t rest_len;
	char rest[ACCESSLOG_LINE_MAX];
};

static int
sink_open(const char *path)
{
	int flags = O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = open(path, flags | O_WRONLY, FILE_MODE);

	/* A FIFO that nobody reads yet: opened for both it takes what it has room for. */
	if (fd < 0 && errno == ENXIO)
		fd = open(path, flags | O_RDWR, FILE_MODE);
	return fd;
}

static void
accesslog_take_fd(struct accesslog *a, int fd)
{
	struct stat st;

	a->fd = fd;
	a->paced = fstat(fd, &st) != 0 || !S_ISREG(st.st_mode);
}

struct accesslog *
accesslog_open(const char *path, char why[WHY_MAX])
{
	struct accesslog *a;
	int fd = path != NULL ? sink_open(path) : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);

	if (fd < 0) {
		snprintf(why, WHY_MAX, "%s: %m", path != NULL ? path : "stdout");
		return NULL;
	}
	a = xcalloc(1, sizeof(*a));
	a->path = path != NULL ? xstrdup(path) : NULL;
	accesslog_take_fd(a, fd);
	return a;
}

void
accesslog_close(struct accesslog **a)
{
	if (*a == NULL)
		return;
	close((*a)->fd);
	free((*a)->path);
	free(*a);
	*a = NULL;
}

static void
sink_failed(struct accesslog *a)
{
	a->errors++;
	if (!a->failing)
		log_error("access log %s: cannot be written: %m", a->path ? a->path : "stdout");
	a->failing = true;
}

/* One write of at most what can be taken now; 0 when nothing can, for whatever reason. */
static size_t
sink_write(struct accesslog *a, struct str bytes)
{
	size_t max = a->paced ? PIPE_BUF : WRITE_MAX;
	ssize_t n;

	if (a->paced) {
		struct pollfd pfd = {.fd = a->fd, .events = POLLOUT};
		const char *end;

		if (poll(&pfd, 1, 0) <= 0)
			return 0;
		/* Whole lines if possible: others may write to the same pipe. */
		if (bytes.len > max) {
			end = memrchr(bytes.p, '\n', max);
			bytes.len = end != NULL ? (size_t)(end - bytes.p) + 1 : max;
		}
	}
	n = write(a->fd, bytes.p, bytes.len < max ? bytes.len : max);
	if (n >= 0) {
		a->failing = false;
		return (size_t)n;
	}
	if (errno != EAGAIN && errno != EINTR)
		sink_failed(a);
	return 0;
}

/* False while the end of the cut line still waits. */
static bool
sink_write_rest(struct accesslog *a)
{
	size_t n;

	if (a->rest_len == 0)
		return true;
	n = sink_write(a, str_of(a->rest, a->rest_len));
	a->rest_len -= n;
	memmove(a->rest, a->rest + n, a->rest_len);
	return a->rest_len == 0;
}

/* n of the ring's bytes were written: if that ended within a line, the line's end is kept here.
 * Returns how much the ring is rid of. */
static size_t
sink_keep_rest(struct accesslog *a, struct str bytes, size_t n)
{
	size_t end = str_find(bytes, '\n', n - 1) + 1;

	ASSERT(end <= bytes.len && end - n <= sizeof(a->rest)); /* rings hold whole lines */
	a->rest_len = end - n;
	memcpy(a->rest, bytes.p + n, a->rest_len);
	return end;
}

size_t
accesslog_drain(struct accesslog *a, struct ring *ring)
{
	size_t taken = 0;

	while (taken < DRAIN_MAX && sink_write_rest(a)) {
		struct str bytes = ring_peek(ring);
		size_t n = bytes.len > 0 ? sink_write(a, bytes) : 0;

		if (n == 0)
			break;
		n = sink_keep_rest(a, bytes, n);
		ring_consume(ring, n);
		taken += n;
	}
	return taken;
}

bool
accesslog_reopen(struct accesslog *a, char why[WHY_MAX])
{
	int fd;

	if (a->path == NULL)
		return true;
	fd = sink_open(a->path);
	if (fd < 0) {
		snprintf(why, WHY_MAX, "%s: %m", a->path);
		return false;
	}
	/* The cut line belongs to the old file; what does not fit there now is lost. */
	if (!sink_write_rest(a))
		a->errors++;
	a->rest_len = 0;
	close(a->fd);
	accesslog_take_fd(a, fd);
	return true;
}

uint64_t
accesslog_errors(const struct accesslog *a)
{
	return a->errors;
}
