/* crew - the workers and their threads, as the control thread sees them: told things by letters,
 * never touched. */
#ifndef RUN_CREW_H
#define RUN_CREW_H

#include <pthread.h>

#include "flow/worker.h"

struct crew_member {
	struct worker *worker; /* its loop's mailbox and its atomics are all we may touch */
	pthread_t thread;
};

/* Starts n workers; NULL with errno when the system refuses. */
struct crew_member *crew_start(uint32_t n, struct meters *meters);
/* A snapshot for all of them (a reference each is taken here). fds: n_fds rows of n sockets, row i
 * for the listener with index which[i]; taken. */
void crew_install(struct crew_member *crew, uint32_t n, struct snapshot *s, const uint32_t *which,
    const int *fds, uint32_t n_fds);
void crew_drain(struct crew_member *crew, uint32_t n);
uint32_t crew_conns(const struct crew_member *crew, uint32_t n); /* clients still open */
/* Cuts what is left and joins the threads; how many exchanges and tunnels were cut. */
uint32_t crew_stop(struct crew_member *crew, uint32_t n);
void crew_free(struct crew_member **crew, uint32_t n);

#endif
