/* A *shelf* is a listener with the files of its certificates:
 *
 *	a file changes --> watch.c lists the shelf --> build_tls() reads all of them again
 *	--> the listener's pointer is swapped --> the old tls_server goes when nobody can look at it
 *
 * A pair that is half written, or wrong, is told; what its file said before stays. */
#include "run/certs.h"

#include <stdlib.h>

#include "config/build_tls.h"
#include "io/watch.h"
#include "run/doors.h"

enum { CERTS_NS_PER_US = 1000, CERTS_CLOCK_US = 20000 }; /* how coarse a file's time may be */

struct shelf {
	struct server *server;
	struct listener_spec *listener;     /* borrowed from the snapshot in force */
	const struct model_listener *model; /* and from its model */
	struct task task;                   /* listed when a file has changed */
	struct watched *watched;            /* owned, for each file */
	size_t n;
	char *told; /* owned; what was wrong last time; NULL: nothing */
};

struct certs {
	size_t n;
	struct shelf shelves[];
};

/* What nobody shows any more, on its way out. */
struct cert_leaving {
	struct reap reap;
	struct tls_server *server; /* ref */
};

/* ---- renewing ---- */

static void
cert_left(struct reap *r)
{
	struct cert_leaving *l = container_of(r, struct cert_leaving, reap);

	tls_server_unref(&l->server);
	free(l);
}

static void
shelf_swap(struct shelf *shelf, struct tls_server *renewed)
{
	struct cert_leaving *l = xcalloc(1, sizeof(*l));
	struct tls_cert *const *certs;
	size_t n = tls_server_list(renewed, &certs);

	l->server = atomic_exchange(&shelf->listener->tls, renewed);
	grace_retire(shelf->server->grace, &l->reap, cert_left);
	log_info("listener %.*s: other certificates: %zu, the first for %.*s",
	    STR_FMT(shelf->listener->name), n, STR_FMT(tls_cert_host(certs[0])));
	doors_note(shelf->server, "certificates renewed", shelf->listener->name.p);
}

/* What is wrong, once, however often a file is touched. */
static void
shelf_tell(struct shelf *shelf, const struct errors *errors)
{
	char *text = NULL;
	struct str rest, line;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ASSERT(out != NULL);
	if (errors->error_count > 0)
		errors_print(errors, out, false);
	fclose(out);
	rest = str_of(text, len);
	while (
	    (shelf->told == NULL || strcmp(shelf->told, text) != 0) && str_cut(&rest, '\n', &line))
		if (line.len > 0)
			log_always("certificates: %.*s", STR_FMT(line));
	free(shelf->told);
	shelf->told = text;
}

static void
shelf_run(struct task *t)
{
	struct shelf *shelf = container_of(t, struct shelf, task);
	struct tls_server *now = atomic_load(&shelf->listener->tls), *renewed;
	struct build with = {.tickets = shelf->server->tickets.keys, .renewed = now};
	struct errors errors;

	errors_init(&errors);
	renewed = build_tls(&with, shelf->model, &errors);
	shelf_tell(shelf, &errors);
	if (renewed != NULL && !tls_server_same(renewed, now))
		shelf_swap(shelf, renewed);
	else
		tls_server_unref(&renewed);
	errors_free(&errors);
}

/* ---- following ---- */

static void
shelf_watch(void *arg, const char *path)
{
	struct shelf *shelf = arg;

	shelf->n++;
	if (shelf->watched != NULL)
		watch_begin(
		    &shelf->watched[shelf->n - 1], shelf->server->watcher, path, &shelf->task);
}

static void
shelf_open(struct shelf *shelf)
{
	struct server *s = shelf->server;
	uint64_t began = s->reload_began_us != 0 ? s->reload_began_us : s->started_wall_us;
	uint64_t since_ns = (began - CERTS_CLOCK_US) * CERTS_NS_PER_US;

	build_tls_files(shelf->model, shelf_watch, shelf); /* counts */
	shelf->watched = xcalloc(shelf->n, sizeof(*shelf->watched));
	shelf->n = 0;
	build_tls_files(shelf->model, shelf_watch, shelf);
	for (size_t i = 0; i < shelf->n; i++)
		if (shelf->watched[i].seen.changed_ns >= since_ns) /* perhaps after it was read */
			loop_ready(s->loop, &shelf->task);
}

void
certs_stop(struct server *s)
{
	struct certs *c = s->certs;

	s->certs = NULL;
	for (size_t i = 0; c != NULL && i < c->n; i++) {
		for (size_t j = 0; j < c->shelves[i].n; j++)
			watch_end(&c->shelves[i].watched[j]);
		task_unlist(s->loop, &c->shelves[i].task);
		free(c->shelves[i].watched);
		free(c->shelves[i].told);
	}
	free(c);
}

void
certs_follow(struct server *s)
{
	struct snapshot *now = s->snapshot;
	struct certs *c = xcalloc(1, sizeof(*c) + now->n_listeners * sizeof(c->shelves[0]));

	certs_stop(s);
	s->certs = c;
	for (uint32_t i = 0; i < now->n_listeners; i++) {
		struct shelf *shelf = &c->shelves[c->n];

		if (atomic_load(&now->listeners[i].tls) == NULL)
			continue;
		*shelf = (struct shelf){.server = s,
		    .listener = &now->listeners[i],
		    .model = &s->model->listeners[i],
		    .task.run = shelf_run};
		shelf_open(shelf);
		c->n++;
	}
}

/* ---- telling ---- */

void
certs_each(const struct server *s, void (*one)(void *arg, const struct cert_use *use), void *arg)
{
	struct snapshot *now = s->snapshot;

	for (uint32_t i = 0; i < now->n_listeners; i++) {
		struct listener_spec *l = &now->listeners[i];
		const struct tls_server *tls = atomic_load(&l->tls);
		struct tls_cert *const *certs;
		size_t n = tls != NULL ? tls_server_list(tls, &certs) : 0;

		for (size_t j = 0; j < n; j++)
			one(arg, &(struct cert_use){certs[j], true, l->name});
	}
	for (uint32_t i = 0; i < now->n_backends; i++) {
		const struct backend *b = now->backends[i];
		const struct tls_cert *own = b->tls != NULL ? tls_client_own(b->tls) : NULL;

		if (own != NULL)
			one(arg, &(struct cert_use){own, false, b->state->name});
	}
}
