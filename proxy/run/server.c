#include "run/server.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "run/certs.h"
#include "run/changes.h"
#include "run/cpus.h"
#include "run/crew.h"
#include "run/diff.h"
#include "run/doors.h"
#include "run/endpoints.h"
#include "run/names.h"
#include "run/notify.h"
#include "run/process.h"
#include "run/signals.h"
#include "run/sockets.h"
#include "run/watchdog.h"

enum {
	SERVER_LOG_US = 50000,  /* how often access log lines are written */
	SERVER_LOOK_US = 20000, /* how often a drain looks whether it is over */
};

static uint64_t
server_wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* ---- the access log ---- */

static void
server_log_drain(struct server *s)
{
	for (uint32_t i = 0; s->access != NULL && i < s->n_workers; i++)
		(void)accesslog_drain(s->access, s->crew[i].worker->log);
}

static void
server_log_timer(struct timer *t)
{
	struct server *s = container_of(t, struct server, log_timer);

	server_log_drain(s);
	timer_set(s->loop, t, s->loop->now + SERVER_LOG_US);
}

/* Opens what the model says; an unwritable file is an error like any other. */
static bool
server_log_open(
    struct server *s, const struct model *m, struct accesslog **out, struct errors *errors)
{
	char why[256], *path = m->access == ACCESS_FILE ? str_dup(m->access_file) : NULL;

	(void)s;
	*out = NULL;
	if (m->access == ACCESS_OFF)
		return true;
	*out = accesslog_open(path, why);
	if (*out == NULL)
		errors_add(errors, SEVERITY_ERROR, (struct position){.file = s->options.path},
		    STR_NONE, "cannot open the access log %s: %s", path ? path : "stdout", why);
	free(path);
	return *out != NULL;
}

void
server_reopen_logs(struct server *s)
{
	char why[256];

	if (s->access == NULL)
		return;
	server_log_drain(s);
	if (accesslog_reopen(s->access, why))
		log_info("access log reopened");
	else
		log_error("access log: cannot reopen, keeping the old file: %s", why);
}

/* ---- loading ---- */

static struct model *
server_load(struct server *s, struct errors *errors)
{
	return s->options.path != NULL
		   ? load_file(s->options.path, errors)
		   : load_text(s->options.text_name, str_from(s->options.text), errors);
}

static struct snapshot *
server_build(struct server *s, const struct model *m, struct errors *errors)
{
	struct build with = {
	    .registry = s->registry,
	    .rosters = s->rosters,
	    .meters = s->meters,
	    .listener_states = &s->listener_states,
	    .overload = &s->pressure.overload,
	    .tickets = s->tickets.keys,
	    .generation = s->generation + 1,
	    .home = s->loop,
	};

	return build_snapshot(&with, m, errors);
}

static void
server_announce(const struct snapshot *snapshot, const struct sockets *sockets)
{
	char text[ADDR_TEXT];

	for (uint32_t i = 0; i < sockets->n; i++) {
		const struct listener_spec *l = &snapshot->listeners[sockets->which[i]];

		addr_text(&l->state->bound, text);
		log_always("listener %.*s: listening on %s", STR_FMT(l->name), text);
	}
}

/* From here on it is in force. Takes model, snapshot and access. */
static void
server_publish(struct server *s, struct model *m, struct snapshot *snapshot,
    struct sockets *sockets, struct accesslog *access)
{
	struct snapshot *before = s->snapshot;
	struct accesslog *old = s->access;

	s->snapshot = snapshot;
	for (uint32_t i = 0; i < snapshot->n_backends; i++)
		endpoints_follow(s, snapshot->backends[i]);
	server_log_drain(s);
	s->access = access;
	accesslog_close(&old);
	snapshot_publish(snapshot, before, s->grace);
	endpoints_settle(s);
	crew_install(s->crew, s->n_workers, snapshot, sockets->which, sockets->fds, sockets->n);
	server_announce(snapshot, sockets);
	sockets_given(sockets);
	s->removed = sockets_settle(&s->listener_states, snapshot);
	model_free(&s->model);
	s->model = m;
	snapshot_unref(&before);
	s->generation = snapshot->generation;
	s->reloaded_wall_us = server_wall_us();
	log_set(m->log_level, m->log_format);
	pressure_watch(&s->pressure, s->loop, &snapshot->overload_spec);
	certs_follow(s);
	ejections_follow(s);
	changes_follow(s);
	warmings_wake(s);
	if (access != NULL)
		timer_set(s->loop, &s->log_timer, s->loop->now + SERVER_LOG_US);
	else
		timer_clear(s->loop, &s->log_timer);
}

/* Everything that can fail, before anything is changed. */
struct plan {
	struct model *model;
	struct snapshot *snapshot;
	struct sockets sockets;
	struct accesslog *access;
};

