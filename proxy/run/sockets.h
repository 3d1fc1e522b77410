/* sockets - binds what a new snapshot listens on and the old one did not, before anything is
 * published, so that "address in use" leaves the old configuration in force. */
#ifndef RUN_SOCKETS_H
#define RUN_SOCKETS_H

#include "base/error.h"
#include "flow/snapshot.h"

struct sockets {
	uint32_t n; /* listeners that are new */
	uint32_t workers;
	uint32_t *which; /* their indices in the snapshot; owned */
	int *fds;        /* n rows, one socket per worker; owned until given away */
};

/* False with errors added; nothing is left open then. */
bool sockets_bind(struct sockets *out, struct snapshot *s, uint32_t workers, struct errors *errors);
void sockets_close(struct sockets *s); /* those not given away */
void sockets_given(struct sockets *s); /* the workers have them now */
/* Marks which addresses have sockets from now on; how many had and have none now. */
uint32_t sockets_settle(const struct map *listener_states, const struct snapshot *s);
/* "nginx (pid 812)" from /proc, or NULL: who listens on this port. The caller frees. */
char *sockets_owner(const struct addr *addr);

#endif
