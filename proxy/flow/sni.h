/* sni - where a tls listener sends a connection, by the name its client asked for: an exact name
 * first, then the longest wildcard. Part of a snapshot. */
#ifndef FLOW_SNI_H
#define FLOW_SNI_H

#include "base/map.h"
#include "flow/arms.h"

struct sni_host {
	struct str name; /* owned; lower case; "*.x" is ".x" */
	struct arms arms;
};

struct sni {
	struct sni_host *hosts; /* owned */
	size_t n;
	struct map by_name;
};

void sni_init(struct sni *s, size_t room);
/* As it is written: NAME, or "*.NAME" for one label or more before it. The arms are to be filled.
 */
struct arms *sni_add(struct sni *s, struct str host);
void sni_fini(struct sni *s);
/* NULL: the name, which is in lower case, is not known. */
const struct arms *sni_find(const struct sni *s, struct str name);

#endif