/* Takes the model. EXIT_FINE, or what a start that fails here exits with. */
static enum exit_code
server_plan(struct server *s, struct model *m, struct plan *p, struct errors *errors)
{
	enum exit_code code;

	*p = (struct plan){.model = m, .snapshot = server_build(s, m, errors)};
	if (p->snapshot != NULL && server_log_open(s, m, &p->access, errors)) {
		if (sockets_bind(&p->sockets, p->snapshot, s->n_workers, errors))
			return EXIT_FINE;
		accesslog_close(&p->access);
	}
	code = p->snapshot == NULL ? EXIT_CONFIG : EXIT_RUNTIME;
	snapshot_unref(&p->snapshot);
	model_free(&p->model);
	return code;
}

/* ---- reload ---- */

static void
server_remember_errors(struct server *s, const struct errors *errors)
{
	size_t len;
	FILE *f;

	free(s->last_errors);
	s->last_errors = NULL;
	if (errors == NULL)
		return;
	f = open_memstream(&s->last_errors, &len);
	ASSERT(f != NULL);
	errors_print(errors, f, false);
	fclose(f);
}

static void
server_log_lines(const char *text)
{
	struct str rest = str_from(text), line;

	while (str_cut(&rest, '\n', &line))
		if (line.len > 0)
			log_always("reload: %.*s", STR_FMT(line));
}

static void
server_refuse_reload(struct server *s, const char *who, const struct errors *errors, FILE *out)
{
	s->reloads_failed++;
	server_remember_errors(s, errors);
	errors_print(errors, out, false);
	fprintf(out,
	    "%u error%s, %u warning%s. Nothing was changed; the running config (#%llu) stays.\n",
	    errors->error_count, errors->error_count == 1 ? "" : "s", errors->warning_count,
	    errors->warning_count == 1 ? "" : "s", (unsigned long long)s->generation);
	log_error("reload by %s failed, the running config #%llu stays", who,
	    (unsigned long long)s->generation);
	server_log_lines(s->last_errors);
}

static void
server_tell_reload(struct server *s, const char *who, const struct model *old, FILE *out)
{
	uint64_t took = server_wall_us() - s->reload_began_us;
	char *diff = NULL;
	size_t len;
	FILE *f = open_memstream(&diff, &len);

	ASSERT(f != NULL);
	diff_models(old, s->model, f);
	fclose(f);
	log_info("reloaded by %s in %llu ms, generation %llu", who, (unsigned long long)took / 1000,
	    (unsigned long long)s->generation);
	server_log_lines(diff);
	fprintf(out, "reloaded in %llu ms, generation %llu (was %llu)%s\n%s",
	    (unsigned long long)took / 1000, (unsigned long long)s->generation,
	    (unsigned long long)s->generation - 1,
	    s->removed > 0 ? ", removed listeners drain" : ", 0 connections closed", diff);
	free(diff);
}

bool
server_reload(struct server *s, const char *who, FILE *out)
{
	struct errors errors;
	struct model *old, *new;
	struct plan p;
	bool ok;

	if (s->at == SERVER_DRAINS) { /* new listeners would take what nobody serves any more */
		fprintf(out, "weir is draining: nothing is reloaded any more.\n");
		log_warn("reload by %s ignored: draining", who);
		return false;
	}
	notify_reloading();
	s->reload_began_us = server_wall_us();
	errors_init(&errors);
	new = server_load(s, &errors);
	registry_sweep(s->registry); /* what an earlier, refused one left */
	ok = new != NULL &&server_plan(s, new, &p, &errors) == EXIT_FINE;
	if (ok) {
		old = s->model;
		s->model = NULL; /* server_publish would free it; the diff still needs it */
		names_settle(s, p.model, p.snapshot, &errors);
		server_publish(s, p.model, p.snapshot, &p.sockets, p.access);
		s->reloads_ok++;
		server_remember_errors(s, NULL);
		server_tell_reload(s, who, old, out);
		(void)doors_follow(s, out); /* said; the old doors stay */
		doors_note(s, "reloaded", who);
		errors_print(&errors, out, false); /* warnings */
		model_free(&old);
		registry_sweep(s->registry);
	} else {
		server_refuse_reload(s, who, &errors, out);
		doors_note(s, "reload failed", who);
	}
	errors_free(&errors);
	notify_ready();
	return ok;
}

/* ---- the end ---- */

static void
server_drain_timer(struct timer *t)
{
	struct server *s = container_of(t, struct server, drain_timer);

	if (s->loop->now >= s->drain_until || crew_conns(s->crew, s->n_workers) == 0)
		loop_stop(s->loop);
	else
		timer_set(s->loop, t, s->loop->now + SERVER_LOOK_US);
}

void
server_drain(struct server *s, const char *who)
{
	if (s->at == SERVER_DRAINS) {
		log_info("%s again: stopping now", who);
		server_stop_now(s);
		return;
	}
	s->at = SERVER_DRAINS;
	notify_stopping();
	doors_note(s, "draining", who);
	log_info("draining for %s, at most %llu s", who,
	    (unsigned long long)s->snapshot->timeouts.drain / 1000000);
	s->drain_until = s->loop->now + s->snapshot->timeouts.drain;
	crew_drain(s->crew, s->n_workers);
	timer_set(s->loop, &s->drain_timer, s->loop->now + SERVER_LOOK_US);
}

