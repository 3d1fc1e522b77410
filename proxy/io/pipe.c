#include "io/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIPES_KEPT = 32 }; /* empty pipes a thread keeps for the next bulk */

struct pipe {
	struct chunk chunk; /* of size 0: that is how one is told */
	struct pipes *home;
	struct pipe *next;
	int ends[2];
	uint32_t inside; /* bytes */
};

static void
pipe_close(struct pipe *p)
{
	close(p->ends[0]);
	close(p->ends[1]);
	free(p);
}

void
pipes_fini(struct pipes *pipes)
{
	struct pipe *p;

	while ((p = pipes->free) != NULL) {
		pipes->free = p->next;
		pipe_close(p);
	}
	pipes->n = 0;
}

static struct pipe *
pipe_new(struct pipes *home)
{
	struct pipe *p = xcalloc(1, sizeof(*p));

	if (pipe2(p->ends, O_NONBLOCK | O_CLOEXEC) != 0) {
		free(p);
		return NULL;
	}
	(void)fcntl(p->ends[1], F_SETPIPE_SZ, PIPE_SIZE); /* the default size serves too */
	p->home = home;
	return p;
}

struct chunk *
pipe_take(struct loop *l)
{
	struct pipe *p = l->pipes.free;

	if (p != NULL) {
		l->pipes.free = p->next;
		l->pipes.n--;
	} else {
		p = pipe_new(&l->pipes);
	}
	if (p == NULL)
		return NULL;
	p->chunk.refs = 1;
	return &p->chunk;
}

/* One with bytes left in it belonged to something that was cut. */
void
chunk_give_pipe(struct chunk *c)
{
	struct pipe *p = container_of(c, struct pipe, chunk);

	if (p->inside > 0 || p->home->n >= PIPES_KEPT) {
		pipe_close(p);
		return;
	}
	p->next = p->home->free;
	p->home->free = p;
	p->home->n++;
}

enum io
pipe_fill(struct chunk *c, struct conn *from, size_t max, size_t *got)
{
	struct pipe *p = container_of(c, struct pipe, chunk);
	ssize_t n;

	do
		n = splice(
		    from->fd, NULL, p->ends[1], NULL, max, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	while (n < 0 && errno == EINTR);
	*got = n > 0 ? (size_t)n : 0;
	if (n > 0) {
		p->inside += (uint32_t)n;
		from->active_at = from->loop->now;
		return IO_DONE;
	}
	from->may_read = false;
	if (n == 0) {
		from->eof = true;
		return IO_EOF;
	}
	if (errno == EAGAIN)
		return IO_MORE;
	from->error = errno;
	return IO_FAILED;
}

enum io
pipe_drain(struct chunk *c, struct conn *to, size_t max, size_t *put)
{
	struct pipe *p = container_of(c, struct pipe, chunk);
	ssize_t n;

	do
		n = splice(p->ends[0], NULL, to->fd, NULL, max, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	while (n < 0 && errno == EINTR);
	*put = n > 0 ? (size_t)n : 0;
	if (n > 0) {
		p->inside -= (uint32_t)n;
		to->active_at = to->loop->now;
		return IO_DONE;
	}
	to->may_write = false;
	if (n < 0 && errno == EAGAIN) {
		conn_watch_write(to);
		return IO_MORE;
	}
	to->error = n < 0 ? errno : EPIPE;
	return IO_FAILED;
}
