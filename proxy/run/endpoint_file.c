#include "run/endpoint_file.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/source.h"
#include "io/watch.h"
#include "run/doors.h"

struct endpoint_file {
	struct server *server;
	struct roster *roster;
	struct watched watched;
	struct task task; /* listed when it is to be read */
};

static void
endpoint_file_take(struct registry *registry, struct roster *r, const struct model_backend *m)
{
	struct spot *spots = xcalloc(m->n_endpoints, sizeof(*spots));

	for (size_t i = 0; i < m->n_endpoints; i++)
		spots[i] = (struct spot){.addr = m->endpoints[i].address,
		    .priority = (uint16_t)m->endpoints[i].priority,
		    .weight = (uint16_t)m->endpoints[i].weight,
		    .zone = registry_zone(registry, m->endpoints[i].zone)};
	roster_give(r, spots, spots_sort(spots, (uint32_t)m->n_endpoints));
}

/* "list.yaml:3:5: "ten" is not an address (write 10.0.0.1:80), and 2 more errors". */
static char *
endpoint_file_why(const struct errors *errors)
{
	const struct error *e = errors->first;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ASSERT(out != NULL);
	while (e->severity != SEVERITY_ERROR)
		e = e->next;
	fputs(e->at.file, out);
	if (e->at.line > 0)
		fprintf(out, ":%u:%u", e->at.line, e->at.column);
	fprintf(out, ": %s", e->text);
	if (e->hint != NULL)
		fprintf(out, " (%s)", e->hint);
	if (errors->error_count > 1)
		fprintf(out, ", and %u more error%s", errors->error_count - 1,
		    errors->error_count == 2 ? "" : "s");
	fclose(out);
	return text;
}

/* Again and again the same is told once. */
static void
endpoint_file_wrong(struct server *s, struct roster *r, const struct errors *errors)
{
	char *why = endpoint_file_why(errors);

	if (r->why == NULL || strcmp(r->why, why) != 0) {
		log_error("%s%s", why, r->good_at != 0 ? "; what it said before holds" : "");
		doors_note(s, why, "file");
	}
	roster_fail(r, why);
	free(why);
}

static void
endpoint_file_read(struct task *t)
{
	struct endpoint_file *f = container_of(t, struct endpoint_file, task);
	struct errors errors;
	struct model *m;

	errors_init(&errors);
	m = load_endpoints(f->watched.path, &errors);
	if (m != NULL)
		endpoint_file_take(f->server->registry, f->roster, m->backends);
	else
		endpoint_file_wrong(f->server, f->roster, &errors);
	if (m != NULL)
		model_free(&m);
	errors_free(&errors);
}

void
endpoint_file_begin(void *arg, struct roster *r)
{
	struct endpoint_file *f = xcalloc(1, sizeof(*f));
	char *path = str_dup(r->text);

	*f = (struct endpoint_file){.server = arg, .roster = r, .task.run = endpoint_file_read};
	r->reader = f;
	watch_begin(&f->watched, f->server->watcher, path, &f->task);
	free(path);
	endpoint_file_read(&f->task);
}

void
endpoint_file_end(void *arg, struct roster *r)
{
	struct endpoint_file *f = r->reader;
	struct server *s = arg;

	r->reader = NULL;
	watch_end(&f->watched);
	task_unlist(s->loop, &f->task);
	free(f);
}

void
endpoint_file_check(const struct model_endpoint *e, struct errors *errors)
{
	char *path = source_beside(e->at.file, e->text);
	struct model *m = NULL;

	if (access(path, F_OK) == 0)
		m = load_endpoints(path, errors);
	else
		errors_add(errors, SEVERITY_WARNING, e->at, STR_NONE,
		    "there are no endpoints from %s: %s", path, strerror(errno));
	if (m != NULL)
		model_free(&m);
	free(path);
}
