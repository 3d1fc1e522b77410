#include "admin/admin.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/caller.h"

enum { ADMIN_RESERVE = 4, ADMIN_SENTENCE = 256 };

struct admin *
admin_new(struct loop *l, void *owner, const struct admin_route *routes, size_t n)
{
	struct admin *a = xcalloc(1, sizeof(*a));

	a->loop = l;
	a->owner = owner;
	a->routes = routes;
	a->n_routes = n;
	codec_slabs_init(&a->slabs, SIDE_CLIENT, ADMIN_RESERVE);
	a->codec_spec =
	    (struct codec_spec){.side = SIDE_CLIENT, .slabs = &a->slabs, .draining = &a->draining};
	return a;
}

void *
admin_owner(const struct admin *a)
{
	return a->owner;
}

/* ---- doors ---- */

static void
door_run(struct task *t)
{
	struct acceptor *acceptor = container_of(t, struct acceptor, task);
	struct door *d = container_of(acceptor, struct door, acceptor);
	struct addr peer;
	bool exhausted;

	for (unsigned i = 0; i < ACCEPTOR_SHARE; i++) {
		int fd = acceptor_accept(acceptor, &peer, &exhausted);

		if (fd < 0)
			return;
		if (d->n_callers == ADMIN_CALLERS_MAX)
			close(fd);
		else
			caller_open(d, fd, &peer);
	}
}

static void
door_close(struct door *d)
{
	acceptor_close(&d->acceptor);
	while (!LIST_EMPTY(&d->callers))
		caller_free(LIST_FIRST(&d->callers));
	socket_file_remove(&d->file);
	LIST_REMOVE(d, entry);
	free(d);
}

static void
door_open(struct admin *a, int fd, const struct door *like)
{
	struct door *d = xmalloc(sizeof(*d));

	*d = *like;
	d->admin = a;
	d->wanted = true;
	LIST_INIT(&d->callers);
	LIST_INSERT_HEAD(&a->doors, d, entry);
	acceptor_open(&d->acceptor, a->loop, fd, door_run);
}

void
admin_doors_begin(struct admin *a)
{
	struct door *d;

	LIST_FOREACH(d, &a->doors, entry)
		d->wanted = false;
}

bool
admin_door_socket(struct admin *a, const char *path, char why[ADMIN_WHY])
{
	struct door new = {.reach = ADMIN_SOCKET}, *d;
	int fd;

	LIST_FOREACH(d, &a->doors, entry)
		if (d->file.path != NULL && strcmp(d->file.path, path) == 0)
			return d->wanted = true;
	fd = socket_file_bind(&new.file, path, why, ADMIN_WHY);
	if (fd >= 0)
		door_open(a, fd, &new);
	return fd >= 0;
}

bool
admin_door_tcp(
    struct admin *a, const struct addr *addr, enum admin_reach reach, char why[ADMIN_WHY])
{
	struct door new = {.reach = reach, .addr = *addr}, *d;
	char text[ADDR_TEXT];
	struct addr bound;
	int fd;

	LIST_FOREACH(d, &a->doors, entry)
		if (d->file.path == NULL && d->reach == reach && addr_same(&d->addr, addr))
			return d->wanted = true;
	fd = acceptor_bind(addr, false, &bound);
	if (fd >= 0) {
		door_open(a, fd, &new);
		return true;
	}
	addr_text(addr, text);
	snprintf(why, ADMIN_WHY, "cannot listen on %s: %s", text, strerror(errno));
	return false;
}

void
admin_doors_end(struct admin *a)
{
	struct door *d, *next;

	LIST_FOREACH_SAFE(d, &a->doors, entry, next)
		if (!d->wanted)
			door_close(d);
}

void
admin_free(struct admin **ap)
{
	struct admin *a = *ap;

	if (a == NULL)
		return;
	*ap = NULL;
	admin_doors_begin(a);
	admin_doors_end(a);
	codec_slabs_fini(&a->slabs);
	free(a);
}

/* ---- requests ---- */

void
admin_say(
    const struct admin_request *r, struct admin_answer *a, unsigned status, const char *fmt, ...)
{
	char sentence[ADMIN_SENTENCE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	free(a->body);
	a->status = status;
	a->type = NULL;
	a->body = r->text ? xasprintf("%s\n", sentence)
			  : xasprintf("{\"status\":%u,\"%s\":\"%s\"}\n", status,
				status < 400 ? "message" : "error", sentence);
	a->len = strlen(a->body);
}

static const struct admin_route *
admin_route_for(const struct admin *a, const struct admin_request *r, unsigned reach)
{
	for (size_t i = 0; i < a->n_routes; i++)
		if (a->routes[i].method == r->method && (a->routes[i].reach & reach) != 0 &&
		    str_eq(str_from(a->routes[i].path), r->path))
			return &a->routes[i];
	return NULL;
}

/* A browser sends Origin with what a page of somebody else made it do, and cannot send JSON without
 * asking first; so neither a page nor a form can change anything. */
static bool
admin_refuses(const struct head *h, const struct admin_request *r, struct admin_answer *a)
{
	struct str type = field_value(fields_find(&h->fields, FIELD_CONTENT_TYPE));

	if (fields_find_name(&h->fields, STR("origin")) != NULL) {
		admin_say(r, a, 403, "requests of web pages are refused (Origin)");
		return true;
	}
	type = str_trim(str_of(type.p, str_find(type, ';', 0)));
	if (r->method == METHOD_POST && !str_eq_case(type, STR("application/json"))) {
		admin_say(r, a, 415, "a change wants Content-Type: application/json");
		return true;
	}
	return false;
}

void
admin_dispatch(
    const struct door *d, const struct head *h, struct admin_request *r, struct admin_answer *a)
{
	const struct admin_route *route = admin_route_for(d->admin, r, d->reach);
	enum method asked = r->method;

	if (route != NULL) {
		if (!admin_refuses(h, r, a))
			route->answer(d->admin->owner, r, a);
		return;
	}
	if (d->reach == ADMIN_TCP && r->method == METHOD_POST &&
	    admin_route_for(d->admin, r, ADMIN_SOCKET) != NULL) {
		admin_say(r, a, 403, "changes are made over the unix socket only");
		return;
	}
	r->method = asked == METHOD_GET ? METHOD_POST : METHOD_GET;
	if (admin_route_for(d->admin, r, d->reach) != NULL)
		admin_say(
		    r, a, 405, "this path is for %s", r->method == METHOD_GET ? "GET" : "POST");
	else
		admin_say(r, a, 404, "there is nothing at this path");
	r->method = asked;
}

static int
admin_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *
admin_decode(struct str s)
{
	char *out = xmalloc(s.len + 1), *p = out;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '%' && i + 2 < s.len && admin_hex(s.p[i + 1]) >= 0 &&
		    admin_hex(s.p[i + 2]) >= 0) {
			*p++ = (char)(admin_hex(s.p[i + 1]) << 4 | admin_hex(s.p[i + 2]));
			i += 2;
		} else {
			*p++ = s.p[i] == '+' ? ' ' : s.p[i];
		}
	}
	*p = '\0';
	return out;
}

char *
admin_param(const struct admin_request *r, const char *name)
{
	struct str rest = r->query, piece;

	while (str_cut(&rest, '&', &piece)) {
		size_t end = str_find(piece, '=', 0);

		if (!str_eq(str_of(piece.p, end), str_from(name)))
			continue;
		return end < piece.len
			   ? admin_decode(str_of(piece.p + end + 1, piece.len - end - 1))
			   : xstrdup("");
	}
	return NULL;
}
