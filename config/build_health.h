/* build_health - which endpoints of a backend are used: the model's rules as the backend's. */
#ifndef CONFIG_BUILD_HEALTH_H
#define CONFIG_BUILD_HEALTH_H

#include "config/model.h"
#include "upstream/backend.h"

void build_health(const struct model_backend *m, struct backend_spec *spec);

#endif
