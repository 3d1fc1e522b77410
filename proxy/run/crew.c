#include "run/crew.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "flow/listener.h"
#include "run/process.h"

enum order_kind { ORDER_INSTALL, ORDER_DRAIN, ORDER_CUT, ORDER_CLOSE };

/* A letter to one worker. */
struct order {
	struct letter letter;
	enum order_kind kind;
	struct snapshot *snapshot; /* ref */
	uint32_t n;
	uint32_t *cut; /* where ORDER_CUT says how many were cut; read after the join */
	struct order_socket {
		uint32_t listener;
		int fd;
	} sockets[];
};

static void
order_install(struct order *o, struct worker *w)
{
	for (uint32_t i = 0; i < o->n; i++)
		(void)listener_open(
		    w, &o->snapshot->listeners[o->sockets[i].listener], o->sockets[i].fd);
	worker_install(w, o->snapshot);
}

static void
order_run(struct letter *letter, void *owner)
{
	struct order *o = container_of(letter, struct order, letter);
	struct worker *w = owner;

	switch (o->kind) {
	case ORDER_INSTALL:
		order_install(o, w);
		break;
	case ORDER_DRAIN:
		worker_drain(w);
		break;
	case ORDER_CUT: /* what it ends, ends in this turn */
		*o->cut = worker_cut(w);
		o->kind = ORDER_CLOSE;
		loop_post(w->loop, &o->letter);
		return;
	case ORDER_CLOSE:
		worker_close(w);
		break;
	}
	free(o);
}

static void
order_post(struct crew_member *m, enum order_kind kind, struct order *o)
{
	o->kind = kind;
	o->letter.run = order_run;
	loop_post(m->worker->loop, &o->letter);
}

static void *
crew_main(void *arg)
{
	struct worker *w = arg;

	process_warm_heap();
	loop_run(w->loop);
	return NULL;
}

struct crew_member *
crew_start(uint32_t n, struct meters *meters)
{
	struct crew_member *crew = xcalloc(n, sizeof(*crew));
	sigset_t all, before;

	sigfillset(&all); /* signals are the control thread's */
	pthread_sigmask(SIG_BLOCK, &all, &before);
	for (uint32_t i = 0; i < n; i++) {
		int error = EMFILE;

		crew[i].worker = worker_new(i, meters);
		if (crew[i].worker != NULL)
			error = pthread_create(&crew[i].thread, NULL, crew_main, crew[i].worker);
		if (error == 0)
			continue;
		if (crew[i].worker != NULL)
			worker_free(&crew[i].worker);
		(void)crew_stop(crew, i); /* nobody has served anything yet */
		crew_free(&crew, i);
		errno = error;
		break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return crew;
}

void
crew_install(struct crew_member *crew, uint32_t n, struct snapshot *s, const uint32_t *which,
    const int *fds, uint32_t n_fds)
{
	for (uint32_t i = 0; i < n; i++) {
		struct order *o = xcalloc(1, sizeof(*o) + n_fds * sizeof(struct order_socket));

		o->snapshot = snapshot_ref(s);
		o->n = n_fds;
		for (uint32_t j = 0; j < n_fds; j++)
			o->sockets[j] = (struct order_socket){which[j], fds[j * n + i]};
		order_post(&crew[i], ORDER_INSTALL, o);
	}
}

void
crew_drain(struct crew_member *crew, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		order_post(&crew[i], ORDER_DRAIN, xcalloc(1, sizeof(struct order)));
}

uint32_t
crew_conns(const struct crew_member *crew, uint32_t n)
{
	uint32_t conns = 0;

	for (uint32_t i = 0; i < n; i++)
		conns += COUNTER_READ(crew[i].worker->conns);
	return conns;
}

uint32_t
crew_stop(struct crew_member *crew, uint32_t n)
{
	uint32_t *cut = xcalloc(n, sizeof(*cut)), sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct order *o = xcalloc(1, sizeof(*o));

		o->cut = &cut[i];
		order_post(&crew[i], ORDER_CUT, o);
	}
	for (uint32_t i = 0; i < n; i++) {
		pthread_join(crew[i].thread, NULL);
		sum += cut[i];
	}
	free(cut);
	return sum;
}

void
crew_free(struct crew_member **crewp, uint32_t n)
{
	struct crew_member *crew = *crewp;

	*crewp = NULL;
	for (uint32_t i = 0; i < n; i++)
		worker_free(&crew[i].worker);
	free(crew);
}
