#include "flow/passthrough.h"

#include <errno.h>
#include <sys/socket.h>

#include "flow/tunnel.h"

/* RFC 6066 section 3: the name is not known, and the handshake will not go on. Best effort: the
 * buffer of a new socket is empty. */
static void
passthrough_alert(struct client *c)
{
	enum { ALERT = 21, LEN = 2, FATAL = 2, UNRECOGNIZED_NAME = 112 };
	static const char alert[] = {ALERT, 3, 3, 0, LEN, FATAL, UNRECOGNIZED_NAME};

	(void)!send(c->conn.fd, alert, sizeof(alert), MSG_NOSIGNAL);
}

static void
passthrough_go(struct client *c, const struct client_hello *hello)
{
	const struct listener_spec *spec = c->listener->spec;
	const struct arms *arms = NULL;

	if (spec != NULL)
		arms = sni_find(&spec->sni, hello->name);
	if (arms == NULL && spec != NULL && spec->arms.n > 0)
		arms = &spec->arms;
	if (arms != NULL) {
		tunnel_start(c, arms, hello);
	} else {
		passthrough_alert(c);
		tunnel_refuse(c, hello, FAULT_unrecognized_name);
	}
}

/* Peeks, so that not a byte is taken: the endpoint gets what the client sent. */
static void
passthrough_run(struct task *t)
{
	struct client *c = container_of(t, struct client, conn.task);
	struct chunk *chunk = chunk_take(&c->worker->loop->chunks.small);
	struct client_hello hello = {.name = STR_NONE};
	enum client_hello_parse parsed = CLIENT_HELLO_MORE;
	ssize_t n = recv(c->conn.fd, chunk->bytes, CLIENT_HELLO_MAX, MSG_PEEK);

	if (n > 0)
		parsed = client_hello_parse(chunk->bytes, (size_t)n, &hello);
	if (n == 0 || (n < 0 && (errno != EAGAIN || c->timed_out)))
		client_close(c); /* has not said a word */
	else if (parsed == CLIENT_HELLO_DONE)
		passthrough_go(c, &hello);
	else if (parsed == CLIENT_HELLO_BAD)
		tunnel_refuse(c, NULL, FAULT_client_hello_malformed);
	else if (c->conn.hup)
		tunnel_refuse(c, NULL, FAULT_client_gone);
	else if (c->timed_out)
		tunnel_refuse(c, NULL, FAULT_request_timeout);
	else
		conn_watch(&c->conn);
	chunk_unref(chunk);
}

void
passthrough_start(struct client *c)
{
	struct worker *w = c->worker;

	c->at = CLIENT_HELLO;
	c->conn.task.run = passthrough_run;
	timer_set(w->loop, &c->conn.timer, w->loop->now + w->timeouts.tls);
	passthrough_run(&c->conn.task);
}
