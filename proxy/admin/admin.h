/* admin - a small HTTP/1 server on the control thread, for the few who look after the process: a
 * table of routes, answered whole, behind a unix socket and tcp doors that show less. It speaks
 * through the codec of the data path, so the same framing rules hold. What the answers say is the
 * owner's; nothing here knows weir's state. */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "http/codec.h"
#include "io/acceptor.h"

enum {
	ADMIN_BODY_MAX = 64 * 1024, /* of a request */
	ADMIN_CALLERS_MAX = 64,     /* connections at a door */
	ADMIN_WHY = 512,            /* room for a sentence */
};

/* Kinds of doors; a route is shown at those of its mask. */
enum admin_reach {
	ADMIN_SOCKET = 1,  /* the unix socket: who may open the file may change things */
	ADMIN_TCP = 2,     /* reading only */
	ADMIN_METRICS = 4, /* what a monitoring system needs, and nothing else */
};

struct admin_request {      /* borrowed for the time of the call */
	enum method method; /* METHOD_GET (HEAD, too) or METHOD_POST */
	struct str path, query, body;
	bool text;       /* the caller would rather read text/plain than JSON */
	const char *who; /* "uid 0, pid 4711", or an address */
};

struct admin_answer {
	unsigned status;
	const char *type; /* NULL: application/json, or text/plain when that was asked for */
	char *body;       /* malloc'd; taken */
	size_t len;
};

typedef void admin_answer_fn(void *owner, const struct admin_request *r, struct admin_answer *a);

struct admin_route {
	enum method method;
	const char *path;
	unsigned reach; /* bits of enum admin_reach */
	admin_answer_fn *answer;
};

struct admin;

/* The routes outlive it. No door is open yet. */
struct admin *admin_new(struct loop *l, void *owner, const struct admin_route *routes, size_t n);
/* Closes everything, cutting who is connected. Not from within an answer. */
void admin_free(struct admin **a);
void *admin_owner(const struct admin *a);

/* Doors are told anew at each change of the configuration: begin, every door that should be open
 * (one that is, stays), then end, which closes those that were not named; without end, all stay.
 * False, with a sentence: it cannot be opened. */
void admin_doors_begin(struct admin *a);
bool admin_door_socket(struct admin *a, const char *path, char why[ADMIN_WHY]) NODISCARD;
bool admin_door_tcp(struct admin *a, const struct addr *addr, enum admin_reach reach,
    char why[ADMIN_WHY]) NODISCARD;
void admin_doors_end(struct admin *a);

/* An answer of one sentence, text or JSON as asked for. The sentence is ours: it is not escaped. */
void admin_say(const struct admin_request *r, struct admin_answer *a, unsigned status,
    const char *fmt, ...) PRINTF_LIKE(4, 5);
/* The value of a query parameter, decoded, "" for one without value; malloc'd. NULL: absent. */
char *admin_param(const struct admin_request *r, const char *name);

#endif
