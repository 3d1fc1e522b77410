#include "run/doors.h"

#include <stdlib.h>
#include <unistd.h>

#include "run/api.h"
#include "run/socket_path.h"
#include "run/sockets.h"

enum {
	EVERYWHERE = ADMIN_SOCKET | ADMIN_TCP | ADMIN_METRICS,
	READING = ADMIN_SOCKET | ADMIN_TCP,
	CHANGING = ADMIN_SOCKET,
};

static const struct admin_route routes[] = {
    {METHOD_GET, "/healthz", EVERYWHERE, api_healthz},
    {METHOD_GET, "/ready", EVERYWHERE, api_ready},
    {METHOD_GET, "/metrics", EVERYWHERE, api_metrics},
    {METHOD_GET, "/status", READING, api_status},
    {METHOD_GET, "/listeners", READING, api_listeners},
    {METHOD_GET, "/routes", READING, api_routes},
    {METHOD_GET, "/backends", READING, api_backends},
    {METHOD_GET, "/connections", READING, api_connections},
    {METHOD_GET, "/names", READING, api_names},
    {METHOD_GET, "/certs", READING, api_certs},
    {METHOD_GET, "/config", READING, api_config},
    {METHOD_GET, "/schema", READING, api_schema},
    {METHOD_GET, "/explain", READING, api_explain},
    {METHOD_GET, "/history", READING, api_history},
    {METHOD_POST, "/endpoints", CHANGING, api_endpoints},
    {METHOD_POST, "/reload", CHANGING, api_reload},
    {METHOD_POST, "/drain", CHANGING, api_drain},
    {METHOD_POST, "/stop", CHANGING, api_stop},
};

static void
doors_sample(struct timer *t)
{
	struct api *api = container_of(t, struct api, sample_timer);
	struct loop *l = api->server->loop;

	api->samples[0] = api->samples[1];
	api->samples[1] = api_sample_now(api->server);
	timer_set(l, t, l->now + API_SAMPLE_US);
}

/* The socket's path when nobody named one. A weir without a file may be the second one here: then
 * it takes a path of its own. malloc'd; NULL: nowhere. */
static bool
doors_default_socket(struct server *s, char why[ADMIN_WHY])
{
	char *path = socket_path_make(), *own;
	bool ok;

	if (path == NULL) {
		snprintf(why, ADMIN_WHY, "there is no directory for it");
		return false;
	}
	ok = admin_door_socket(s->admin, path, why);
	if (!ok && s->options.path == NULL) {
		own = xasprintf("%s.%d", path, (int)getpid());
		log_warn("admin socket %s; this one is at %s", why, own);
		ok = admin_door_socket(s->admin, own, why);
		free(own);
	}
	free(path);
	return ok;
}

static bool
doors_socket(struct server *s, char why[ADMIN_WHY])
{
	char *path;
	bool ok;

	if (s->options.socket != NULL)
		return admin_door_socket(s->admin, s->options.socket, why);
	if (s->model->admin_socket.p == NULL)
		return doors_default_socket(s, why);
	path = str_dup(s->model->admin_socket);
	ok = admin_door_socket(s->admin, path, why);
	free(path);
	return ok;
}

static bool
doors_tcp(struct server *s, const struct addr *addr, enum admin_reach reach, char why[ADMIN_WHY])
{
	char *owner;
	size_t len;

	if (addr->sa.sa_family == 0 || admin_door_tcp(s->admin, addr, reach, why))
		return true;
	owner = sockets_owner(addr);
	len = strlen(why);
	if (owner != NULL)
		snprintf(why + len, ADMIN_WHY - len, " by %s", owner);
	free(owner);
	return false;
}

bool
doors_follow(struct server *s, FILE *out)
{
	char why[ADMIN_WHY];

	admin_doors_begin(s->admin);
	if (!doors_socket(s, why)) {
		fprintf(out, "admin socket: %s\n", why);
		return false;
	}
	if (!doors_tcp(s, &s->model->admin_address, ADMIN_TCP, why)) {
		fprintf(out, "admin address: %s\n", why);
		return false;
	}
	if (!doors_tcp(s, &s->model->metrics_address, ADMIN_METRICS, why)) {
		fprintf(out, "metrics address: %s\n", why);
		return false;
	}
	admin_doors_end(s->admin);
	return true;
}

bool
doors_open(struct server *s, FILE *out)
{
	struct api *api = xcalloc(1, sizeof(*api));

	api->server = s;
	s->admin = admin_new(s->loop, api, routes, nelem(routes));
	api->sample_timer.fire = doors_sample;
	api->samples[0].at = api->samples[1].at = s->loop->now;
	timer_set(s->loop, &api->sample_timer, s->loop->now + API_SAMPLE_US);
	if (doors_follow(s, out))
		return true;
	doors_close(s);
	return false;
}

void
doors_close(struct server *s)
{
	struct api *api;

	if (s->admin == NULL)
		return;
	api = admin_owner(s->admin);
	admin_free(&s->admin);
	timer_clear(s->loop, &api->sample_timer);
	task_unlist(s->loop, &api->later);
	free(api);
}

void
doors_note(struct server *s, const char *what, const char *who)
{
	struct api *api;
	struct api_event *e;

	if (s->admin == NULL)
		return;
	api = admin_owner(s->admin);
	e = &api->events[api->n_events++ % API_HISTORY];
	e->wall_us = api_wall_us();
	e->generation = s->generation;
	snprintf(e->what, sizeof(e->what), "%s", what);
	snprintf(e->who, sizeof(e->who), "%s", who);
}
