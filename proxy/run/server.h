/* server - the process: workers, the snapshot in force, sockets, the admin doors, reload and drain.
 * One page of verbs; everything here runs on the control thread, which is main's. */
#ifndef RUN_SERVER_H
#define RUN_SERVER_H

#include "config/build.h"
#include "config/load.h"
#include "flow/worker.h"
#include "observe/expose.h"
#include "run/ejections.h"
#include "run/hands.h"
#include "run/pressure.h"
#include "run/tickets.h"
#include "run/warmings.h"
#include "upstream/probes.h"

enum exit_code {
	EXIT_FINE = 0,
	EXIT_RUNTIME = 1, /* bind, memory, rights */
	EXIT_USAGE = 2,
	EXIT_CONFIG = 3,
	EXIT_ANSWER_NO = 4, /* asked, and the answer is no */
};

enum server_at { SERVER_STARTS, SERVER_SERVES, SERVER_DRAINS };

struct crew_member; /* a worker and its thread */

struct server_options {
	const char *path;      /* the configuration file; NULL: text */
	const char *text;      /* the configuration itself, from the command line or the demo */
	const char *text_name; /* what stands for the file name in its errors */
	const char *socket;    /* admin socket that overrides the configuration's; NULL */
};

struct server {
	struct server_options options;
	enum server_at at;
	struct loop *loop; /* the control thread's */
	struct meters *meters;
	struct registry *registry;
	struct rosters *rosters; /* owned; names of the DNS, files of endpoints */
	struct watcher *watcher; /* owned; of the files */
	struct probes *probes;
	struct map listener_states;
	struct pressure pressure;
	struct tickets tickets;
	struct ejections ejections;
	struct warmings warmings;
	struct hands hands;
	struct crew_member *crew;    /* owned; one per worker */
	struct grace *grace;         /* owned; over the workers' loops */
	uint32_t n_workers, removed; /* listeners that the last reload took away */
	struct model *model;         /* of the snapshot in force; for config, diff and explain */
	struct snapshot *snapshot;   /* ref */
	struct accesslog *access;    /* NULL: off */
	struct admin *admin;         /* the unix socket and the tcp doors */
	uint64_t started_wall_us, reloaded_wall_us;
	uint64_t generation; /* of the snapshot in force; 1 is the first */
	uint64_t reloads_ok, reloads_failed, reload_began_us, drain_until;
	struct timer log_timer, drain_timer;
	struct conn signals;       /* a signalfd */
	struct watchdog *watchdog; /* NULL: systemd does not ask */
	char *last_errors;         /* owned; of the last failed reload, NULL when it went well */
	struct certs *certs;       /* owned; follow their files */
};

/* Loads, binds, starts, serves until stopped; the exit code. Says what is wrong on stderr. */
int server_run(const struct server_options *options);

/* A whole new snapshot or nothing. Writes what changed, or every error, to `out`. False: the old
 * one stays in force. */
bool server_reload(struct server *s, const char *who, FILE *out);
/* SIGTERM: readiness off, listeners closed, exchanges end, at the latest at the drain timeout. A
 * second call ends at once. */
void server_drain(struct server *s, const char *who);
void server_stop_now(struct server *s);
void server_reopen_logs(struct server *s);

#endif
