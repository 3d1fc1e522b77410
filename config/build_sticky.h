/* build_sticky - how a backend keeps its clients: the model's words, and the secret from its file.
 */
#ifndef CONFIG_BUILD_STICKY_H
#define CONFIG_BUILD_STICKY_H

#include "config/model.h"
#include "upstream/sticky.h"

/* False with an error added: the secret cannot be used. */
bool build_sticky(
    const struct model_backend *m, struct sticky_spec *spec, struct errors *errors) NODISCARD;

#endif