void
server_stop_now(struct server *s)
{
	s->at = SERVER_DRAINS;
	loop_stop(s->loop);
}

static void
server_finish(struct server *s)
{
	uint32_t cut;

	doors_close(s);
	server_log_drain(s);
	cut = crew_stop(s->crew, s->n_workers);
	/* Their last lines are in the rings. */
	server_log_drain(s);
	crew_free(&s->crew, s->n_workers);
	watchdog_stop(&s->watchdog);
	if (cut > 0)
		log_warn("stopped, %u exchange%s cut", cut, cut == 1 ? " was" : "s were");
	else
		log_info("stopped");
}

/* ---- life ---- */

/* What was taken from the workers' sight is free: so may be the endpoints it held. */
static void
server_grace_passed(void *owner)
{
	struct server *s = owner;

	registry_sweep(s->registry);
}

static void
server_begin_grace(struct server *s)
{
	s->grace = grace_new(&(struct grace_spec){s->loop, worker_pass, server_grace_passed});
	for (uint32_t i = 0; i < s->n_workers; i++)
		grace_join(s->grace, s->crew[i].worker->loop);
	registry_graces(s->registry, s->grace);
}

static int
server_begin(struct server *s, struct model *m, struct errors *errors)
{
	enum exit_code code;
	struct plan p;

	s->n_workers = m->workers ? m->workers : cpus_allowed();
	s->meters = meters_new(s->n_workers);
	s->registry =
	    registry_new(s->meters, sizeof(struct backend_stats), sizeof(struct endpoint_stats));
	health_attend(s->registry, changes_tell, s);
	ejections_open(s);
	names_begin(s);
	warmings_open(s);
	hands_open(s);
	s->probes = probes_new(s->loop);
	code = server_plan(s, m, &p, errors);
	if (code != EXIT_FINE)
		return code;
	s->crew = crew_start(s->n_workers, s->meters);
	if (s->crew == NULL) {
		log_error("cannot start %u workers: %s", s->n_workers, strerror(errno));
		sockets_close(&p.sockets);
		accesslog_close(&p.access);
		snapshot_unref(&p.snapshot);
		model_free(&p.model);
		return EXIT_RUNTIME;
	}
	server_begin_grace(s);
	process_step_back();
	names_settle(s, p.model, p.snapshot, errors);
	server_publish(s, p.model, p.snapshot, &p.sockets, p.access);
	if (!doors_open(s, stderr)) {
		(void)crew_stop(s->crew, s->n_workers);
		crew_free(&s->crew, s->n_workers);
		return EXIT_RUNTIME;
	}
	s->watchdog = watchdog_start(s->loop, s->crew, s->n_workers);
	return EXIT_FINE;
}

static int
server_start(struct server *s)
{
	struct errors errors;
	struct model *m;
	int code;

	errors_init(&errors);
	m = server_load(s, &errors);
	code = m == NULL ? EXIT_CONFIG : server_begin(s, m, &errors);
	errors_print(&errors, stderr, isatty(STDERR_FILENO));
	errors_free(&errors);
	return code;
}

static void
server_fini(struct server *s)
{
	if (s->registry != NULL)
		health_attend(s->registry, NULL, NULL); /* nobody is to hear of the end */
	probes_free(&s->probes);
	snapshot_unref(&s->snapshot);
	model_free(&s->model);
	accesslog_close(&s->access);
	if (s->signals.fd >= 0)
		conn_close(&s->signals);
	if (s->grace != NULL) {
		registry_graces(s->registry, NULL);
		grace_alone(s->grace);
	}
	certs_stop(s);
	names_stop(s);
	loop_free(&s->loop); /* with the snapshots that were posted to it */
	names_end(s);
	tickets_close(&s->tickets);
	grace_free(&s->grace);
	if (s->registry != NULL)
		registry_free(&s->registry);
	if (s->meters != NULL)
		meters_free(&s->meters);
	listener_states_free(&s->listener_states);
	free(s->last_errors);
}

int
server_run(const struct server_options *options)
{
	struct server s = {.options = *options, .signals = {.fd = -1}};
	int code;

	process_raise_limits();
	process_tune_memory();
	map_init(&s.listener_states);
	s.started_wall_us = server_wall_us();
	s.log_timer.fire = server_log_timer;
	s.drain_timer.fire = server_drain_timer;
	s.loop = loop_new(&s);
	if (s.loop == NULL || !signals_catch(&s)) {
		log_error("cannot start: %s", strerror(errno));
		loop_free(&s.loop);
		return EXIT_RUNTIME;
	}
	tickets_open(&s.tickets, s.loop);
	code = server_start(&s);
	if (code == EXIT_FINE) {
		s.at = SERVER_SERVES;
		notify_ready();
		loop_run(s.loop);
		server_finish(&s);
	}
	server_fini(&s);
	return code;
}
