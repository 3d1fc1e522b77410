#include "run/cli_call.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/document.h"
#include "http/h1_parse.h"
#include "run/socket_path.h"

enum {
	CALL_SEND_S = 5,
	CALL_ANSWER_S = 120,         /* a reload of very many routes takes its time */
	CALL_ANSWER_MAX = 256 << 20, /* the table of very many routes takes its room */
	CALL_READ = 64 * 1024,
	CALL_ARENA = 64 * 1024,
	STATUS_OK_END = 300,
	STATUS_UNPROCESSABLE = 422,
};

/* What a file that does not load says of the socket all the same; "": nothing. malloc'd; NULL: it
 * is no YAML. */
static char *
call_socket_of_broken(const char *path)
{
	struct document_budget budget = document_budget_full();
	struct errors errors;
	struct document *d;
	char *where = NULL;

	errors_init(&errors);
	d = document_read(path, &budget, &errors);
	if (d != NULL) {
		where = xstrdup("");
		NODE_EACH_PAIR(document_root(d), part) {
			if (!str_eq(part->text, STR("admin")) || part->next->kind != NODE_MAP)
				continue;
			NODE_EACH_PAIR(part->next, key)
				if (str_eq(key->text, STR("socket")) &&
				    key->next->kind == NODE_SCALAR) {
					free(where);
					where = str_dup(key->next->text);
				}
		}
	}
	document_free(&d);
	errors_free(&errors);
	return where;
}

/* The socket of a file's weir; NULL, said: the file does not tell. */
static char *
call_socket_of(const struct cli *c, const char *path)
{
	struct errors errors;
	struct model *model;
	char *where;

	errors_init(&errors);
	model = load_file(path, &errors);
	if (model != NULL)
		where = model->admin_socket.p != NULL ? str_dup(model->admin_socket) : xstrdup("");
	else
		where = call_socket_of_broken(path);
	if (where == NULL && cli_flag(c, "config"))
		errors_print(&errors, stderr, c->color);
	errors_free(&errors);
	if (model != NULL)
		model_free(&model);
	return where;
}

/* Where the weir of this configuration answers: without --socket it is the file's business, as it
 * was the server's. NULL, said: the file does not tell. */
static char *
call_socket(const struct cli *c)
{
	const char *given = cli_value(c, "socket"), *path = cli_value(c, "config");
	char *where = NULL;

	if (given != NULL)
		return xstrdup(given);
	if (path == NULL)
		path = cli_config_default();
	if (path != NULL)
		where = call_socket_of(c, path);
	if (where == NULL && cli_flag(c, "config"))
		return NULL;
	if (where == NULL || *where == '\0') {
		free(where);
		where = socket_path_find();
	}
	return where;
}

static int
call_dial(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct timeval send_for = {.tv_sec = CALL_SEND_S}, answer_for = {.tv_sec = CALL_ANSWER_S};
	size_t len = strlen(path);
	int fd, error;

	if (len == 0 || len >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(to.sun_path, path, len);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send_for, sizeof(send_for)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &answer_for, sizeof(answer_for)) == 0 &&
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static bool
call_send(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = send(fd, text, left, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		left -= (size_t)n;
	}
	return true;
}

/* Everything up to the end of the connection; false: cut short. */
static bool
call_receive(int fd, char **bytes, size_t *len)
{
	size_t room = CALL_READ;

	*bytes = xmalloc(room + 1);
	*len = 0;
	for (;;) {
		ssize_t n;

		if (*len == room) {
			if (room >= CALL_ANSWER_MAX)
				return false;
			room *= 2;
			*bytes = xrealloc(*bytes, room + 1);
		}
		n = recv(fd, *bytes + *len, room - *len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			(*bytes)[*len] = '\0';
			return n == 0;
		}
		*len += (size_t)n;
	}
}

/* weir's own answers: one head, Content-Length, then the end. */
static bool
call_understand(char *bytes, size_t len, struct call_answer *out)
{
	size_t scanned = 0, size;
	enum fault why = FAULT_none;
	struct head head;
	struct arena a;
	uint64_t length = 0;
	const struct field *f;
	bool ok;

	size = h1_head_size(str_of(bytes, len), &scanned, &why);
	if (size == 0 || why != FAULT_none)
		return false;
	arena_init(&a, NULL, 0, CALL_ARENA);
	ok = h1_parse_response(str_of(bytes, size), &a, &head) == FAULT_none;
	f = ok ? fields_find(&head.fields, FIELD_CONTENT_LENGTH) : NULL;
	ok = ok && (f == NULL || str_to_u64(field_value(f), SIZE_MAX, &length)) &&
	     length == len - size;
	if (ok)
		*out = (struct call_answer){head.status, str_of(bytes + size, length), bytes};
	arena_reset(&a);
	return ok;
}

static int
call_exchange(int fd, const char *where, const struct call *call, struct call_answer *out)
{
	char *bytes = NULL, *text;
	size_t len = 0;
	bool ok;

	text = xasprintf("%s %s HTTP/1.1\r\nHost: weir\r\nConnection: close\r\nAccept: %s\r\n"
			 "Content-Type: application/json\r\n\r\n",
	    call->method, call->target, call->text ? "text/plain" : "application/json");
	errno = 0;
	ok = call_send(fd, text) && call_receive(fd, &bytes, &len) &&
	     call_understand(bytes, len, out);
	free(text);
	if (ok)
		return EXIT_FINE;
	free(bytes);
	return cli_fail(EXIT_RUNTIME, "%s: no answer: %s", where,
	    errno == EAGAIN ? "it took too long"
	    : errno != 0    ? strerror(errno)
			    : "the connection ended");
}

int
call_weir(const struct cli *c, const struct call *call, struct call_answer *out)
{
	char *where = call_socket(c);
	int fd, code;

	if (where == NULL)
		return EXIT_CONFIG;
	fd = call_dial(where);
	if (fd < 0)
		code =
		    cli_fail(EXIT_RUNTIME, "cannot reach weir at %s: %s%s", where, strerror(errno),
			errno == ENOENT || errno == ECONNREFUSED ? "; does it run?" : "");
	else
		code = call_exchange(fd, where, call, out);
	if (fd >= 0)
		close(fd);
	free(where);
	return code;
}

void
call_answer_free(struct call_answer *a)
{
	free(a->bytes);
	*a = (struct call_answer){.status = 0};
}

int
call_tell(const struct cli *c, const char *target)
{
	struct call call = {.method = "POST", .target = target, .text = true};
	struct call_answer answer;
	int code = call_weir(c, &call, &answer);
	bool ok;

	if (code != EXIT_FINE)
		return code;
	ok = answer.status < STATUS_OK_END;
	if (!ok)
		code = answer.status == STATUS_UNPROCESSABLE ? EXIT_CONFIG : EXIT_RUNTIME;
	if (!ok || !c->quiet)
		fwrite(answer.body.p, 1, answer.body.len, ok ? stdout : stderr);
	call_answer_free(&answer);
	return code;
}

void
call_put_param(FILE *f, const char *name, const char *value)
{
	if (value == NULL)
		return;
	fprintf(f, "%s=", name);
	for (; *value != '\0'; value++)
		if (isalnum((unsigned char)*value) || strchr("-._~", *value) != NULL)
			fputc(*value, f);
		else
			fprintf(f, "%%%02X", (unsigned char)*value);
	fputc('&', f);
}
