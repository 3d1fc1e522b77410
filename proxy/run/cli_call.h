/* cli_call - asks the weir that runs: one HTTP request over its admin socket, blocking, with a
 * deadline. The client's side of doors.h. */
#ifndef RUN_CLI_CALL_H
#define RUN_CLI_CALL_H

#include "run/cli.h"

struct call {
	const char *method; /* "GET", "POST" */
	const char *target; /* "/status" */
	bool text;          /* Accept: text/plain; else JSON */
};

struct call_answer {
	unsigned status;
	struct str body; /* owned: release with call_answer_free; ends in NUL */
	char *bytes;
};

/* EXIT_FINE with an answer, or the exit code, with what is wrong said on stderr: nobody is there,
 * no rights, the file that would name the socket is wrong. */
int call_weir(const struct cli *c, const struct call *call, struct call_answer *out);
void call_answer_free(struct call_answer *a);
/* POSTs and prints the answer for people; the exit code by its status. */
int call_tell(const struct cli *c, const char *target);
/* "name=value&" for a target, encoded; nothing if there is no value. */
void call_put_param(FILE *f, const char *name, const char *value);

#endif
