#include "flow/exchange_pump.h"

#include "flow/forward.h"

/* Pipes are of use when neither end needs to see the bytes, or to put frames between them. */
static bool
exchange_may_splice(const struct exchange *x)
{
	return x->client->conn.transport == &transport_plain &&
	       x->attempt.upstream->conn.transport == &transport_plain &&
	       !x->client->codec->ops->many && !x->attempt.upstream->codec->ops->many;
}

/* How much goes over now: what there is room for; of bulk in a pipe, a whole piece. */
static size_t
exchange_share(const struct message *to, struct message *from)
{
	size_t room = message_room(to), have = from->body.bytes;
	const struct slice *first = slices_first(&from->body);

	if (to->body.n == 0 && chunk_is_pipe(first->chunk) && first->len > room)
		room = first->len;
	return have < room ? have : room;
}

static void
exchange_forget_replay(struct exchange *x)
{
	x->replayable = false;
	replay_clear(&x->replay);
}

/* Body bytes are handed over for the first time. More of them than the route wants kept are never
 * handed over again. */
static void
exchange_keep_for_replay(struct exchange *x, const struct slices *body, size_t n)
{
	struct backend_stats *stats;

	if (!x->replayable || replay_keep(&x->replay, &x->worker->loop->chunks.small, body, n,
				  x->route->policy->replay))
		return;
	exchange_forget_replay(x);
	stats = meter_block(x->attempt.state->meter, x->worker->index);
	COUNTER_ADD(stats->not_kept, 1);
}

/* What the try before was given comes first. False: not all of it has found room. */
static bool
exchange_pump_replay(struct exchange *x)
{
	struct message *to = &x->upstream_stream->out;

	replay_give(&x->replay, &to->body, message_room(to));
	to->full = !replay_is_done(&x->replay);
	codec_flush(x->upstream_stream->codec);
	return !to->full;
}

void
exchange_pump_request(struct exchange *x)
{
	struct message *from = &x->client_stream->in, *to = &x->upstream_stream->out;
	struct loop *l = x->worker->loop;

	if (to->at != AT_BODY)
		return;
	if (unlikely(!replay_is_done(&x->replay)) && !exchange_pump_replay(x))
		return;
	if (from->body.bytes > 0) {
		size_t n = slices_share(&to->body, &from->body, exchange_share(to, from));

		exchange_keep_for_replay(x, &from->body, n);
		slices_drop(&from->body, n);
		from->splice = !x->replayable && exchange_may_splice(x);
		to->full = from->body.bytes > 0;
		message_taken(from, l, &x->client->conn.task);
		codec_flush(x->upstream_stream->codec);
		loop_hurry(l, n);
	}
	if (from->at == AT_DONE && from->body.bytes == 0) {
		if (from->trailers != NULL)
			to->trailers = forward_trailers(x, from->trailers);
		to->at = AT_DONE;
		x->sent_at = l->now;
		codec_flush(x->upstream_stream->codec);
	}
}

/* 1xx: passed on as they come, one at a time, to clients that can know them. */
void
exchange_pump_interim(struct exchange *x)
{
	struct message *from = &x->upstream_stream->in, *to = &x->client_stream->out;
	enum fault why = FAULT_none;

	if (from->interim == NULL)
		return;
	if (to->interim != NULL)
		return; /* the last one has not left yet: its codec tells when it has */
	if (x->client_stream->in.head->minor > 0) {
		exchange_forget_replay(x); /* what follows must be of the same answer */
		to->interim = forward_response(x, from->interim, &why);
		codec_flush(x->client_stream->codec);
	}
	from->interim = NULL;
	loop_ready(x->worker->loop, &x->attempt.upstream->conn.task);
}

bool
exchange_answer(struct exchange *x)
{
	struct message *from = &x->upstream_stream->in, *to = &x->client_stream->out;
	enum fault why = FAULT_proxy_internal_error;

	to->head = forward_response(x, from->head, &why);
	if (to->head == NULL) {
		x->fault = why;
		return false;
	}
	to->kind = from->kind;
	to->length = from->length;
	to->upgrade = from->upgrade;
	to->at = AT_BODY;
	x->answered = true; /* from here on nothing is sent again */
	exchange_forget_replay(x);
	from->splice = exchange_may_splice(x);
	x->record.first_at = x->worker->loop->now;
	x->record.status = from->head->status;
	if (x->record.grpc) /* one that fails at once says so in its head */
		x->record.grpc_status = grpc_status_of(&from->head->fields);
	attempt_answered(&x->attempt, from->head->status);
	codec_flush(x->client_stream->codec);
	return true;
}

void
exchange_pump_response(struct exchange *x)
{
	struct message *from = &x->upstream_stream->in, *to = &x->client_stream->out;

	if (from->body.bytes > 0) {
		size_t n = slices_move(&to->body, &from->body, exchange_share(to, from));

		to->full = from->body.bytes > 0;
		message_taken(from, x->worker->loop, &x->attempt.upstream->conn.task);
		codec_flush(x->client_stream->codec);
		loop_hurry(x->worker->loop, n);
	}
	if (from->at == AT_DONE && from->body.bytes == 0) {
		if (from->trailers != NULL) {
			to->trailers = forward_trailers(x, from->trailers);
			if (x->record.grpc)
				x->record.grpc_status = grpc_status_of(from->trailers);
		}
		to->at = AT_DONE;
		codec_flush(x->client_stream->codec);
	}
}
