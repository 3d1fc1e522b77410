/* build_tls - the TLS of a listener: files become what its workers show to clients. */
#ifndef CONFIG_BUILD_TLS_H
#define CONFIG_BUILD_TLS_H

#include "config/build.h"

/* One reference, or NULL with errors added. A pair that cannot be used is told and left out, as
 * long as there is another: as an error when the configuration is only checked, else as a warning,
 * so that one bad file does not keep the others from being served. When files are read again
 * because they changed (with->renewed), what a bad one said before is kept, and an error told. */
struct tls_server *build_tls(
    const struct build *with, const struct model_listener *listener, struct errors *errors);
/* The files it is made of, one by one; a folder ends in a slash. */
void build_tls_files(
    const struct model_listener *listener, void (*one)(void *arg, const char *path), void *arg);

/* The same for the endpoints of a backend. */
struct tls_client *build_upstream_tls(
    const struct build *with, const struct model_backend *m, struct errors *errors);

#endif
