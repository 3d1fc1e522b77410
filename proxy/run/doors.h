/* doors - the admin doors of the process: the unix socket, admin.address, metrics.address, and what
 * they answer (api_*.c). Reading never changes anything; what changes is POST, on the unix socket
 * alone. Control thread. */
#ifndef RUN_DOORS_H
#define RUN_DOORS_H

#include "run/server.h"

/* Opens the doors that s->model (and s->options.socket) asks for, into s->admin. False, with what
 * is wrong on `out`, one line: a door cannot be opened, or somebody lives at the socket. */
bool doors_open(struct server *s, FILE *out);
/* After a reload: opens, keeps and closes doors as s->model now says. False, said as above: a new
 * door could not be opened; the old ones stay. */
bool doors_follow(struct server *s, FILE *out);
/* Stops listening and cuts who is connected; the socket's file goes. */
void doors_close(struct server *s);
/* For GET /history: something happened ("reloaded", "reload failed", "draining"), and who wanted
 * it.
 */
void doors_note(struct server *s, const char *what, const char *who);

#endif
