/* socket_path - where the admin socket is when nobody says: /run/weir, or, for those who may not
 * write there, $XDG_RUNTIME_DIR/weir, else /tmp/weir-UID. Server and verbs look in the same order.
 */
#ifndef RUN_SOCKET_PATH_H
#define RUN_SOCKET_PATH_H

#include "base/str.h"

/* For the server: the first of them that it may write in, made when it is missing. malloc'd; NULL:
 * there is none. */
char *socket_path_make(void);
/* For the verbs: the first of them that they may use, else what would be the first. malloc'd. */
char *socket_path_find(void);

#endif
